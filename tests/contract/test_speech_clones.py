"""Cloned voices in a real process: consent comes before speech, a stranger finds nothing, deleting deletes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import grpc.aio
import httpx
import numpy as np
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.fakes.hostile_audio import REFUSED
from tests.fakes.speaker import file, speech

from troupe.v1 import engine_pb2, speech_pb2, speech_pb2_grpc
from troupe.wire.channels import open_channel
from troupe.wire.errors import (
    ConsentMissing,
    NoSpeech,
    PoorSample,
    TroupeError,
    UnknownVoice,
    UnsupportedMedia,
    VoiceUnusable,
    WrongDuration,
)
from troupe.wire.statuses import from_rpc_error

PARROT = "tests.fakes.cloning_engine:ParrotEngine"
SAMPLE = file(speech(12.0), "MP3")
ALICE, BOB = engine_pb2.Principal(key_id="alice"), engine_pb2.Principal(key_id="bob")
AGREED = speech_pb2.Consent(speaker="Alice", statement="I agree that my voice is cloned.")


@pytest.fixture(scope="module")
def voices_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("voices")


@pytest.fixture(scope="module")
def service(start_service_once, voices_folder: Path):
    root = str(Path(__file__).parents[2])
    return start_service_once(
        "svc_tts", TROUPE_SPEECH_ENGINES=f"tone,{PARROT}", VOICES_URL=str(voices_folder), PYTHONPATH=root
    )


@pytest.fixture
async def stub(service) -> AsyncIterator[speech_pb2_grpc.SpeechStub]:
    async with open_channel(service.grpc) as channel:
        for engine in ("tone", "parrot"):
            asked = health_pb2.HealthCheckRequest(service=f"troupe.v1.Speech/{engine}")
            watch = health_pb2_grpc.HealthStub(channel).Watch(asked, timeout=20)
            async for state in watch:
                if state.status == health_pb2.HealthCheckResponse.SERVING:
                    break
            watch.cancel()
        yield speech_pb2_grpc.SpeechStub(channel)


async def clone(stub, sample: bytes = SAMPLE, **settings: object) -> engine_pb2.Voice:
    async def sending() -> AsyncIterator[speech_pb2.CloneVoiceInput]:
        told = speech_pb2.CloneVoiceSettings(**{"principal": ALICE, "name": "Mine", **settings})
        yield speech_pb2.CloneVoiceInput(settings=told)
        for at in range(0, len(sample), 50_000):
            yield speech_pb2.CloneVoiceInput(sample=sample[at : at + 50_000])

    reply = await stub.CloneVoice(sending(), timeout=30)
    assert reply.stored
    return reply.voice


async def say(stub, voice_id: str, **settings: object) -> speech_pb2.SpeechHeader:
    async def sending() -> AsyncIterator[speech_pb2.SpeechInput]:
        told = speech_pb2.SpeechSettings(**{"principal": ALICE, "voice_id": voice_id, "language": "en", **settings})
        yield speech_pb2.SpeechInput(settings=told)
        yield speech_pb2.SpeechInput(text="Hello there.")

    chunks = [chunk async for chunk in stub.Synthesize(sending(), timeout=30)]
    assert sum(len(chunk.audio) for chunk in chunks) > 1_000
    (header,) = [chunk.header for chunk in chunks if chunk.HasField("header")]
    return header


async def refusal(call) -> TroupeError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return from_rpc_error(caught.value)


async def own(stub, principal: engine_pb2.Principal) -> dict[str, int]:
    listed = await stub.ListVoices(speech_pb2.ListVoicesRequest(principal=principal), timeout=5)
    return {voice.voice_id: voice.state for voice in listed.voices if voice.cloned}


async def delete(stub, voice_id: str, principal: engine_pb2.Principal = ALICE) -> None:
    await stub.DeleteVoice(speech_pb2.DeleteVoiceRequest(principal=principal, voice_id=voice_id), timeout=5)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_voice_speaks_once_its_speaker_agreed(stub, voices_folder: Path) -> None:
    voice = await clone(stub)
    assert (voice.cloned, voice.usable, voice.state) == (True, False, engine_pb2.VOICE_STATE_AWAITING_CONSENT)
    assert "consent" in voice.why
    assert voice.created_at_unix_s == pytest.approx(time.time(), abs=60)
    error = await refusal(say(stub, voice.voice_id))
    assert type(error) is ConsentMissing
    assert "GiveConsent" in error.message
    stand_in = await say(stub, voice.voice_id, allow_substitute=True)
    assert (stand_in.voice_substituted, stand_in.requested_voice_id) == (True, voice.voice_id)

    asked = speech_pb2.GiveConsentRequest(principal=ALICE, voice_id=voice.voice_id.upper(), consent=AGREED)
    agreed = (await stub.GiveConsent(asked, timeout=5)).voice
    assert (agreed.usable, agreed.state, agreed.why) == (True, engine_pb2.VOICE_STATE_READY, "")
    said = await say(stub, voice.voice_id)
    assert (said.voice_id, said.voice_substituted) == (voice.voice_id, False)
    assert type(await refusal(say(stub, voice.voice_id, engine="tone"))) is VoiceUnusable

    await delete(stub, voice.voice_id)
    assert type(await refusal(say(stub, voice.voice_id))) is UnknownVoice
    assert files_in(voices_folder) == []


async def test_a_stranger_finds_nothing(stub) -> None:
    voice = await clone(stub, consent=AGREED)
    assert await own(stub, ALICE) == {voice.voice_id: engine_pb2.VOICE_STATE_READY}
    assert await own(stub, BOB) == {}
    consent = speech_pb2.GiveConsentRequest(principal=BOB, voice_id=voice.voice_id, consent=AGREED)
    for call in (
        say(stub, voice.voice_id, principal=BOB),
        say(stub, voice.voice_id, principal=BOB, allow_substitute=True),
        delete(stub, voice.voice_id, BOB),
        stub.GiveConsent(consent, timeout=5),
    ):
        assert type(await refusal(call)) is UnknownVoice
    await delete(stub, voice.voice_id)
    assert await own(stub, ALICE) == {}


@pytest.mark.parametrize(
    ("sample", "error"),
    [
        (b"", UnsupportedMedia),
        (file(speech(5.0)), WrongDuration),
        (file(np.zeros(12 * 24_000)), NoSpeech),
        (file(speech(12.0) * 0.01), PoorSample),
    ],
    ids=["nothing", "short", "silent", "quiet"],
)
async def test_a_sample_that_is_no_good_is_told(stub, sample: bytes, error: type[TroupeError]) -> None:
    assert type(await refusal(clone(stub, sample))) is error
    assert await own(stub, ALICE) == {}


async def test_hostile_samples_leave_the_service_unharmed(service, stub) -> None:
    process = psutil.Process(service.popen.pid)
    for name in ("a playlist after an mp3's mark", "10,000 tiny streams", "20 MB of noise", "one hertz"):
        began = time.monotonic()
        assert type(await refusal(clone(stub, REFUSED[name]()))) is UnsupportedMedia, name
        assert time.monotonic() - began < 5.0
    assert [child for child in process.children() if "decode_child" in " ".join(child.cmdline())] == []
    assert process.memory_info().rss < 512 << 20
    await say(stub, "", language="en")


async def test_what_is_cloned_over_http_belongs_to_the_house(service, stub) -> None:
    async with httpx.AsyncClient(base_url=f"http://{service.addresses['http']}", timeout=30) as client:
        told = (await client.post("/clone", files={"audio": ("a.mp3", SAMPLE)}, data={"name": "House"})).json()
        assert (told["stored"], told["state"]) == (True, "awaiting_consent")
        assert await own(stub, ALICE) == {}
        body = {"speaker": "Ada", "statement": "I agree."}
        assert (await client.post(f"/voices/{told['voice_id']}/consent", json=body)).json()["usable"] is True
        said = await client.post("/synthesize", json={"text": "Hello", "voice_id": told["voice_id"], "format": "wav"})
        assert said.headers["X-Troupe-Voice"] == told["voice_id"]
        assert (await client.delete(f"/voices/{told['voice_id']}")).status_code == 200


async def test_nothing_of_a_consent_is_in_the_log(service, stub) -> None:
    secret = speech_pb2.Consent(speaker="Xanthippe", statement="Xylophones may be played with my voice.")
    voice = await clone(stub, consent=secret)
    await say(stub, voice.voice_id)
    await delete(stub, voice.voice_id)
    assert "ylophone" not in service.log
    assert "anthippe" not in service.log
    assert "Traceback" not in service.log
