"""One utterance asked of Microsoft: its turn, its socket, and what comes over it.

edge-tts speaks the protocol (tokens, headers, messages), so that its releases mend what Microsoft changes. What it
leaves open is kept here: a deadline for every wait, a socket that is gone when the reader is, a sentence that was cut
off told from one that is over.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from xml.sax.saxutils import escape  # nothing is parsed: edge-tts escapes with it

import aiohttp
import edge_tts
from edge_tts.typing import TTSChunk

from svc_tts.engine import EngineVoice
from svc_tts.engines.edge.boundaries import Boundary
from svc_tts.engines.edge.failures import CAUGHT, cut_off, failure, too_slow
from svc_tts.engines.edge.health import FIRST_REST_S
from troupe.wire.errors import TroupeError

CONNECT_S = 5
BEAT_S = 0.2  # how often a wait says that it goes on
_AHEAD = 64  # messages kept for a slow reader, of some 0.1 s of sound each
_TICKS_PER_S = 10_000_000
_MESSAGE_BYTES = 4096  # of escaped text; edge-tts asks for more in several turns


@dataclass(frozen=True, slots=True)
class Patience:
    """How long Microsoft may take, in seconds."""

    first_s: float = 10.0  # from the turn to the first sound, connection included
    silence_s: float = 5.0  # between two messages
    rest_s: float = FIRST_REST_S  # after several failures


@dataclass(frozen=True, slots=True)
class Asked:
    """What is said, by whom, and how fast."""

    text: str
    voice: EngineVoice
    speed: float = 1.0
    proxy: str = ""


News = bytes | Boundary | None
"""MP3, a word, or that the wait goes on."""
_Message = bytes | Boundary | TroupeError | None
"""In the queue None is the end."""


class Conversation:
    """One utterance."""

    def __init__(self, asked: Asked, turns: asyncio.Semaphore, patience: Patience) -> None:
        self._asked = asked
        self._turns = turns
        self._patience = patience
        self._heard_at = 0.0  # when something came last, or the turn; 0 = it has no turn yet
        self._sound = 0  # bytes
        self._communicate: edge_tts.Communicate | None = None  # once it has its turn

    async def news(self) -> AsyncGenerator[News, None]:
        """What comes; closing the generator closes the socket at once.

        Raises `DeadlineExceeded`, `EngineFailed`, `Overloaded` and `UnsupportedLanguage` (see `failures`).
        """
        messages: asyncio.Queue[_Message] = asyncio.Queue(_AHEAD)
        line = _Line(limit=1)
        talking = asyncio.create_task(self._talk(line, messages))
        try:
            while True:
                try:
                    async with asyncio.timeout(BEAT_S):
                        message = await messages.get()
                except TimeoutError:
                    if talking.done():
                        talking.result()  # a defect: what it foresees is in the queue
                    if self._is_over():
                        return
                    self._bound_the_wait()
                    yield None
                    continue
                if message is None:
                    return
                if isinstance(message, TroupeError):
                    raise message
                yield message
        finally:
            # First the socket: a websocket that is closed politely waits for the other side's goodbye.
            await line.hang_up()
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)

    def _is_over(self) -> bool:
        """Whether all was said, though edge-tts still waits for the socket's goodbye."""
        one_turn = len(escape(self._asked.text).encode()) <= _MESSAGE_BYTES
        return one_turn and self._sound > 0 and self._ended_bytes() == self._sound

    def _ended_bytes(self) -> int:
        """Bytes of the turns that have ended: edge-tts adds them up at a turn's end only, not where a socket closes."""
        return self._communicate.state["cumulative_audio_bytes"] if self._communicate is not None else 0

    def _bound_the_wait(self) -> None:
        silent_s = time.monotonic() - self._heard_at if self._heard_at else 0.0
        if silent_s > (self._patience.silence_s if self._sound else self._patience.first_s):
            raise too_slow("said nothing more" if self._sound else "gave no sound")

    async def _talk(self, line: _Line, messages: asyncio.Queue[_Message]) -> None:
        """Put all that comes into the queue, then its end or why there is none."""
        try:
            async with self._turns:
                self._heard_at = time.monotonic()
                self._communicate = self._call(line)
                async for chunk in self._communicate.stream():
                    await messages.put(self._message(chunk))
                    self._heard_at = time.monotonic()
            await messages.put(None if self._ended_bytes() == self._sound else cut_off())
        except CAUGHT as error:
            await messages.put(cut_off() if self._sound else failure(error, self._asked.voice.voice_id))

    def _call(self, line: _Line) -> edge_tts.Communicate:
        return edge_tts.Communicate(
            self._asked.text,
            _full_name(self._asked.voice),
            rate=f"{round((self._asked.speed - 1) * 100):+d}%",
            boundary="WordBoundary",
            connector=line,
            proxy=self._asked.proxy or None,
            connect_timeout=CONNECT_S,
        )

    def _message(self, chunk: TTSChunk) -> bytes | Boundary:
        if chunk["type"] == "audio":
            self._sound += len(chunk["data"])
            return chunk["data"]
        start_s = chunk["offset"] / _TICKS_PER_S
        return Boundary(chunk["text"], start_s, start_s + chunk["duration"] / _TICKS_PER_S)


class _Line(aiohttp.TCPConnector):
    """The connections of one conversation. edge-tts closes it after each attempt and goes on using it for the next."""

    async def close(self, *, abort_ssl: bool = False) -> None:
        """Nothing yet: `hang_up` is for that."""

    async def hang_up(self) -> None:
        """Close all sockets at once, without a goodbye."""
        await super().close(abort_ssl=True)


def _full_name(voice: EngineVoice) -> str:
    """As the browser sends it; edge-tts makes it from a short name only where the locale has no script (iu-Cans-CA)."""
    name = voice.voice_id.removeprefix(f"{voice.language}-")
    return f"Microsoft Server Speech Text to Speech Voice ({voice.language}, {name})"
