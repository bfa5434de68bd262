import io
import wave

import pytest

from gateway.routing.need import Modality
from troupe.v1.engine_pb2 import Principal
from troupe.v1.speech_pb2 import (
    CloneVoiceInput,
    CloneVoiceSettings,
    Consent,
    DeleteVoiceRequest,
    ListVoicesRequest,
)
from troupe.wire.errors import (
    BodyTooLarge,
    ConsentMissing,
    EngineFailed,
    InvalidArgument,
    NotSupported,
    UnknownVoice,
    UnsupportedMedia,
)

CONSENT = Consent(speaker="Ada", statement="my voice may be cloned", given_at_unix_s=1)
ADA, BOB = Principal(key_id="ada"), Principal(key_id="bob")


def sample(seconds=12) -> bytes:
    memory = io.BytesIO()
    with wave.open(memory, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\1" * 8000 * seconds)
    return memory.getvalue()


def order(data=None, consent=CONSENT, principal=ADA, voice_id=""):
    settings = CloneVoiceSettings(principal=principal, name="Ada", voice_id=voice_id, language="en", consent=consent)
    yield CloneVoiceInput(settings=settings)
    data = sample() if data is None else data
    for start in range(0, len(data), 100_000):
        yield CloneVoiceInput(sample=data[start : start + 100_000])


async def clone(ask, rung, **more):
    [reply] = await ask(rung, *order(**more), method="CloneVoice")
    return reply.voice


async def test_a_voice_is_cloned_speaks_is_listed_and_deleted(cloud, ask, spoken):
    rung = cloud.rung(Modality.TTS)
    voice = await clone(ask, rung, voice_id="ada-voice")
    assert voice.cloned
    assert voice.usable
    assert voice.voice_id.startswith("ada-voice-tr")
    assert voice.voice_id in cloud.world.voices
    assert voice.voice_id not in {each.voice_id for each in rung.describe().voices}  # every key may see those
    chunks = await ask(rung, *spoken("Hello there.", voice_id=voice.voice_id, principal=ADA))
    assert chunks[0].header.voice_id == voice.voice_id
    [listed] = await ask(rung, ListVoicesRequest(principal=ADA), method="ListVoices")
    assert voice.voice_id in {each.voice_id for each in listed.voices}
    await ask(rung, DeleteVoiceRequest(principal=ADA, voice_id=voice.voice_id), method="DeleteVoice")
    assert not cloud.world.voices
    assert voice.voice_id not in {each.voice_id for each in rung.describe().voices}


async def test_a_clone_is_listed_before_minimax_lists_it(cloud, ask):
    rung = cloud.rung(Modality.TTS)
    voice = await clone(ask, rung)
    cloud.world.voices.clear()  # it lists a clone after its first use
    [listed] = await ask(rung, ListVoicesRequest(principal=ADA), method="ListVoices")
    assert voice.voice_id in {each.voice_id for each in listed.voices}
    [listed] = await ask(rung, ListVoicesRequest(principal=BOB), method="ListVoices")
    assert voice.voice_id not in {each.voice_id for each in listed.voices}


async def test_the_sample_does_not_stay_at_minimax(cloud, ask):
    await clone(ask, cloud.rung(Modality.TTS))
    assert not cloud.world.files


async def test_without_consent_nothing_leaves_the_house(cloud, ask):
    rung = cloud.rung(Modality.TTS)
    for consent in (None, Consent(speaker="Ada"), Consent(speaker=" ", statement="yes")):
        with pytest.raises(ConsentMissing):
            await clone(ask, rung, consent=consent)
    assert not cloud.requests


async def test_a_stranger_neither_sees_nor_deletes_nor_uses_a_clone(cloud, ask, spoken):
    rung = cloud.rung(Modality.TTS)
    voice = await clone(ask, rung)
    [listed] = await ask(rung, ListVoicesRequest(principal=BOB), method="ListVoices")
    assert voice.voice_id not in {each.voice_id for each in listed.voices}
    with pytest.raises(UnknownVoice):
        await ask(rung, DeleteVoiceRequest(principal=BOB, voice_id=voice.voice_id), method="DeleteVoice")
    with pytest.raises(UnknownVoice):
        await ask(rung, *spoken("Hello.", voice_id=voice.voice_id, principal=BOB))
    assert voice.voice_id in cloud.world.voices


async def test_another_engines_voice_is_not_deleted_here(cloud, ask):
    with pytest.raises(NotSupported):
        await ask(cloud.rung(Modality.TTS), DeleteVoiceRequest(principal=ADA, voice_id="local"), method="DeleteVoice")
    assert not cloud.requests


@pytest.mark.parametrize("wanted", ["1voice", "a b", "voice-", "voice_", "-x", "v" * 250, "ö", "x-tr" + "0" * 12])
async def test_ids_that_minimax_would_not_take(cloud, ask, wanted):
    with pytest.raises(InvalidArgument):
        await clone(ask, cloud.rung(Modality.TTS), voice_id=wanted)
    assert not cloud.requests


@pytest.mark.parametrize(
    ("data", "leaf"),
    [(b"", UnsupportedMedia), (b"x" * 5000, UnsupportedMedia), (b"ID3" + bytes(21 * 1024 * 1024), BodyTooLarge)],
)
async def test_samples_that_are_not_sent(cloud, ask, data, leaf):
    with pytest.raises(leaf):
        await clone(ask, cloud.rung(Modality.TTS), data=data)
    assert not cloud.requests


async def test_a_sample_that_is_too_short_is_minimaxs_to_refuse(cloud, ask):
    rung = cloud.rung(Modality.TTS)
    with pytest.raises(UnsupportedMedia, match="10 seconds to 5 minutes"):
        await clone(ask, rung, data=sample(3))
    assert rung.desk.purse.spend.spent("minimax") == 0


async def test_a_taken_id(cloud, ask):
    rung = cloud.rung(Modality.TTS)
    await clone(ask, rung, voice_id="ada-voice")
    with pytest.raises(InvalidArgument, match="another voice_id"):
        await clone(ask, rung, voice_id="ada-voice")


async def test_an_upload_that_fails(cloud, ask):
    cloud.fails("/v1/files/upload", status=502, html=True)
    with pytest.raises(EngineFailed):
        await clone(ask, cloud.rung(Modality.TTS))
