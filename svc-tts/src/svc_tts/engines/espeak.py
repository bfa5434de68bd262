"""espeak-ng: always there, fifty languages, exact word and phone times, 500 times real time.

The library is GPL-3.0-or-later and a global singleton: it is loaded in child processes only (`espeak_child`), never
here. A child that dies within a sentence is replaced and the sentence spoken again from where it broke: espeak says the
same words with the same samples each time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from ctypes.util import find_library
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from svc_tts.engine import EngineContext, EngineFacts, EngineVoice, EspeakOptions, Piece, Utterance
from svc_tts.engines.child import ChildDied, ChildPool, Frame
from svc_tts.engines.espeak_events import Transcript
from svc_tts.engines.espeak_voices import LANGUAGES, VARIANTS, espeak_name, voices
from svc_tts.frontend import readings
from troupe.wire.errors import EngineFailed, EngineMissing, InvalidArgument, nearest

_CHILD = "svc_tts.engines.espeak_child"
_RATE = 22_050  # Hz, espeak's own
_WORDS_PER_MINUTE = 175  # espeak's usual speed
_MIDDLE_PITCH, _PITCH_PER_SEMITONE = 50, 50 / 12  # espeak's scale 0..100 is two octaves
_GAP_UNIT_MS = 10  # of espeakWORDGAP
_PING_S = 0.4  # a tiny word takes 2 ms
_HANGS = 2  # an utterance that hung two children would hang a third
_BEAT_S = 0.2  # how often an utterance that waits for its turn says so
_REMEDY = "python -m pip install espeakng-loader   (or: sudo apt-get install -y libespeak-ng1)"


@dataclass(frozen=True, slots=True)
class Library:
    """Where libespeak-ng and its data lie; empty data = the library's own default."""

    path: str
    data: str = ""

    def problem(self) -> str:
        """What is gone; empty while all is there."""
        gone = [place for place in (self.path, self.data) if place.startswith("/") and not Path(place).exists()]
        return f"{Path(gone[0]).name} is gone" if gone else ""


def find_espeak() -> Library:
    """The library of the package espeakng-loader, else the system's; raises `EngineMissing`."""
    with contextlib.suppress(PackageNotFoundError):
        # Found, not imported: the library stays out of this process.
        folder = Path(str(distribution("espeakng-loader").locate_file("espeakng_loader")))
        return Library(str(folder / "libespeak-ng.so"), str(folder / "espeak-ng-data"))
    system = find_library("espeak-ng")
    if system is None:
        raise EngineMissing("The library libespeak-ng is not installed", remedy=_REMEDY)
    return Library(system)


