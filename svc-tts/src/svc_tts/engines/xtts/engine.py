"""`xtts`: true voice cloning in 17 languages, on any processor that PyTorch runs on, ARM64 too.

Notable choices:
- the model lives in a process of its own (`worker`), which a fault of CUDA or the system's memory killer may end
  without ending the service; it is started again by itself;
- all utterances share it and are computed together (`scheduler`);
- a sentence sounds the same each time: its seed comes of its text and its voice;
- nothing here imports torch.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any, NoReturn

from svc_tts.engine import EngineContext, EngineFacts, EngineVoice, Piece, Utterance, VoiceReference, XttsOptions
from svc_tts.engines.xtts import terms
from svc_tts.engines.xtts.orders import Line, Load, Sample
from svc_tts.engines.xtts.process import Process
from svc_tts.engines.xtts.speakers import voices_of
from svc_tts.frontend.language import base
from troupe.wire.errors import EngineFailed, InvalidArgument, Overloaded, TroupeError

LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "pl", "tr", "ru", "nl", "cs", "ar", "zh", "hu", "ko", "ja", "hi")
RATE = 24_000  # Hz
QUEUED_PER_SLOT = 2  # utterances that may wait for each one that is computed
FEWEST_WAITING = 4
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0  # between two starts of a process that dies each time
HANG_SHARE = 5  # of the usual patience: a new process costs tens of seconds
PING_S = 1.0
MOST_UNANSWERED = 4

log = logging.getLogger(__name__)


class XttsEngine:
    """XTTS v2 in a child process."""

    def __init__(self, context: EngineContext) -> None:
        self._context = context
        self._process: Process | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_thread = 0
        self._starting: asyncio.Task[None] | None = None
        self._loaded = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._not_before = 0.0
        self._refusal: TroupeError | None = None
        self._unanswered = 0
        self._speaking = 0  # utterances
        self._voices: tuple[EngineVoice, ...] = ()
        self._speakers: Mapping[str, str] = {}  # by the voice's id
        self._counts: Counter[str] = Counter()
        self.facts = EngineFacts(
            name="xtts",
            sample_rate=RATE,
            languages=LANGUAGES,
            licence=terms.LICENCE,
            licence_note=terms.LICENCE_NOTE,
            commercial_use=False,
            model="XTTS v2",
            clones=True,
            features=("speed",),
            sentence_gap_s=0.1,
        )

    def voices(self) -> tuple[EngineVoice, ...]:
        """The speakers of the checkpoint; none before it is loaded."""
        return self._voices

    def counts(self) -> Mapping[str, int]:
        """What the guard found and how often the process was started again, for metrics."""
        return dict(self._counts)

    async def start(self, report: Callable[[float], None]) -> None:
        """Load the model; raises `EngineMissing` where licence, files, torch or memory are wanting."""
        await asyncio.to_thread(terms.require, self._context)
        if self._refusal is not None and time.monotonic() < self._not_before:
            raise self._refusal
        try:
            await self._load(report)
        except TroupeError as error:
            # The same answer for a while: each look for a device and each try to load costs seconds of a processor.
            self._refusal = error
            self._wait_longer()
            raise

    async def speak(self, utterance: Utterance) -> AsyncGenerator[Piece, None]:
        """Speak; empty pieces come while it is computed."""
        process, line = self._running(), self._line(utterance)
        if self._speaking >= self.facts.max_streams:
            raise Overloaded(f"xtts has {self._speaking} sentences to speak already; try again soon.", retry_after_s=1)
        self._speaking += 1
        try:
            async with aclosing(process.ask("speak", line.message())) as packets:
                async for packet in packets:
                    if packet is None or packet.sound:
                        yield Piece(packet.sound if packet else b"")
                    elif done := packet.message.get("done"):
                        self._count(done)
        finally:
            self._speaking -= 1

    async def prepare(self, reference: VoiceReference) -> None:
        """Compute the latents of a cloned voice, and keep them beside its sample."""
        message = Line("", "en", sample=_sample(reference)).message()
        async with aclosing(self._running().ask("prepare", message)) as packets:
            async for _ in packets:
                pass

    def forget(self, key: str) -> None:
        """Keep nothing in memory of that reference: it was deleted. From any thread."""
        if self._loop is None:
            return
        if self._loop_thread == threading.get_ident():
            self._tell_to_forget(key)  # before whatever is asked next
        else:
            self._loop.call_soon_threadsafe(self._tell_to_forget, key)

    def _tell_to_forget(self, key: str) -> None:
        if self._process is not None:
            with contextlib.suppress(EngineFailed):  # a process that is gone remembers nothing
                self._process.tell({"forget": key})

    async def check(self) -> None:
        """Whether the process lives and, where it has nothing to do, answers; one that died is started again."""
        if self._process is None:
            raise EngineFailed("xtts was not started", engine="xtts")
        if self._starting is not None and self._starting.done():
            starting, self._starting = self._starting, None
            starting.result()
        if not self._process.alive:
            await self._again(self._process)
        if not self._process.asked:
            await self._ping(self._process)
        self._pause_s = FIRST_PAUSE_S

    async def stop(self) -> None:
        """Leave no process behind."""
        if self._starting is not None:
            self._starting.cancel()
            with contextlib.suppress(asyncio.CancelledError, TroupeError):
                await self._starting
        if self._process is not None:
            await self._process.end()

    def _running(self) -> Process:
        if self._process is None:
            raise EngineFailed("xtts was not started", engine="xtts")
        if not self._process.alive:
            raise self._process.failure()
        return self._process

    async def _load(self, report: Callable[[float], None]) -> None:
        if self._process is not None:
            await self._process.end()
        self._loop, self._loop_thread = asyncio.get_running_loop(), threading.get_ident()
        place = self._context.xtts
        load = Load(str(place.checkpoint), place.device, place.precision, place.streams)
        self._process = await Process.start(load, report, HANG_SHARE * self._context.deadline_s)
        self._take_in(self._process.hello)

    async def _again(self, dead: Process) -> NoReturn:
        """Start another process in the background; raises how far that is."""
        if self._starting is None:
            await dead.end()
            if time.monotonic() < self._not_before:
                raise dead.failure()
            await asyncio.to_thread(terms.require, self._context)
            self._wait_longer()
            self._counts["restarted"] += 1
            log.warning("%s", dead.failure().message)
            self._loaded = 0.0
            self._starting = asyncio.create_task(self._load(self._progress))
        raise EngineFailed(f"XTTS is started again (loading {self._loaded:.0%})", engine="xtts")

    async def _ping(self, process: Process) -> None:
        """It has nothing to do, so it answers at once; one that does not, again and again, hangs."""
        try:
            async with asyncio.timeout(PING_S), aclosing(process.ask("ping", {})) as packets:
                async for _ in packets:
                    pass
        except TimeoutError:
            self._unanswered += 1
            if self._unanswered < MOST_UNANSWERED:
                raise EngineFailed("XTTS has nothing to do and does not answer", engine="xtts") from None
            await process.end()
            raise process.failure() from None
        self._unanswered = 0

    def _wait_longer(self) -> None:
        self._not_before = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)

    def _progress(self, loaded: float) -> None:
        self._loaded = loaded

    def _take_in(self, hello: Mapping[str, Any]) -> None:
        """What the process tells of itself."""
        voices = voices_of(hello["speakers"])
        self._voices = tuple(voices.values())
        self._speakers = {voice.voice_id: name for name, voice in voices.items()}
        slots = int(hello["slots"])
        waiting = max(FEWEST_WAITING, QUEUED_PER_SLOT * slots)
        self.facts = replace(self.facts, device=hello["device"], version=hello["version"], max_streams=slots + waiting)

    def _line(self, utterance: Utterance) -> Line:
        options = utterance.options if isinstance(utterance.options, XttsOptions) else XttsOptions()
        speaker = self._speakers.get(utterance.voice.voice_id, "")
        if not speaker and utterance.reference is None:
            raise InvalidArgument(f'xtts has no voice "{utterance.voice.voice_id}".', field="voice_id")
        line = Line(
            text=utterance.text,
            language=base(utterance.language) or LANGUAGES[0],
            speaker=speaker,
            sample=_sample(utterance.reference) if utterance.reference else None,
            speed=utterance.speed,
            temperature=options.temperature,
            top_p=options.top_p,
            top_k=options.top_k,
            repetition_penalty=options.repetition_penalty,
        )
        return replace(line, seed=options.seed if options.seed is not None else _seed(line))

    def _count(self, done: Mapping[str, Any]) -> None:
        found = {f"guard_{name}": count for name, count in done["found"].items()}
        self._counts.update(found | {"codes": done["codes"]})
        if found:
            log.info("the guard of xtts found %s in an utterance of %d codes", ", ".join(found), done["codes"])


def _sample(reference: VoiceReference) -> Sample:
    return Sample(reference.key, str(reference.wav), str(reference.folder))


def _seed(line: Line) -> int:
    """The same for the same words of the same voice, 48 bits."""
    voice = line.sample.key if line.sample else line.speaker
    words = f"{voice}\n{line.language}\n{line.text}"
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:6], "big")
