"""Cloned voices from the sample to the engine: take in, record consent, list, delete; gRPC and HTTP both stand on this.

A reference is kept whether an engine clones or not. Once consent is there, engines that clone compute what they need of
it in the background; one that becomes ready later does so when the voice first speaks.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import cast

from svc_tts.engine import CloningEngine, Engine, VoiceReference
from svc_tts.voices.catalogue import Catalogue
from svc_tts.voices.cloned import ClonedVoice, checked_id, checked_language, checked_name
from svc_tts.voices.consent import Consent, State
from svc_tts.voices.sample import Refinement, read_sample
from svc_tts.voices.store import REREAD_S, VoiceStore
from troupe.wire.errors import InvalidArgument, TroupeError

_SAMPLES_AT_ONCE = 2  # decoded and measured; others wait

log = logging.getLogger(__name__)


class Cloning:
    """What is done with cloned voices in this process."""

    def __init__(
        self, engines: Mapping[str, Engine], store: VoiceStore, catalogue: Catalogue, ready: Callable[[], list[str]]
    ) -> None:
        self._engines = engines
        self._store = store
        self._catalogue = catalogue
        self._ready = ready
        self._places = asyncio.Semaphore(_SAMPLES_AT_ONCE)
        self._preparing: dict[str, set[asyncio.Task[None]]] = {}
        store.on_delete(self._forget)

    async def clone(self, owner: str, wanted: ClonedVoice, file: bytes, refinement: Refinement) -> ClonedVoice:
        """Keep a reference. Raises `InvalidArgument`, `QuotaExceeded` and what `read_sample` raises."""
        self._check(wanted)
        async with self._places:
            sample = await read_sample(file, refinement)
        voice = await asyncio.to_thread(self._store.add, owner, wanted, sample)
        await self._prepare(owner, voice)
        return voice

    async def give_consent(self, owner: str, voice_id: str, consent: Consent) -> ClonedVoice:
        """Record what the speaker agreed to; raises `UnknownVoice`, `InvalidArgument`."""
        voice = await asyncio.to_thread(self._store.give_consent, owner, voice_id, consent)
        await self._prepare(owner, voice)
        return voice

    async def delete(self, owner: str, voice_id: str) -> None:
        """Forget a voice and all that was computed of it; raises `UnknownVoice`."""
        reference = await asyncio.to_thread(self._store.reference, owner, voice_id)
        preparing = self._preparing.get(reference.key, set()).copy()
        for task in preparing:
            task.cancel()
        await asyncio.gather(*preparing, return_exceptions=True)
        await asyncio.to_thread(self._store.delete, owner, voice_id)

    async def voices_of(self, owner: str) -> tuple[ClonedVoice, ...]:
        """That owner's voices, oldest first."""
        return await asyncio.to_thread(self._store.all_of, owner)

    def state(self, voice: ClonedVoice) -> State:
        """What it lacks before it may speak here and now."""
        return State.AWAITING_ENGINE if voice.state is State.READY and not self.speaker() else voice.state

    def speaker(self) -> str:
        """The first ready engine that clones; empty where there is none."""
        return next((name for name in self._ready() if self._engines[name].facts.clones), "")

    def meanwhile(self, voice: ClonedVoice) -> str:
        """The id of the preset that is nearest to it."""
        return self._catalogue.nearest_preset(voice.language, voice.gender).voice_id

    async def keep(self) -> None:
        """See now and then what other replicas deleted; ends only by cancellation."""
        while True:
            await asyncio.to_thread(self._store.sweep)
            await asyncio.sleep(REREAD_S)

    async def stop(self) -> None:
        """Leave no work behind."""
        tasks = [task for tasks in self._preparing.values() for task in tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _check(self, wanted: ClonedVoice) -> None:
        """What can be told before the sample is looked at."""
        if wanted.voice_id:
            checked_id(wanted.voice_id)
        checked_name(wanted.name)
        checked_language(wanted.language)
        preset = self._catalogue.preset(wanted.voice_id)
        if preset is not None:
            raise InvalidArgument(
                f'"{preset.voice_id}" is a voice of this service. Choose another id.', field="voice_id", reason="taken"
            )

    async def _prepare(self, owner: str, voice: ClonedVoice) -> None:
        if voice.state is not State.READY:
            return
        reference = await asyncio.to_thread(self._store.reference, owner, voice.voice_id)
        for name in self._ready():
            if self._engines[name].facts.clones:
                self._begin(cast("CloningEngine", self._engines[name]), reference)

    def _forget(self, key: str) -> None:
        """A reference is gone: no engine keeps anything of it in memory. In whatever thread the store works."""
        for engine in self._engines.values():
            if engine.facts.clones:
                cast("CloningEngine", engine).forget(key)

    def _begin(self, engine: CloningEngine, reference: VoiceReference) -> None:
        task = asyncio.create_task(_prepared(engine, reference))
        working = self._preparing.setdefault(reference.key, set())
        working.add(task)

        def done(ended: asyncio.Task[None]) -> None:
            working.discard(ended)
            if not working:
                self._preparing.pop(reference.key, None)

        task.add_done_callback(done)


async def _prepared(engine: CloningEngine, reference: VoiceReference) -> None:
    """The voice is kept either way: what fails here is tried again when it speaks."""
    try:
        await engine.prepare(reference)
    except TroupeError as error:
        log.warning("%s could not prepare a cloned voice: %s", engine.facts.name, error.message)
    except Exception:
        log.exception("%s could not prepare a cloned voice", engine.facts.name)
