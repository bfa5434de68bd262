"""A film of the gateway on a browser's screen: a page with a player, the way of the bytes, and what the viewer noticed.

The gateway has no page yet, and a browser's `<video src>` cannot POST: a small server gives the page, and passes
`GET /film` on to `POST /api/avatar` piece by piece, as the film is made.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx

HERE = Path(__file__).parent
FPS = 25
CHARS_PER_S = 15.0  # flite's default voice, pauses between sentences included
BROWSER_S = 100.0  # a browser's start and end, and what watch.py itself allows beyond the film
MISSING_S = 0.2  # a player that waits with more film than that ahead waits for the machine's cores
STEADY_WINDOW = 4  # ticks of the page: a second
STORY = (
    "The lamp on the quay was lit before the boats came home.",
    "Nobody asked who had lit it, for everybody knew the keeper's quiet step.",
    "He wound the clock, he wiped the glass, and he looked out to the west.",
    "A bell rang twice beyond the fog, and then a third time, nearer.",
    "So he put more oil in the lamp, and hummed, and waited for the ropes.",
)


@dataclass(frozen=True, slots=True)
class Pause:
    """A network that hangs: so many bytes of the film pass, then none for a while."""

    after_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Viewing:
    """What one viewer noticed. Times in ms since the film was asked for, `film_s` in seconds of the film."""

    ended: bool
    error: str
    type: str
    total: int  # frames that were decoded for the screen
    dropped: int  # of these, frames that came too late for it
    presented: int
    stalls: list[dict[str, Any]]
    first_frame_ms: float
    received_ms: float | None  # the last byte; not known for a plain source
    sound_bytes: int
    film_s: float
    ticks: list[tuple[float, float]]
    screenshot: Path

    @property
    def dropped_part(self) -> float:
        """Share of the frames that were dropped."""
        return self.dropped / max(1, self.total)

    @property
    def worst_lag_s(self) -> float:
        """The most that the film fell behind the clock within a second while it played."""
        playing = [(at / 1000, film) for at, film in self.ticks if 0 < film < self.film_s]
        spans = zip(playing, playing[STEADY_WINDOW:], strict=False)
        return max((now[0] - then[0] - (now[1] - then[1]) for then, now in spans), default=0.0)


def missed(stalls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those at which the film was not there in time. `make bench-playback` counts those of a busy machine, too."""
    return [each for each in stalls if each["ahead_s"] < MISSING_S]


def script(seconds: float) -> str:
    """About so many seconds of speech, in whole sentences."""
    told = ""
    while len(told) < seconds * CHARS_PER_S:
        told += STORY[told.count(".") % len(STORY)] + " "
    return told.strip()


def watch(gateway: str, seconds: float, way: str, python: Path, folder: Path, *, pause: Pause | None = None) -> Viewing:
    """Have a film of about that length made, and watched while it is made; `way` is `mse` or `src`."""
    screenshot = folder / f"{way}.png"
    with cinema(gateway, script(seconds), pause) as page:
        command = [str(python), str(HERE / "watch.py"), f"{page}/?way={way}", str(seconds), str(screenshot)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=2 * seconds + BROWSER_S, check=True)
    told = json.loads(done.stdout)
    copied = {name: told[name] for name in Viewing.__slots__ if name in told}
    return Viewing(**copied, film_s=told["now_s"], screenshot=screenshot)


@contextmanager
def cinema(gateway: str, text: str, pause: Pause | None = None) -> Iterator[str]:
    """The page and its film, served on a free port; gives the address."""
    bound = type("Bound", (Usher,), {"gateway": gateway, "text": text, "pause": pause})
    with ThreadingHTTPServer(("127.0.0.1", 0), bound) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class Usher(BaseHTTPRequestHandler):
    """Answers the browser."""

    protocol_version = "HTTP/1.1"
    gateway: ClassVar[str]
    text: ClassVar[str]
    pause: ClassVar[Pause | None]

    def do_GET(self) -> None:
        """The page, or the film."""
        if self.path == "/film":
            self._film()
        elif self.path.startswith("/?"):
            self._whole(200, "text/html; charset=utf-8", (HERE / "page.html").read_bytes())
        else:
            self._whole(404, "text/plain", b"There is only / and /film.")

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""

    def _whole(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _film(self) -> None:
        asked = {"text": self.text, "language": "en-US"}
        with httpx.stream("POST", f"{self.gateway}/api/avatar", json=asked, timeout=60) as reply:
            if reply.status_code != 200:
                self._whole(reply.status_code, "text/plain", reply.read())
                return
            self.send_response(200)
            self.send_header("Content-Type", reply.headers["content-type"])
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in self._paused(reply.iter_raw()):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")

    def _paused(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        passed, pause = 0, self.pause
        for piece in pieces:
            if pause is not None and passed >= pause.after_bytes:
                time.sleep(pause.seconds)
                pause = None
            yield piece
            passed += len(piece)
