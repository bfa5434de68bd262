"""The recording booth: this process's engines, how they are, and who may speak now."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from concurrent.futures import Future
from contextlib import aclosing, contextmanager

from prometheus_client import CollectorRegistry

from svc_tts.cloning import Cloning
from svc_tts.engine import Engine, Utterance
from svc_tts.frontend.language import base
from svc_tts.metrics import SpeechMetrics
from svc_tts.speech import Flush, Part, SpeechRequest
from svc_tts.synthesis import Speech
from svc_tts.voices.catalogue import Catalogue, VoiceWish
from svc_tts.voices.consent import State
from svc_tts.voices.store import VoiceStore
from troupe.v1.engine_pb2 import ENGINE_STATE_READY
from troupe.wire.errors import EngineFailed, EngineMissing, Overloaded, TroupeError
from troupe.wire.health import EngineBoard
from troupe.wire.progress import Progress
from troupe.wire.traces import step

SERVICE = "troupe.v1.Speech"
_CHECK_EVERY_S = 0.4  # a broken engine is known within a second
_CHECK_S = 2.0  # a check that takes longer has failed
_FIRST_WORD_S = 30.0
_RETRY_S = 1.0  # after which a missing or broken engine is tried again

log = logging.getLogger(__name__)


class Booth:
    """Engines, their health, their voices."""

    def __init__(self, engines: Mapping[str, Engine], store: VoiceStore, metrics: SpeechMetrics | None = None) -> None:
        self.engines = dict(engines)
        self.board = EngineBoard(SERVICE, self.engines)
        self.store = store
        self.catalogue = Catalogue(self.engines, store)
        self.cloning = Cloning(self.engines, store, self.catalogue, self.ready)
        self.outstanding: Counter[str] = Counter()
        self._metrics = metrics or SpeechMetrics(CollectorRegistry())
        self._metrics.follow(self.engines)

    def ready(self) -> list[str]:
        """The engines that can speak now, in the order of the settings."""
        return [name for name in self.engines if self.board.status(name).state == ENGINE_STATE_READY]

    def choose_for(self, wish: VoiceWish, engine: str, guessed: str = "") -> str:
        """The engine asked for, else the best ready one for that voice; `guessed` is the text's language.

        Reads the disk now and then. Raises where no engine can.
        """
        cloned = self.catalogue.clone_of(wish)
        language = self.catalogue.language_of(wish) or guessed
        return self.choose(engine, language, cloned=cloned is not None and cloned.state is State.READY)

    def choose(self, engine: str, language: str, *, cloned: bool = False) -> str:
        """The engine asked for, else the first ready one that reads `language`; raises where none can.

        For a `cloned` voice one that clones comes before those that do not. One that sends the text out of the house
        is asked only by its name, or where the settings put it first.
        """
        if engine:
            self.board.require(engine)
            return engine
        ready = self.ready()
        offered = [name for name in ready if self._at_home(name)]
        reading = [name for name in offered if not language or self._reads(name, language)]
        if not language:
            reading.sort(key=lambda name: bool(self.engines[name].facts.languages))
            reading.sort(key=lambda name: -len(self.engines[name].facts.languages))
        if cloned:
            reading.sort(key=lambda name: not self.engines[name].facts.clones)
        if not reading:
            return self._explain(offered)
        return reading[0]

    async def speak(
        self, request: SpeechRequest, texts: AsyncIterator[str | Flush], progress: Progress
    ) -> AsyncGenerator[Part, None]:
        """One answer; raises `Overloaded` at once where too many are being made."""
        self.board.require(request.engine)
        with self._place(request.engine), step("engine", troupe_engine=request.engine):
            speech = Speech(request, self.engines[request.engine], self.catalogue, progress)
            async with (
                aclosing(speech.parts(texts)) as parts,
                aclosing(self._metrics.watch(request.engine, parts)) as counted,
            ):
                async for part in counted:
                    yield part

    async def keep(self) -> None:
        """Load the engines and watch them; ends only by cancellation."""
        async with asyncio.TaskGroup() as group:
            for name in self.engines:
                group.create_task(self._keep(name))
            group.create_task(self.cloning.keep())

    async def stop(self) -> None:
        """Leave no process behind."""
        await self.cloning.stop()
        await asyncio.gather(*(engine.stop() for engine in self.engines.values()))

    def _at_home(self, name: str) -> bool:
        """Whether it may be chosen for somebody who named none."""
        return not self.engines[name].facts.cloud or name == next(iter(self.engines))

    def _reads(self, name: str, language: str) -> bool:
        languages = self.engines[name].facts.languages
        return not languages or base(language) in {base(each) for each in languages}

    def _explain(self, ready: list[str]) -> str:
        if ready:
            return ready[0]  # its own error names the languages it reads
        if not self.engines:
            raise EngineMissing("No engine was chosen. Set TROUPE_SPEECH_ENGINES=flite,espeak.")
        for name in self.engines:
            self.board.require(name)
        raise EngineMissing("No engine is ready.")

    @contextmanager
    def _place(self, name: str) -> Iterator[None]:
        most = self.engines[name].facts.max_streams
        if self.outstanding[name] >= most:
            raise Overloaded(f"{name} makes {most} answers already; try again in a second.", retry_after_s=1)
        self.outstanding[name] += 1
        try:
            yield
        finally:
            self.outstanding[name] -= 1

    async def _keep(self, name: str) -> None:
        engine = self.engines[name]
        loaded = False
        while True:
            try:
                if not loaded:
                    await self._load(name, engine)
                    loaded = True
                async with asyncio.timeout(_CHECK_S):
                    await engine.check()
                if self.board.status(name).state != ENGINE_STATE_READY:
                    if engine.facts.probed:
                        await self._first_word(engine)
                    await self.board.ready(name)
                await asyncio.sleep(_CHECK_EVERY_S)
            except EngineMissing as error:
                remedy = error.details.get("remedy", "")
                if loaded:
                    await self.board.broken(name, error.message, remedy)
                else:
                    await self.board.missing(name, error.message, remedy)
                await asyncio.sleep(_RETRY_S)
            except Exception as error:  # noqa: BLE001  # an engine is a plug-in: whatever it does, the service lives
                await self.board.broken(name, _reason(error))
                await asyncio.sleep(_CHECK_EVERY_S)

    async def _load(self, name: str, engine: Engine) -> None:
        loop = asyncio.get_running_loop()
        told: list[Future[None]] = []

        def report(progress: float) -> None:
            told.append(asyncio.run_coroutine_threadsafe(self.board.loading(name, progress), loop))

        try:
            await engine.start(report)
        finally:
            # The reports go out before the state that follows them.
            await asyncio.gather(*map(asyncio.wrap_future, told))

    async def _first_word(self, engine: Engine) -> None:
        """A real word: only then is an engine serving that may be asked for one."""
        language = engine.voices()[0].language or engine.facts.languages[0]
        sound = 0
        async with asyncio.timeout(_FIRST_WORD_S), aclosing(self._probe(engine, language)) as pieces:
            async for size in pieces:
                sound += size
        if not sound:
            raise EngineFailed(f"{engine.facts.name} made no sound of its first word")

    async def _probe(self, engine: Engine, language: str) -> AsyncGenerator[int, None]:
        utterance = Utterance(engine.facts.probe_text, engine.voices()[0], language, fresh=True)
        async with aclosing(engine.speak(utterance)) as pieces:
            async for piece in pieces:
                yield len(piece.pcm)


def _reason(error: Exception) -> str:
    if isinstance(error, TroupeError):
        return error.message
    if isinstance(error, TimeoutError):
        return "it does not answer"
    log.warning("an engine broke", exc_info=error)
    return f"{type(error).__name__}: {error}"
