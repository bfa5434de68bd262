"""Cloned voices through the gateway, over real sockets and a real svc-tts: whose they are, and when they speak."""

from __future__ import annotations

import time
from pathlib import Path

import grpc
import httpx
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from tests.fakes.speaker import file, speech

from gateway.guard.keys import create_key
from troupe.v1 import engine_pb2, speech_pb2, speech_pb2_grpc

ROOT = Path(__file__).parents[2]
ENGINES = "tests.fakes.cloning_engine"
SAMPLE = file(speech(12.0), "MP3")
AGREED = {"speaker": "Alice", "statement": "I agree that my voice is cloned.", "expires": "2090-12-31"}
FORM = {f"consent_{name}": value for name, value in AGREED.items()}
NOWHERE = {"TROUPE_TEXT_TARGET": "127.0.0.1:1", "TROUPE_VIDEO_TARGET": "127.0.0.1:1", "TROUPE_MISSED_TICKS": "20"}


@pytest.fixture(scope="module")
def service(start_service_once):
    return start_service_once("svc_tts", TROUPE_SPEECH_ENGINES=f"tone,{ENGINES}:XttsParrot", PYTHONPATH=str(ROOT))


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> dict[str, str]:
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    made = {name: create_key(path, name) for name in ("alice", "bob")}
    return {**made, "small": create_key(path, "small", ["voice"]), "file": str(path)}


@pytest.fixture(scope="module")
def gateway(start_service_once, service, keys):
    """`tone` stands first: a clone must find its way past it."""
    started = start_service_once(
        "gateway",
        PROVIDER_TTS="tone",
        PROVIDER_TTS_FALLBACK="xtts",
        TROUPE_SPEECH_TARGET=service.grpc,
        TROUPE_API_KEYS_FILE=keys["file"],
        **NOWHERE,
    )
    ready(started, keys["alice"], {"tone", "xtts"})
    return started


def ready(gateway, key: str, names: set[str], state: str = "ready") -> None:
    within = time.monotonic() + 20
    while time.monotonic() < within:
        reply = httpx.get(f"http://{gateway.addresses['http']}/providers", headers={"x-api-key": key}).json()
        if names <= {rung["name"] for rung in reply["tts"]["chain"] if rung["state"] == state}:
            return
        time.sleep(0.05)
    pytest.fail(f"{names} are not {state}: {reply['tts']}")


def client_of(gateway, key: str) -> httpx.Client:
    return httpx.Client(base_url=f"http://{gateway.addresses['http']}", headers={"x-api-key": key}, timeout=30)


@pytest.fixture
def alice(gateway, keys):
    with client_of(gateway, keys["alice"]) as client:
        yield client


@pytest.fixture
def bob(gateway, keys):
    with client_of(gateway, keys["bob"]) as client:
        yield client


def clone(client: httpx.Client, path: str = "/api/clone", sample: bytes = SAMPLE, **fields: str) -> httpx.Response:
    return client.post(path, files={"audio": ("me.mp3", sample)}, data={"name": "Mine", **fields})


def kept(client: httpx.Client, **fields: str) -> str:
    reply = clone(client, **fields)
    assert reply.status_code == 200, reply.text
    return reply.json()["voice_id"]


def say(client: httpx.Client, voice_id: str, **fields: object) -> httpx.Response:
    return client.post("/api/voice", json={"text": "Hello there.", "voice_id": voice_id, "language": "en", **fields})


def own(client: httpx.Client) -> dict[str, dict]:
    listed = client.get("/api/voices").json()
    assert listed["notes"] == []
    return {voice["voice_id"]: voice for voice in listed["voices"] if voice["cloned"]}