class EspeakEngine:
    """espeak-ng in a pool of child processes."""

    def __init__(self, context: EngineContext, library: Library | None = None) -> None:
        self._context = context
        self._library = library
        self._pool: ChildPool | None = None
        self._speaking: set[asyncio.Task[None]] = set()
        self.facts = EngineFacts(
            name="espeak",
            sample_rate=_RATE,
            languages=tuple(LANGUAGES),
            licence="GPL-3.0-or-later",
            licence_note="runs in a process of its own",
            model="espeak-ng",
            features=("timings", "cues", "speed", "pitch"),
            worth_keeping=False,
            sentence_gap_s=0.25,
        )

    def voices(self) -> tuple[EngineVoice, ...]:
        """Two of each language."""
        return voices()

    async def start(self, report: Callable[[float], None]) -> None:
        """Start the children and load the dictionaries."""
        self._library = self._library or find_espeak()
        if problem := self._library.problem():
            raise EngineMissing(f"The library libespeak-ng cannot be used: {problem}", remedy=_REMEDY)
        self._pool = self._pool or ChildPool(
            (_CHILD, self._library.path, self._library.data), self._context.workers, self._context.deadline_s
        )
        report(0.2)
        await asyncio.gather(self._pool.fill(), asyncio.to_thread(readings.warm_up))
        report(0.8)

    async def speak(self, utterance: Utterance) -> AsyncGenerator[Piece, None]:
        """Speak; the child works ahead of the reader, by one utterance at most."""
        runs = await asyncio.to_thread(readings.runs, utterance.text, utterance.language)
        transcript = Transcript(utterance.text, runs, _RATE)
        frames: asyncio.Queue[Frame | EngineFailed] = asyncio.Queue()
        task = asyncio.create_task(self._ask(self._request(utterance, runs), frames))
        self._speaking.add(task)
        task.add_done_callback(self._speaking.discard)
        # Left alone when the reader goes: the rest of a sentence takes milliseconds, a new child 100 of them.
        started = False
        while True:
            try:
                async with asyncio.timeout(_BEAT_S):
                    frame = await frames.get()
            except TimeoutError:
                if not started and self.pool.busy:
                    yield Piece()  # it waits for its turn
                continue
            started = True
            if isinstance(frame, EngineFailed):
                raise frame
            if "done" in frame.message:
                yield transcript.end(frame.message["done"])
                return
            yield transcript.hear(frame.message.get("events", ()), frame.sound)

    async def check(self) -> None:
        """Each idle child says a tiny word; what is dead or hangs is replaced."""
        if self._library is None:
            raise EngineFailed("espeak was not started")
        if problem := self._library.problem():
            raise EngineFailed(f"espeak's library cannot be used: {problem}")
        if not await self._ping(_PING_S) and not await self._ping(self._context.deadline_s):
            raise EngineFailed("espeak's processes do not answer")

    async def stop(self) -> None:
        """End the children."""
        for task in tuple(self._speaking):
            task.cancel()
        await asyncio.gather(*self._speaking, return_exceptions=True)
        if self._pool is not None:
            await self._pool.close()

    @property
    def pool(self) -> ChildPool:
        """The children; raises `EngineFailed` before `start`."""
        if self._pool is None:
            raise EngineFailed("espeak was not started")
        return self._pool

    async def _ping(self, patience_s: float) -> bool:
        """Whether all children answer; those that do not are gone after it."""
        await self.pool.fill()
        if self.pool.busy:
            return True  # they work, and each answer has a deadline of its own
        return all(await asyncio.gather(*(self._say_a(patience_s) for _ in range(self.pool.size))))

    async def _say_a(self, patience_s: float) -> bool:
        request = {"runs": [{"voice": "en-us", "text": "a"}], "rate": 450, "pitch": _MIDDLE_PITCH, "gap": 0}
        try:
            async with asyncio.timeout(patience_s), self.pool.child() as child:
                async for _ in child.ask(request):
                    pass
        except (TimeoutError, ChildDied):
            return False
        return True

    async def _ask(self, request: dict[str, Any], frames: asyncio.Queue[Frame | EngineFailed]) -> None:
        """Put all frames of the answer into the queue, from a second child where the first one dies."""
        seen, hangs = _Seen(), 0
        # All children may have been killed at once and not be missed yet; the one after them is a new one.
        most = self.pool.size + 1
        for attempt in range(1, most + 1):
            seen.rewind()
            try:
                async with self.pool.child() as child, contextlib.aclosing(child.ask(request)) as answer:
                    async for frame in answer:
                        frames.put_nowait(seen.new_part(frame))
            except ChildDied as error:
                hangs += error.hung
                if hangs == _HANGS or attempt == most:
                    frames.put_nowait(error)
                    return
            except EngineFailed as error:
                frames.put_nowait(error)
                return
            else:
                return

    def _request(self, utterance: Utterance, runs: list[readings.Run]) -> dict[str, Any]:
        options = utterance.options if isinstance(utterance.options, EspeakOptions) else EspeakOptions()
        variant = self._variant(options.variant) or VARIANTS[utterance.voice.gender]
        return {
            "runs": [{"voice": espeak_name(run.language, variant), "text": run.text.text} for run in runs],
            "rate": round(_WORDS_PER_MINUTE * utterance.speed),
            "pitch": max(0, min(100, round(_MIDDLE_PITCH + _PITCH_PER_SEMITONE * utterance.pitch))),
            "gap": options.word_gap_ms // _GAP_UNIT_MS,
        }

    def _variant(self, name: str) -> str:
        if not name or self._library is None or not self._library.data:
            return name if name.isalnum() else ""
        known = {path.name for path in Path(self._library.data, "voices", "!v").iterdir()}
        if name not in known:
            raise InvalidArgument(f'espeak has no variant "{name}".{nearest(name, known)}', field="espeak.variant")
        return name


class _Seen:
    """How much of an answer was passed on, so that a second attempt passes on only the rest."""

    def __init__(self) -> None:
        self._sound = self._events = 0  # bytes, events: passed on
        self._skip_sound = self._skip_events = 0

    def rewind(self) -> None:
        self._skip_sound, self._skip_events = self._sound, self._events

    def new_part(self, frame: Frame) -> Frame:
        events = frame.message.get("events", ())
        skip_sound = min(self._skip_sound, len(frame.sound))
        skip_events = min(self._skip_events, len(events))
        self._skip_sound -= skip_sound
        self._skip_events -= skip_events
        new_events, new_sound = events[skip_events:], frame.sound[skip_sound:]
        self._sound += len(new_sound)
        self._events += len(new_events)
        return Frame(frame.message | {"events": new_events}, new_sound)
