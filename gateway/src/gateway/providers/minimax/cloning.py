"""CloneVoice, DeleteVoice and ListVoices at MiniMax. Without the speaker's consent nothing is sent."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from gateway.providers.minimax import clones, faults, files
from gateway.providers.minimax.client import Asking
from gateway.providers.minimax.desk import Desk
from gateway.providers.minimax.replies import Empty, VoiceList
from gateway.providers.minimax.voices import boost, system_voices
from gateway.routing.capability import speaks
from troupe.v1.speech_pb2 import (
    CloneVoiceInput,
    CloneVoiceResponse,
    CloneVoiceSettings,
    DeleteVoiceRequest,
    DeleteVoiceResponse,
    ListVoicesRequest,
    ListVoicesResponse,
)
from troupe.wire.errors import (
    BodyTooLarge,
    ConsentMissing,
    InvalidArgument,
    NotSupported,
    TroupeError,
    UnsupportedMedia,
)

MAX_SAMPLE_BYTES = 20 * 1024 * 1024
MAX_CLONES_LISTED = 1000
LEAST_SAMPLE_BYTES = 1024


async def clone_voice(desk: Desk, inputs: AsyncGenerator[CloneVoiceInput]) -> AsyncGenerator[CloneVoiceResponse]:
    """Upload the sample, make the voice of it, forget the sample."""
    settings, sample = await _read(inputs)
    voice_id = clones.new_id(settings.voice_id, settings.principal.key_id)
    name = f"sample.{kind_of(sample)}"
    money = await desk.purse.reserve(desk.prices.clone)
    try:
        file_id = await files.upload(desk, name, sample)
        asking = Asking("/v1/voice_clone", _body(settings, file_id, voice_id), first_s=files.UPLOAD_S)
        await desk.client.ask(asking, Empty)
    except TroupeError as error:
        if faults.was_refused(error):
            money.settle(0.0)
        raise
    await files.tidy(desk, file_id)
    voice = clones.as_voice(voice_id, settings.name, settings.language)
    desk.clones.add(voice)
    yield CloneVoiceResponse(voice=voice, stored=True)


async def delete_voice(desk: Desk, inputs: AsyncGenerator[DeleteVoiceRequest]) -> AsyncGenerator[DeleteVoiceResponse]:
    """Forget a clone of this key; what is no clone of MiniMax's is another engine's to forget."""
    request = await anext(inputs)
    if not clones.is_clone(request.voice_id):
        raise NotSupported(f'"{request.voice_id[:80]}" is no voice that was cloned at MiniMax.')
    clones.check_owner(request.voice_id, request.principal.key_id)
    body = {"voice_type": "voice_cloning", "voice_id": request.voice_id}
    await desk.client.ask(Asking("/v1/delete_voice", body, first_s=desk.first_s), Empty)
    desk.clones.remove(request.voice_id)
    yield DeleteVoiceResponse()


async def list_voices(desk: Desk, inputs: AsyncGenerator[ListVoicesRequest]) -> AsyncGenerator[ListVoicesResponse]:
    """The system voices, and the clones of this key as MiniMax lists them now."""
    request = await anext(inputs)
    asking = Asking("/v1/get_voice", {"voice_type": "voice_cloning"}, first_s=desk.first_s)
    entries = (await desk.client.ask(asking, VoiceList)).voice_cloning or []
    ours = [clones.as_voice(e.voice_id, e.voice_name or "") for e in entries if clones.is_clone(e.voice_id)]
    known = desk.clones.with_unlisted(ours)
    own = [voice for voice in known if clones.is_owned(voice.voice_id, request.principal.key_id)][:MAX_CLONES_LISTED]
    spoken = [v for v in system_voices() if not request.language or speaks([v.language], request.language)]
    yield ListVoicesResponse(voices=[*spoken, *own])


def kind_of(sample: bytes) -> str:
    """The sample's file type, by its first bytes. Raises `UnsupportedMedia` for what MiniMax does not take."""
    if sample[:4] == b"RIFF" and sample[8:12] == b"WAVE":
        return "wav"
    if sample[:3] == b"ID3" or (len(sample) > 1 and sample[0] == 0xFF and sample[1] & 0xE0 == 0xE0):
        return "mp3"
    if sample[4:8] == b"ftyp":
        return "m4a"
    raise UnsupportedMedia("MiniMax clones from mp3, m4a and wav; the sample is none of them.", field="sample")


async def _read(inputs: AsyncGenerator[CloneVoiceInput]) -> tuple[CloneVoiceSettings, bytes]:
    first: Any = await anext(inputs, None)
    if first is None or not first.HasField("settings"):
        raise InvalidArgument("The first message must hold `settings`.", field="settings")
    settings: CloneVoiceSettings = first.settings
    if not (settings.consent.speaker.strip() and settings.consent.statement.strip()):
        raise ConsentMissing(
            "A voice is cloned in the MiniMax cloud only with the speaker's consent: send who speaks and what they "
            "agreed to.",
            field="consent",
        )
    sample = bytearray()
    async for message in inputs:
        sample += message.sample
        if len(sample) > MAX_SAMPLE_BYTES:
            raise BodyTooLarge("The sample has more than 20 MB; send 10 seconds to 5 minutes of speech.")
    if len(sample) < LEAST_SAMPLE_BYTES:
        raise UnsupportedMedia("The sample is empty or too short; send 10 seconds to 5 minutes of speech.")
    return settings, bytes(sample)


def _body(settings: CloneVoiceSettings, file_id: str, voice_id: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "file_id": int(file_id) if file_id.isdecimal() else file_id,
        "voice_id": voice_id,
        "need_volume_normalization": True,
    }
    if boosted := boost(settings.language):
        body["language_boost"] = boosted
    return body