def code_of(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


def reason(error: grpc.RpcError) -> tuple[grpc.StatusCode, str]:
    rich = rpc_status.from_call(error)
    info = error_details_pb2.ErrorInfo()
    assert rich.details[0].Unpack(info)
    return error.code(), info.reason


def test_a_voice_with_consent_speaks_by_the_engine_that_clones(alice) -> None:
    voice_id = kept(alice, voice_id="My-Own-Voice", **FORM)
    assert voice_id == "My-Own-Voice"
    for asked in ("My-Own-Voice", "my-own-voice"):
        reply = say(alice, asked)
        assert reply.status_code == 200, reply.text
        assert reply.headers["x-troupe-provider"] == "xtts"
        assert reply.headers["x-troupe-voice"] == "My-Own-Voice"
        assert "x-troupe-voice-substituted" not in reply.headers
    # Where another voice may stand in, its own still comes first.
    assert say(alice, voice_id, allow_substitute=True).headers["x-troupe-provider"] == "xtts"
    assert own(alice)[voice_id]["state"] == "ready"
    assert own(alice)[voice_id]["available"] is True


def test_the_seeds_plain_call_is_stored_and_speaks_only_once_its_speaker_agreed(alice) -> None:
    reply = clone(alice, "/clone")
    told = reply.json()
    assert reply.status_code == 200, reply.text
    assert (told["stored"], told["usable"], told["state"]) == (True, False, "awaiting_consent")
    assert told["meanwhile"] == "en-US-AriaNeural"
    voice_id = told["voice_id"]
    assert f"/api/voices/{voice_id}/consent" in told["how"]
    refused = say(alice, voice_id)
    assert code_of(refused) == (403, "consent_missing")
    assert f"/api/voices/{voice_id}/consent" in refused.json()["error"]["message"]
    stand_in = say(alice, voice_id, allow_substitute=True)
    assert stand_in.status_code == 200
    assert stand_in.headers["x-troupe-voice-substituted"] == voice_id
    assert stand_in.headers["x-troupe-provider"] == "tone"  # nobody can speak with it, so the chain's own order holds

    agreed = alice.post(f"/api/voices/{voice_id.upper()}/consent", json=AGREED)
    assert agreed.status_code == 200, agreed.text
    assert (agreed.json()["usable"], agreed.json()["state"], agreed.json()["how"]) == (True, "ready", "")
    assert say(alice, voice_id).headers["x-troupe-provider"] == "xtts"


def test_a_rung_that_does_not_have_it_is_not_asked(alice) -> None:
    voice_id = kept(alice, **FORM)
    assert code_of(say(alice, voice_id, provider="tone")) == (422, "no_rung_can_serve")
    allowed = say(alice, voice_id, provider="tone", allow_substitute=True)
    assert allowed.headers["x-troupe-provider"] == "tone"
    assert allowed.headers["x-troupe-voice-substituted"] == voice_id


def test_a_strangers_voice_is_unknown_and_only_what_is_visible_is_named(alice, bob) -> None:
    voice_id = kept(alice, voice_id="alice-private-voice", **FORM)
    assert voice_id not in own(bob)
    for reply in (
        say(bob, voice_id),
        bob.post(f"/api/voices/{voice_id}/consent", json=AGREED),
        bob.delete(f"/api/voices/{voice_id}"),
        bob.post("/api/avatar", json={"text": "Hello.", "voice_id": voice_id}),
    ):
        assert code_of(reply) == (404, "unknown_voice")
    assert voice_id not in say(bob, "alice-private-voise").text
    assert 'Did you mean "alice-private-voice"' in say(alice, "alice-private-voise").json()["error"]["message"]
    assert say(alice, voice_id).status_code == 200


def test_a_deleted_voice_is_gone_at_once(alice) -> None:
    voice_id = kept(alice, **FORM)
    assert say(alice, voice_id).status_code == 200
    deleted = alice.delete(f"/api/voices/{voice_id}")
    assert (deleted.status_code, deleted.json()) == (200, {"id": voice_id, "deleted": True})
    assert voice_id not in own(alice)
    assert code_of(say(alice, voice_id)) == (404, "unknown_voice")
    assert code_of(alice.delete(f"/api/voices/{voice_id}")) == (404, "unknown_voice")


@pytest.mark.parametrize(
    ("sample", "fields", "status", "code"),
    [
        (b"no sound at all", {}, 415, "unsupported_media"),
        (file(speech(3.0)), {}, 422, "wrong_duration"),
        (file(0 * speech(12.0)), {}, 422, "no_speech"),
        (b"RIFF\0\0\0\0WAVE" + bytes(20 * 1024 * 1024), {}, 413, "media_too_large"),
        (SAMPLE, {"voice_id": "en-us-guyneural"}, 400, "invalid_argument"),
        (SAMPLE, {"voice_id": "wise_woman"}, 400, "invalid_argument"),
        (SAMPLE, {"voice_id": "short"}, 400, "invalid_argument"),
        (SAMPLE, {"consent_speaker": "Alice"}, 400, "invalid_argument"),
        (SAMPLE, {**FORM, "consent_expires": "2001-01-01"}, 400, "invalid_argument"),
        (SAMPLE, {"consent_expires": "some day"}, 400, "invalid_argument"),
        (SAMPLE, {"provider": "ton"}, 404, "unknown_provider"),
    ],
)
def test_what_is_not_taken(alice, sample, fields, status, code) -> None:
    before = set(own(alice))
    assert code_of(clone(alice, sample=sample, **fields)) == (status, code)
    assert set(own(alice)) == before


def test_cloning_needs_its_scope(gateway, keys) -> None:
    with client_of(gateway, keys["small"]) as client:
        assert code_of(clone(client)) == (403, "permission_denied")
        assert code_of(client.delete("/api/voices/whatever-it-is")) == (403, "permission_denied")
    with client_of(gateway, "") as nobody:
        assert clone(nobody, "/clone").status_code == 401


def test_the_door_clones_takes_consent_lists_speaks_and_deletes(gateway, keys) -> None:
    metadata = (("authorization", f"Bearer {keys['alice']}"),)
    strangers = (("authorization", f"Bearer {keys['bob']}"),)
    with grpc.insecure_channel(gateway.addresses["grpc"]) as channel:
        stub = speech_pb2_grpc.SpeechStub(channel)

        def listed(metadata=metadata) -> dict[str, engine_pb2.Voice]:
            answer = stub.ListVoices(speech_pb2.ListVoicesRequest(), metadata=metadata, timeout=10)
            return {voice.voice_id: voice for voice in answer.voices if voice.cloned}

        def said(voice_id: str) -> speech_pb2.SpeechHeader:
            settings = speech_pb2.SpeechSettings(voice_id=voice_id, language="en")
            inputs = [speech_pb2.SpeechInput(settings=settings), speech_pb2.SpeechInput(text="Hello there.")]
            chunks = list(stub.Synthesize(iter(inputs), metadata=metadata, timeout=20))
            return next(chunk.header for chunk in chunks if chunk.HasField("header"))

        settings = speech_pb2.CloneVoiceSettings(name="Door", voice_id="at-the-door")
        pieces = [speech_pb2.CloneVoiceInput(settings=settings), speech_pb2.CloneVoiceInput(sample=SAMPLE)]
        voice = stub.CloneVoice(iter(pieces), metadata=metadata, timeout=30).voice
        assert (voice.cloned, voice.usable, voice.state) == (True, False, engine_pb2.VOICE_STATE_AWAITING_CONSENT)
        assert listed()[voice.voice_id].state == engine_pb2.VOICE_STATE_AWAITING_CONSENT
        assert voice.voice_id not in listed(strangers)
        with pytest.raises(grpc.RpcError) as caught:
            said(voice.voice_id)
        assert reason(caught.value) == (grpc.StatusCode.PERMISSION_DENIED, "consent_missing")

        consent = speech_pb2.Consent(speaker="Alice", statement="I agree.")
        asked = speech_pb2.GiveConsentRequest(voice_id=voice.voice_id, consent=consent)
        with pytest.raises(grpc.RpcError) as caught:
            stub.GiveConsent(asked, metadata=strangers, timeout=10)
        assert reason(caught.value) == (grpc.StatusCode.NOT_FOUND, "unknown_voice")
        assert stub.GiveConsent(asked, metadata=metadata, timeout=10).voice.usable
        assert listed()[voice.voice_id].usable
        assert (said("AT-the-door").engine, said("at-the-door").voice_id) == ("xtts", "at-the-door")
        request = speech_pb2.DeleteVoiceRequest(voice_id="at-the-door")
        stub.DeleteVoice(request, metadata=metadata, timeout=10)
        with pytest.raises(grpc.RpcError) as caught:
            said("at-the-door")
        assert reason(caught.value) == (grpc.StatusCode.NOT_FOUND, "unknown_voice")


def test_without_an_engine_a_voice_is_kept_and_waits(start_service) -> None:
    """No keys here; and no rung of the chain but one whose weights are missing."""
    speech_service = start_service("svc_tts", TROUPE_SPEECH_ENGINES=f"{ENGINES}:MissingXtts,tone", PYTHONPATH=str(ROOT))
    gateway = start_service(
        "gateway",
        PROVIDER_TTS="xtts",
        PROVIDER_TTS_FALLBACK="",
        TROUPE_SPEECH_TARGET=speech_service.grpc,
        **NOWHERE,
    )
    ready(gateway, "", {"xtts"}, "missing")
    with client_of(gateway, "") as client:
        told = clone(client, **FORM).json()
        assert (told["stored"], told["usable"], told["state"]) == (True, False, "awaiting_engine")
        assert "make parrot" in told["why"]
        refused = say(client, told["voice_id"])
        assert code_of(refused) == (409, "voice_unusable")
        assert "make parrot" in refused.json()["error"]["message"]
        assert client.delete(f"/api/voices/{told['voice_id']}").status_code == 200


def test_where_the_service_is_gone_a_clone_is_not_called_unknown(start_service) -> None:
    speech_service = start_service("svc_tts", TROUPE_SPEECH_ENGINES=f"{ENGINES}:XttsParrot", PYTHONPATH=str(ROOT))
    gateway = start_service(
        "gateway", PROVIDER_TTS="xtts", PROVIDER_TTS_FALLBACK="", TROUPE_SPEECH_TARGET=speech_service.grpc, **NOWHERE
    )
    ready(gateway, "", {"xtts"})
    speech_service.stop()
    with client_of(gateway, "") as client:
        assert say(client, "my-voice-of-old").status_code == 503
        assert client.get("/api/voices").json()["notes"]
