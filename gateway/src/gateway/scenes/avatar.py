"""A script (or a sound file, or what a model is to write) in, a talking head out, while it is made.

Nothing waits for the whole: tokens become sentences, sentences sound, sound frames, frames fragments, sent on at once.
Each stage takes from the one before only what it can use: a slow reader holds back frames, then speech, then tokens.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace

from gateway.routing.capability import OFFLINE_RENDER
from gateway.routing.chain import Chain, Served
from gateway.routing.need import Modality, Need
from gateway.routing.priority import Priority
from gateway.routing.replay import Replay
from gateway.routing.rung import Call, Rung
from gateway.scenes.captions import Wording, written
from gateway.scenes.dictation import Commission, Dictation, Scriptwriter
from gateway.scenes.footage import Footage, has_film, sound_bytes, speech_from
from gateway.scenes.handover import Handover, Resumed
from gateway.scenes.interruption import interruptible
from gateway.scenes.registry import Scene
from gateway.scenes.speech import Follower, Speech, SpeechOrder, as_pcm, decode, in_language, speak
from troupe.v1.engine_pb2 import TASK_TALKING_HEAD
from troupe.v1.media_pb2 import CONTAINER_MP4, CONTAINER_WEBM, MEDIA_KIND_FRAGMENT, MediaChunk, MediaHeader
from troupe.v1.speech_pb2 import TIMING_SOURCE_ESTIMATED, SpeechChunk, SpeechHeader
from troupe.v1.text_pb2 import ChatDelta
from troupe.v1.video_pb2 import AnimateInput, AnimateSettings, Speech24k
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import Cancelled, TroupeError
from troupe.wire.logs import in_words
from troupe.wire.media import PCM_BYTES_PER_MS, pieces

log = logging.getLogger(__name__)
FORMATS: Mapping[int, str] = {CONTAINER_MP4: "mp4", CONTAINER_WEBM: "webm"}  # as in EngineInfo.formats


@dataclass(frozen=True, slots=True)
class AvatarOrder:
    """What the head says, and how it looks."""

    settings: AnimateSettings  # without engine: that is the rung's
    speech: SpeechOrder | None = None
    script: Scriptwriter | None = None  # who writes what the speech says, where it is not written yet
    sound: bytes = b""  # a sound file, where there is no text
    picture: bytes = b""  # PNG, JPEG or WebP, where there is no portrait_id
    rungs: tuple[str, ...] = ()  # only these of the video chain, in this order
    wait: bool = False  # also for a rung that takes minutes
    local_only: bool = False
    commercial_only: bool = False
    priority: Priority = Priority.LIVE

    def need(self) -> Need:
        """What the video chain must find a rung for."""
        return Need(
            modality=Modality.VIDEO,
            task=TASK_TALKING_HEAD,
            rungs=self.rungs,
            format=FORMATS.get(self.settings.container, ""),
            width=self.settings.width,
            height=self.settings.height,
            without=frozenset() if self.wait else frozenset({OFFLINE_RENDER}),
            local_only=self.local_only,
            commercial_only=self.commercial_only,
        )


class Avatar:
    """One talking head being made; `begin` returns with its first bytes, `media` gives them all."""

    def __init__(
        self, chains: Mapping[Modality, Chain], order: AvatarOrder, scene: Scene, deadline: Deadline, request_id: str
    ) -> None:
        self._chains = chains
        self._order = order
        self._scene = scene
        self._deadline = deadline
        self._request_id = request_id
        self._dictation: Dictation | None = None
        self._speech: Speech | Served[SpeechChunk] | None = None
        self._video: Served[MediaChunk] | None = None
        self._replay: Replay[AnimateInput] | None = None
        self._footage: Footage | None = None
        self._has_cues = False
        self._wording = Wording(kept=order.settings.framing.captions)
        self.header = MediaHeader()

    @property
    def providers(self) -> str:
        """`text=llamacpp;tts=flite;video=portrait`: who makes it."""
        names = []
        if self._dictation is not None:
            names.append(f"text={self._dictation.served.rung.name}")
        if isinstance(self._speech, Speech):
            names.append(f"tts={self._speech.served.rung.name}")
        if self._video is not None:
            names.append(f"video={self._video.rung.name}")
        return ";".join(names)

    @property
    def speech(self) -> Speech | None:
        """The speech, where it is made from text."""
        return self._speech if isinstance(self._speech, Speech) else None

    async def begin(self) -> None:
        """Start every stage; returns with the film's first bytes. An error is told to the scene and raised."""
        try:
            await interruptible(self._begin(), self._scene)
        except TroupeError as error:
            self._scene.fail(error)
            raise
        if self._video is not None:
            self._scene.on_cancel(self._video.abort)

    async def media(self) -> AsyncGenerator[bytes]:
        """The film's bytes as they come. Ends with the film; a break is told to the scene and raised."""
        try:
            async for data in self._fragments():
                yield data
            self._scene.stage("done")
            self._scene.tell("end", ok=True, stages=dict(self._scene.stages))
        except TroupeError as error:
            log.warning("the film broke: %s %s", in_words(error), self._request_id)
            self._scene.fail(error)
            raise

    async def aclose(self) -> None:
        """Stop every stage that still runs, the last one first; whoever called `begin` must call this too."""
        self._scene.fail(Cancelled("The caller left."))  # heard only where nothing ended the scene before
        for part in (self._video, self._replay, self._speech, self._dictation):
            if part is not None:
                await part.aclose()

    async def _begin(self) -> None:
        await self._refuse_early()
        spoken = await self._dictated() if self._order.script else self._order.speech
        self._speech = await self._begin_speech(spoken)
        self._scene.stage("first_audio")
        inputs = self._wording.noted(self._spoken(self._speech))
        replay = self._replay = Replay(inputs, sound_bytes, sound_bytes)
        self._footage = Footage.of(self._order.settings, Handover(Modality.VIDEO, self._tell_resumed), replay)
        call: Call[MediaChunk] = Call(
            "Animate",
            self._inputs,
            has_film,
            self._deadline,
            self._request_id,
            input_error=lambda: replay.error,
            key=self._order.settings.portrait_id,
            priority=self._order.priority,
            continuation=self._footage,
        )
        self._video = await self._chains[Modality.VIDEO].run(self._order.need(), call)
        self._tell_provider(self._video)
        self._scene.stage("first_bytes")
        for chunk in self._video.beginning:
            if chunk.HasField("header"):
                self.header = chunk.header
        for note in self.header.notes:
            self._scene.tell("note", text=note)

    async def _refuse_early(self) -> None:
        """Nothing is spoken (it may cost money) for a film that nobody can make."""
        chain, need = self._chains[Modality.VIDEO], self._order.need()
        if not any(rung.can_serve(need) is None for rung in chain.rungs):
            call: Call[MediaChunk] = Call("Animate", _nothing, has_film, self._deadline, self._request_id)
            await chain.run(need, call)  # asks nobody, and raises why

    async def _dictated(self) -> SpeechOrder | None:
        """The speech of a script that is being written: its first phrase is there."""
        order = self._order
        if order.script is None or order.speech is None:
            return order.speech
        commission = Commission(
            self._chains[Modality.TEXT], self._scene, self._deadline, self._request_id, self._tell_resumed
        )
        draft = await order.script.begin(commission)
        dictation = self._dictation = Dictation(draft, self._scene)
        self._tell_provider(draft.served)
        speech = in_language(order.speech, draft.language)
        return replace(speech, piped=dictation.replay, opening=await dictation.opening())

    async def _begin_speech(self, spoken: SpeechOrder | None) -> Speech | Served[SpeechChunk]:
        chain, order = self._chains[Modality.TTS], self._order
        if spoken is None:
            key_id = order.settings.principal.key_id
            return await decode(chain, order.sound, key_id, self._deadline, self._request_id)
        follow = Follower(self._tell_resumed, self._tell_voice)
        speech = await speak(chain, as_pcm(spoken), self._deadline, self._request_id, follow)
        info = speech.served.rung.describe()
        self._has_cues = bool(info and "cues" in info.features) or any(c.cues for c in speech.served.beginning)
        self._tell_provider(speech.served)
        self._tell_voice(speech.header)
        return speech

    def _tell_provider(self, served: Served[ChatDelta] | Served[SpeechChunk] | Served[MediaChunk]) -> None:
        self._scene.tell(
            "provider", modality=served.rung.modality, provider=served.rung.name, reason=served.fallback_reason
        )

    def _tell_voice(self, header: SpeechHeader) -> None:
        timing = "estimated" if header.timing == TIMING_SOURCE_ESTIMATED else "native"
        self._scene.tell("voice", voice_id=header.voice_id, substituted=header.voice_substituted, timing=timing)

    def _tell_resumed(self, resumed: Resumed) -> None:
        self._scene.tell("resumed", modality=resumed.modality, provider=resumed.provider, reason=resumed.reason)

    async def _inputs(self, rung: Rung) -> AsyncGenerator[AnimateInput]:
        settings = AnimateSettings()
        settings.CopyFrom(self._order.settings)
        if self._replay is None or self._footage is None:
            return
        self._footage.asked(rung, settings)
        settings.has_cues = self._has_cues
        settings.content_id = self._scene.scene_id
        yield AnimateInput(settings=settings)
        for piece in pieces(self._order.picture):
            yield AnimateInput(picture=piece)
        for words in self._wording.again(settings.start_ms):
            yield words
        async with aclosing(speech_from(self._replay, 0, settings.start_ms, settings.lead_ms)) as spoken:
            async for speech in spoken:
                yield speech

    async def _spoken(self, source: AsyncIterator[SpeechChunk]) -> AsyncIterator[AnimateInput]:
        """Sound and cues as Animate takes them; the words are told to the scene."""
        sent_bytes = complete_ms = 0
        cued = False  # a voice that tells no cues leaves the mouth to the sound
        async for chunk in source:
            if chunk.words:
                self._scene.tell("words", words=[_word(word) for word in chunk.words])
            cued = cued or bool(chunk.cues)
            ends = [cue.end_ms for cue in chunk.cues]
            complete_ms = max([complete_ms, chunk.sentence_end.audio_ms, *ends]) if cued else 0
            sent_bytes += len(chunk.audio)
            self._note_spoken(chunk, sent_bytes // PCM_BYTES_PER_MS)
            if chunk.audio or chunk.cues or chunk.words:
                yield AnimateInput(
                    speech=Speech24k(
                        pcm=chunk.audio,
                        cues=chunk.cues,
                        words=written(chunk.words, self._text()),
                        cues_complete_ms=complete_ms,
                    )
                )
        made_ms = sent_bytes // PCM_BYTES_PER_MS if cued else 0
        yield AnimateInput(speech=Speech24k(cues_complete_ms=max(complete_ms, made_ms)))
        self._scene.stage("speech_done")

    def _text(self) -> str:
        """What is spoken, as far as it is written."""
        if self._dictation is not None:
            return self._dictation.text
        return self._order.speech.text if self._order.speech else ""

    def _note_spoken(self, chunk: SpeechChunk, made_ms: int) -> None:
        if self._dictation is not None:
            place = max([chunk.sentence_end.text_consumed, *(word.text_end for word in chunk.words)])
            self._dictation.spoken(place, made_ms)

    async def _fragments(self) -> AsyncGenerator[bytes]:
        if self._video is None:
            return
        async for chunk in self._video:
            if chunk.data:
                yield chunk.data
            if chunk.kind == MEDIA_KIND_FRAGMENT and chunk.last_piece:
                self._scene.stage("first_fragment")


async def _nothing(_rung: Rung) -> AsyncGenerator[AnimateInput]:
    return
    yield


def _word(word: object) -> dict[str, object]:
    return {name: getattr(word, name) for name in ("word", "text_start", "text_end", "start_ms", "end_ms")}
