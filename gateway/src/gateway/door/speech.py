"""troupe.v1.Speech at the door."""

# methods bear the names of RPCs
from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from gateway.door.describe import description
from gateway.door.relay import (
    ASK_S,
    Context,
    Errand,
    Guest,
    ask,
    ask_with_stream,
    first_settings,
    relay_stream,
    ticking,
)
from gateway.house import House
from gateway.routing.capability import speaks
from gateway.routing.need import Modality
from gateway.routing.replay import Replay
from gateway.scenes.script import blank_controls
from gateway.scenes.speech import SpeechOrder, speak
from gateway.scenes.voice_desk import CLONE_S, Own, VoiceDesk
from gateway.voices import Voice
from troupe.v1.engine_pb2 import DescribeRequest, DescribeResponse
from troupe.v1.engine_pb2 import Voice as WireVoice
from troupe.v1.speech_pb2 import (
    CloneVoiceInput,
    CloneVoiceResponse,
    DecodeInput,
    DeleteVoiceRequest,
    DeleteVoiceResponse,
    GiveConsentRequest,
    GiveConsentResponse,
    ListVoicesRequest,
    ListVoicesResponse,
    SpeechChunk,
    SpeechInput,
)
from troupe.v1.speech_pb2_grpc import SpeechServicer
from troupe.wire.errors import TextTooLong


class SpeechDoor(SpeechServicer):
    """Speech, by the tts chain."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def Synthesize(  # the RPC's name
        self, request_iterator: AsyncIterator[SpeechInput], context: Context
    ) -> AsyncIterator[SpeechChunk]:
        """Speak text that may still be coming."""
        guest = Guest(self._house, context, self._house.settings.speech_timeout_s, "voice")
        first = await first_settings(request_iterator, "settings")
        async for chunk in ticking(self._spoken(guest, first, request_iterator), lambda tick: SpeechChunk(tick=tick)):
            yield chunk

    async def ListVoices(self, request: ListVoicesRequest, context: Context) -> ListVoicesResponse:  # the RPC's name
        """The voice table, then the engines' own voices, then the caller's cloned ones."""
        guest = Guest(self._house, context, ASK_S)
        presets = self._house.voices.all(self._house.infos(Modality.TTS))
        own, _notes = await self._desk(guest).own()
        listed = [*map(_preset, presets), *map(_clone, own)]
        wanted = [each for each in listed if not request.language or speaks([each.language], request.language)]
        return ListVoicesResponse(voices=wanted)

    async def CloneVoice(  # the RPC's name
        self, request_iterator: AsyncIterator[CloneVoiceInput], context: Context
    ) -> CloneVoiceResponse:
        """Keep a reference of a voice."""
        guest = Guest(self._house, context, CLONE_S, "clone")
        first = await first_settings(request_iterator, "settings")
        desk = self._desk(guest)
        desk.check_free(first.settings.voice_id)
        need = desk.taker(guest.rungs(Modality.TTS, first.settings.engine))
        with desk.changing():
            answer: CloneVoiceResponse = await ask_with_stream(
                Errand(self._house, need, "CloneVoice", guest, part="settings"), first, request_iterator
            )
        return answer

    async def GiveConsent(self, request: GiveConsentRequest, context: Context) -> GiveConsentResponse:  # the RPC's name
        """Record what the speaker of a cloned voice agreed to."""
        guest = Guest(self._house, context, ASK_S, "clone")
        desk = self._desk(guest)
        need = await desk.home(request.voice_id)
        with desk.changing():
            answer: GiveConsentResponse = await ask(Errand(self._house, need, "GiveConsent", guest), request)
        return answer

    async def DeleteVoice(self, request: DeleteVoiceRequest, context: Context) -> DeleteVoiceResponse:  # the RPC's name
        """Forget a cloned voice."""
        guest = Guest(self._house, context, ASK_S, "clone")
        desk = self._desk(guest)
        need = await desk.home(request.voice_id)
        with desk.changing():
            answer: DeleteVoiceResponse = await ask(Errand(self._house, need, "DeleteVoice", guest), request)
        return answer

    async def Decode(  # the RPC's name
        self, request_iterator: AsyncIterator[DecodeInput], context: Context
    ) -> AsyncIterator[SpeechChunk]:
        """A sound file -> PCM."""
        guest = Guest(self._house, context, self._house.settings.speech_timeout_s, "voice")
        first = await first_settings(request_iterator, "settings")
        errand = Errand(self._house, guest.need(Modality.TTS), "Decode", guest, part="settings", commits=_has_audio)
        source = relay_stream(errand, first, request_iterator)
        async for chunk in ticking(source, lambda tick: SpeechChunk(tick=tick)):
            yield chunk

    async def Describe(self, _request: DescribeRequest, context: Context) -> DescribeResponse:  # the RPC's name
        """The rungs of the tts chain."""
        Guest(self._house, context, ASK_S)
        return description(self._house, Modality.TTS)

    async def _spoken(
        self, guest: Guest, first: SpeechInput, rest: AsyncIterator[SpeechInput]
    ) -> AsyncGenerator[SpeechChunk]:
        house, settings = self._house, first.settings
        settings.principal.CopyFrom(guest.principal)
        replay: Replay[SpeechInput] = Replay(
            self._bounded(rest), lambda message: int(message.ByteSize()), lambda message: len(message.text)
        )
        desk, allowed = self._desk(guest), settings.allow_substitute
        voice = await desk.voice(settings.voice_id, settings.language, allow_substitute=allowed)
        order = SpeechOrder(
            voice=voice,
            settings=settings,
            piped=replay,
            rungs=guest.rungs(Modality.TTS, settings.engine) or desk.order_of_rungs(voice, allow_substitute=allowed),
            local_only=guest.wishes.local_only,
            commercial_only=house.settings.commercial_only,
            priority=guest.wishes.priority,
        )
        speech: Any = None
        try:
            speech = await speak(house.chains[Modality.TTS], order, guest.deadline, guest.request_id)
            async for chunk in speech:
                yield chunk
        finally:
            await replay.aclose()
            if speech is not None:
                await speech.aclose()

    def _desk(self, guest: Guest) -> VoiceDesk:
        house = self._house
        return VoiceDesk(
            house.chains[Modality.TTS],
            house.voices,
            house.clones,
            guest.caller.key_id,
            guest.request_id,
            local_only=guest.wishes.local_only,
        )

    async def _bounded(self, messages: AsyncIterator[SpeechInput]) -> AsyncIterator[SpeechInput]:
        taken, limit = 0, self._house.settings.max_text_chars
        async for message in messages:
            if message.WhichOneof("input") == "text":
                taken += len(message.text)
                if taken > limit:
                    raise TextTooLong(f"More than {limit:,} characters came in one call; begin another one.")
                yield SpeechInput(text=blank_controls(message.text))
            else:
                yield message


def _preset(voice: Voice) -> WireVoice:
    return WireVoice(
        voice_id=voice.voice_id,
        name=voice.name,
        language=voice.language,
        gender=voice.gender,
        engine=voice.source,
        usable=True,
    )


def _clone(own: Own) -> WireVoice:
    told = WireVoice()
    told.CopyFrom(own.told)
    told.usable, told.why = not own.lack.why, f"{own.lack.why} {own.lack.how}".strip()
    return told


def _has_audio(chunk: SpeechChunk) -> bool:
    return bool(chunk.audio)
