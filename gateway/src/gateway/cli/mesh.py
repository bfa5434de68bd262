"""The local mesh: every part as a process of its own, supervised by honcho.

honcho starts the processes and interleaves their logs in colour. Two things are ours: a part that dies while the mesh
runs is started again (one that dies within seconds of its start is not: its last words say what is wrong), and draining
may take as long as the parts' own drain limits.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import shlex
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

from dotenv import dotenv_values
from honcho.manager import Manager
from honcho.printer import Printer

from troupe.wire.environment import ENV_FILE

POLL_S = 0.05
TOO_SOON_S = 5.0  # a part that ends this soon after its start would only end again
DRAIN_S = 30.0  # longer than any part's own drain limit
KILL_S = 5.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the mesh: its name in the log, its module, and the settings of its ports."""

    name: str
    module: str
    ports: tuple[str, ...]
    target: str = ""  # the gateway's setting for where this part is
    python: str = ""  # the setting for the interpreter it runs in, where it may need an environment of its own


PARTS = (
    Part(
        "text",
        "svc_text",
        ("TROUPE_TEXT_GRPC_PORT", "TROUPE_TEXT_METRICS_PORT"),
        "TROUPE_TEXT_TARGET",
        "TROUPE_TEXT_PYTHON",
    ),
    Part(
        "speech",
        "svc_tts",
        ("TROUPE_SPEECH_GRPC_PORT", "TROUPE_SPEECH_HTTP_PORT", "TROUPE_SPEECH_METRICS_PORT"),
        "TROUPE_SPEECH_TARGET",
    ),
    Part("video", "svc_video", ("TROUPE_VIDEO_GRPC_PORT", "TROUPE_VIDEO_METRICS_PORT"), "TROUPE_VIDEO_TARGET"),
    Part("gateway", "gateway", ("TROUPE_PORT", "TROUPE_GRPC_PORT")),
)


def interpreter(part: Part, environ: Mapping[str, str]) -> str:
    """The Python that runs this part: its setting's, from the environment or else from `.env`, or this one."""
    file = dotenv_values(environ.get(ENV_FILE) or ".env", interpolate=False)
    return (environ.get(part.python) or file.get(part.python) or sys.executable) if part.python else sys.executable


def free_ports() -> dict[str, str]:
    """Settings that put every part on a port that is free now: a mesh beside whatever else runs here."""
    settings: dict[str, str] = {}
    with ExitStack() as held:
        for part in PARTS:
            for name in part.ports:
                sock = held.enter_context(socket.create_server(("127.0.0.1", 0)))
                settings[name] = str(sock.getsockname()[1])
            if part.target:
                settings[part.target] = f"127.0.0.1:{settings[part.ports[0]]}"
    return settings


class Mesh(Manager):  # type: ignore[misc]  # honcho has no types
    """The parts as processes; `run` returns when they have all ended."""

    def __init__(self, settings: Mapping[str, str], out: TextIO = sys.stdout, parts: Sequence[Part] = PARTS) -> None:
        super().__init__(Printer(out, colour=out.isatty()))
        self._born: dict[str, float] = {}
        self._stopping_since: float | None = None
        self._last = parts[-1].name
        env = {**os.environ, **settings, "PYTHONUNBUFFERED": "1"}
        for part in parts:
            self.add_process(part.name, f"exec {shlex.quote(interpreter(part, env))} -m {part.module}", env=env)
            self._born[part.name] = time.monotonic()

    def run(self, until: Callable[[], bool] = lambda: False) -> int:
        """Start all parts, keep them running until `until` or a signal says stop, drain them; gives the exit status."""
        with self._signals():
            self._start()
            while not self._over():
                self._pump()
                if until() and self._stopping_since is None:
                    self.stop(0)
                self._hurry()
        for part in self._processes.values():
            part["process"].join(KILL_S)
        return int(self.returncode or 0)

    @property
    def stopping(self) -> bool:
        """Whether it was told to end, or a part could not start."""
        return self._stopping_since is not None

    def stop(self, status: int) -> None:
        """Ask every part to drain and end."""
        if self._stopping_since is None:
            self._stopping_since = time.monotonic()
            self.returncode = status
            self._drain_next()

    def _drain_next(self) -> None:
        """Ask the gateway to drain first, and the services behind it once it is gone: its last requests need them."""
        last = self._processes[self._last]
        if "returncode" in last:
            self._tell(self._procmgr.terminate)
        elif "pid" in last:
            self._procmgr.terminate(last["pid"])

    def _tell(self, send: Callable[[int], None]) -> None:
        """Signal every part that runs; one whose start is not known yet gets it when it is."""
        for part in self._processes.values():
            if "returncode" not in part and "pid" in part:
                send(part["pid"])

    @contextmanager
    def _signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, _: object) -> None:
        if number == signal.SIGHUP and not sys.stdin.isatty():
            self._read_again()
            return
        self._say(f"{signal.Signals(number).name} received: draining, at most {DRAIN_S:.0f} s")
        self.stop(130 if number == signal.SIGINT else 143)

    def _read_again(self) -> None:
        """Nobody's terminal was closed: the gateway is to read its settings again."""
        gateway = self._processes[self._last]
        if "pid" in gateway and "returncode" not in gateway:
            os.kill(gateway["pid"], signal.SIGHUP)

    def _pump(self) -> None:
        """Take one event of the parts: a line of a log, a start, a stop."""
        try:
            message = self.events.get(timeout=POLL_S)
        except queue.Empty:
            return
        if message.type == "line":
            self._printer.write(message)
        elif message.type == "start":
            self._processes[message.name]["pid"] = message.data["pid"]
            if self._stopping_since is not None:
                self._drain_next()  # it was born into a mesh that ends
        elif message.type == "stop":
            self._ended(message.name, message.data["returncode"])

    def _ended(self, name: str, status: int) -> None:
        part = self._processes[name]
        if self._stopping_since is not None:
            part["returncode"] = status
            self._drain_next()
            return
        if time.monotonic() - self._born[name] < TOO_SOON_S:
            part["returncode"] = status
            self._say(f"{name} could not start (status {status}); its last lines say why. Stopping the others.")
            self.stop(status or 1)
            return
        self._say(f"{name} ended (status {status}); starting it again")
        self._restart(name, part)

    def _restart(self, name: str, part: dict[str, Any]) -> None:
        part.pop("pid", None)
        self._born[name] = time.monotonic()
        part["process"] = multiprocessing.Process(name=name, target=part["obj"].run, args=(self.events, True))
        part["process"].start()

    def _over(self) -> bool:
        return self._stopping_since is not None and all("returncode" in part for part in self._processes.values())

    def _hurry(self) -> None:
        """Kill what did not drain in time."""
        if self._stopping_since is not None and time.monotonic() - self._stopping_since > DRAIN_S:
            self._say("draining took too long; killing what is left")
            self._stopping_since += KILL_S
            self._tell(self._procmgr.kill)

    def _say(self, text: str) -> None:
        self._system_print(text + "\n")
