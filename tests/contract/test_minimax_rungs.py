"""The MiniMax rungs as callers meet them: a real gateway, every local service down, the fake cloud over sockets."""

from __future__ import annotations

import io
import json
import time
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import grpc
import httpx
import pytest

from troupe.v1.engine_pb2 import TASK_CLONE, DescribeRequest
from troupe.v1.speech_pb2 import (
    CloneVoiceInput,
    CloneVoiceSettings,
    Consent,
    DeleteVoiceRequest,
    SpeechInput,
    SpeechSettings,
)
from troupe.v1.speech_pb2_grpc import SpeechStub
from troupe.v1.text_pb2 import FINISH_REASON_TOOL_CALLS, ROLE_USER, ChatRequest, ContentPart, Message, Tool
from troupe.v1.text_pb2_grpc import TextStub
from troupe.v1.video_pb2 import AnimateInput, AnimateSettings, GenerateRequest, Speech24k
from troupe.v1.video_pb2_grpc import VideoStub
from troupe.wire.statuses import from_rpc_error

FAKES = Path(__file__).parents[1] / "fakes"
KEY = "sk-api-fake-global"
AVATAR = Path(__file__).parents[2] / "svc-video" / "src" / "svc_video" / "data" / "avatars" / "ada.webp"
NOWHERE = "127.0.0.1:1"
CHAT, T2A = "/v1/chat/completions", "/v1/t2a_v2"
SEED_REQUEST = {"text": "Hello world", "voice_id": "en-US-GuyNeural"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def house(fake: str, **more: str) -> dict[str, str]:
    """The environment of a gateway whose local services are all down."""
    chains = {f"PROVIDER_{chain}": "minimax" for chain in ("TEXT", "TTS", "VIDEO")}
    none = {f"PROVIDER_{chain}_FALLBACK": "" for chain in ("TEXT", "TTS", "VIDEO")}
    targets = {f"TROUPE_{service}_TARGET": NOWHERE for service in ("TEXT", "SPEECH", "VIDEO")}
    cloud = {"MINIMAX_API_KEY": KEY, "MINIMAX_API_HOST": fake, "MINIMAX_GROUP_ID": "4711"}
    return {**chains, **none, **targets, **cloud, **more}


@pytest.fixture(scope="module")
def fake(start_service_once) -> str:
    started = start_service_once("minimax", PYTHONPATH=str(FAKES), FAKE_MINIMAX_STATES="Preparing")
    return f"http://{started.addresses['http']}"


@pytest.fixture(scope="module")
def gateway(start_service_once, fake):
    return start_service_once("gateway", **house(fake))


@pytest.fixture
def cloud(fake):
    """The fake's own switches: no failures are left over, nothing is remembered."""
    with httpx.Client(base_url=fake, timeout=10) as client:
        client.delete("/_script").raise_for_status()
        client.delete("/_seen").raise_for_status()
        yield client


@pytest.fixture
def client(gateway):
    with httpx.Client(base_url=f"http://{gateway.addresses['http']}", timeout=30) as client:
        yield client


@pytest.fixture
def channel(gateway):
    with grpc.insecure_channel(gateway.grpc) as channel:
        yield channel


def script(cloud: httpx.Client, endpoint: str, **behaviour: object) -> None:
    cloud.post("/_script", json={"endpoint": endpoint, **behaviour}).raise_for_status()


def seen(cloud: httpx.Client) -> dict:
    return cloud.get("/_seen").json()


def user(text: str, **fields: object) -> ChatRequest:
    return ChatRequest(messages=[Message(role=ROLE_USER, content=[ContentPart(text=text)])], **fields)


def without_ticks(messages) -> list:
    return [message for message in messages if not message.HasField("tick")]


def test_speech_has_the_shape_it_always_has(cloud, client) -> None:
    reply = client.post("/api/voice", json=SEED_REQUEST)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "audio/mpeg"
    assert reply.headers["x-troupe-provider"] == "minimax"
    with av.open(io.BytesIO(reply.content)) as sound:
        samples = sum(frame.samples for frame in sound.decode(audio=0))
        assert samples / sound.streams.audio[0].rate == pytest.approx(0.4, abs=0.1)
    asked = next(request for request in seen(cloud)["requests"] if request["path"] == T2A)
    assert asked["query"] == "GroupId=4711"
    assert asked["body"]["voice_setting"]["voice_id"].startswith("English_")


def test_a_minimax_voice_keeps_its_id(cloud, client) -> None:
    reply = client.post("/api/voice", json={"text": "你好。", "voice_id": "female-shaonv"})
    assert reply.status_code == 200, reply.text
    asked = next(request for request in seen(cloud)["requests"] if request["path"] == T2A)
    assert asked["body"]["voice_setting"]["voice_id"] == "female-shaonv"


def test_text_has_the_shape_it_always_has(cloud, client) -> None:
    reply = client.post("/api/text", json={"prompt": "count to 5"})
    assert reply.status_code == 200, reply.text
    assert reply.headers["x-troupe-provider"] == "minimax"
    assert "1 2 3 4 5" in reply.text


def test_chat_with_tools_at_the_door(cloud, channel) -> None:
    tool = Tool(name="weather", parameters='{"type": "object"}')
    deltas = without_ticks(TextStub(channel).Chat(user('call weather {"in": "Rom"}', tools=[tool]), timeout=20))
    assert "".join(call.arguments for delta in deltas for call in delta.tool_calls) == '{"in": "Rom"}'
    assert deltas[-1].finish_reason == FINISH_REASON_TOOL_CALLS
    assert "".join(delta.reasoning for delta in deltas)


def sample() -> bytes:
    memory = io.BytesIO()
    with wave.open(memory, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\1" * 8000 * 12)
    return memory.getvalue()


def test_where_there_is_only_the_cloud_a_voice_is_cloned_there_with_consent(cloud, client) -> None:
    def clone(**fields: str) -> httpx.Response:
        return client.post("/api/clone", files={"audio": sample()}, data={"name": "Ada", **fields})

    before = len(seen(cloud)["requests"])
    assert clone().status_code == 403
    assert len(seen(cloud)["requests"]) == before
    reply = clone(consent_speaker="Ada", consent_statement="my voice may be cloned")
    assert reply.status_code == 200, reply.text
    assert (reply.headers["x-troupe-provider"], reply.json()["state"]) == ("minimax", "ready")
    voice_id = reply.json()["voice_id"]
    [listed] = [each for each in client.get("/api/voices").json()["voices"] if each["voice_id"] == voice_id]
    assert (listed["cloned"], listed["available"]) == (True, True)
    said = client.post("/api/voice", json={"text": "Hello.", "voice_id": voice_id.upper()})
    assert (said.status_code, said.headers["x-troupe-voice"]) == (200, voice_id)
    assert client.post(f"/api/voices/{voice_id}/consent", json={"speaker": "A", "statement": "B"}).status_code == 422
    assert client.delete(f"/api/voices/{voice_id}").status_code == 200
    assert client.post("/api/voice", json={"text": "Hello.", "voice_id": voice_id}).status_code == 404


def test_a_clone_at_the_door(cloud, channel) -> None:
    stub = SpeechStub(channel)
    consent = Consent(speaker="Ada", statement="my voice may be cloned")
    settings = CloneVoiceSettings(voice_id="ada-voice", consent=consent)
    pieces = [CloneVoiceInput(settings=settings), CloneVoiceInput(sample=sample())]
    voice = stub.CloneVoice(iter(pieces), timeout=20).voice
    assert voice.cloned
    said = [SpeechInput(settings=SpeechSettings(voice_id=voice.voice_id)), SpeechInput(text="Hello there.")]
    chunks = without_ticks(stub.Synthesize(iter(said), timeout=20))
    assert next(chunk.header for chunk in chunks if chunk.HasField("header")).voice_id == voice.voice_id
    stub.DeleteVoice(DeleteVoiceRequest(voice_id=voice.voice_id), timeout=20)
    info = stub.Describe(DescribeRequest(), timeout=20).engines[0]
    assert TASK_CLONE in info.tasks
    assert voice.voice_id not in {each.voice_id for each in info.voices}


def test_a_clip_at_the_door(cloud, channel) -> None:
    chunks = without_ticks(VideoStub(channel).Generate(GenerateRequest(prompt="a cat"), timeout=30))
    stages = [chunk.progress.stage for chunk in chunks if chunk.HasField("progress")]
    assert stages[0] == "queued by MiniMax"
    data = b"".join(chunk.chunk.data for chunk in chunks)
    with av.open(io.BytesIO(data)) as film:
        assert film.duration / 1e6 == pytest.approx(6, abs=0.1)


def test_a_talking_head_at_the_door(cloud, channel) -> None:
    inputs = [
        AnimateInput(settings=AnimateSettings(engine="minimax")),
        AnimateInput(picture=PNG),
        AnimateInput(speech=Speech24k(pcm=bytes(48_000 * 5))),
    ]
    ticks, film = 0, b""
    for chunk in VideoStub(channel).Animate(iter(inputs), timeout=30):
        ticks += chunk.HasField("tick")
        film += chunk.data
    assert ticks >= 3
    with av.open(io.BytesIO(film)) as made:
        assert {stream.type for stream in made.streams} == {"video", "audio"}


def test_a_live_scene_waits_for_the_cloud_only_where_it_is_told_to(cloud, client) -> None:
    picture = {"portrait": ("me.webp", AVATAR.read_bytes(), "image/webp")}
    said = {"text": "Hello, I am new here.", "voice_id": "en-US-AriaNeural"}
    reply = client.post("/api/avatar", data=said, files=picture)
    assert reply.status_code == 422, reply.text
    assert "cloud_video=wait" in reply.text
    reply = client.post("/api/avatar", data={**said, "cloud_video": "wait"}, files=picture)
    assert reply.status_code == 200, reply.text
    assert reply.headers["x-troupe-provider"] == "tts=minimax;video=minimax"
    with av.open(io.BytesIO(reply.content)) as film:
        assert {stream.type for stream in film.streams} == {"video", "audio"}


def test_a_script_that_is_too_long_for_a_clip(cloud, client) -> None:
    picture = {"portrait": ("me.webp", AVATAR.read_bytes(), "image/webp")}
    reply = client.post("/api/avatar", data={"text": "word " * 90, "cloud_video": "wait"}, files=picture)
    assert reply.status_code == 413, reply.text
    assert "15 s" in reply.text


def test_a_speech_that_is_too_long_for_a_clip(cloud, channel) -> None:
    inputs = [AnimateInput(settings=AnimateSettings(engine="minimax")), AnimateInput(picture=PNG)]
    inputs += [AnimateInput(speech=Speech24k(pcm=bytes(48_000)))] * 16
    with pytest.raises(grpc.RpcError) as raised:
        list(VideoStub(channel).Animate(iter(inputs), timeout=30))
    assert str(from_rpc_error(raised.value)).startswith("The speech is longer than 15 s")
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        ({"base_resp": 1026}, 400, "sensitive"),
        ({"base_resp": 2013}, 400, "does not take"),
        ({"base_resp": 1000}, 503, "code 1000"),
        ({"drop": True}, 503, "Cannot connect to MiniMax"),
        ({"html": True}, 503, "HTTP 502"),
        ({"error_after_events": 0, "base_resp": 1013}, 503, "code 1013"),
    ],
)
def test_failures_before_the_first_byte(cloud, client, fault, status, said) -> None:
    script(cloud, T2A, times=0, **fault)
    reply = asked_for_real(client)
    assert reply.status_code == status, reply.text
    assert said in reply.text
    assert KEY not in reply.text


def asked_for_real(client: httpx.Client) -> httpx.Response:
    """The reply to a request that reached the cloud: what failed in the test before may have ejected it for seconds."""
    until = time.monotonic() + 20
    while True:
        reply = client.post("/api/voice", json=SEED_REQUEST)
        if "ejected" not in reply.text[:300] or time.monotonic() > until:
            return reply
        time.sleep(0.2)


def test_half_a_speech_is_cut_so_that_the_client_sees_it(cloud, client) -> None:
    asked_for_real(client)
    text = "One two three four five six seven eight nine ten. " * 6
    script(cloud, T2A, cut_after_events=20, times=0)
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/api/voice", json={"text": text})


def test_a_rate_limit_is_told_with_the_time_and_not_asked_again(start_service, cloud, fake) -> None:
    gateway = start_service("gateway", **house(fake))
    script(cloud, CHAT, base_resp=1002, retry_after_s=30, times=0)
    with httpx.Client(base_url=f"http://{gateway.addresses['http']}", timeout=30) as client:
        replies = [client.post("/api/text", json={"prompt": "hello"}) for _ in range(20)]
    assert {reply.status_code for reply in replies} <= {503, 429}
    assert all(1 <= float(reply.headers["retry-after"]) <= 30 for reply in replies)
    assert seen(cloud)["counts"][f"POST {CHAT}"] == 1


def test_a_key_of_another_region_is_named_and_makes_no_storm(start_service, cloud, fake) -> None:
    other = "sk-api-fake-mainland"
    gateway = start_service("gateway", **house(fake, MINIMAX_API_KEY=other))
    with httpx.Client(base_url=f"http://{gateway.addresses['http']}", timeout=30) as client:
        replies = [client.post(path, json=body) for path, body in [
            ("/api/text", {"prompt": "hello"}), ("/api/voice", SEED_REQUEST), ("/api/voice", SEED_REQUEST),
        ]]  # fmt: skip
    for reply in replies:
        assert reply.status_code == 503, reply.text  # the caller's own key is not what is wrong
        assert "MINIMAX_API_KEY and MINIMAX_API_HOST may be of different regions" in reply.text
    assert sum(seen(cloud)["counts"].values()) == 1
    assert other not in gateway.log + "".join(reply.text for reply in replies)


def test_the_cap_survives_a_restart(start_service, cloud, fake, tmp_path) -> None:
    settings = house(fake, PROVIDER_MINIMAX_CAP_USD_DAY="0.01", TROUPE_STATE_DIR=str(tmp_path / "state"))
    gateway = start_service("gateway", **settings)
    text = "word " * 18  # 90 characters: $0.009
    with httpx.Client(base_url=f"http://{gateway.addresses['http']}", timeout=30) as client:
        assert client.post("/api/voice", json={"text": text}).status_code == 200
    gateway.stop()
    gateway = start_service("gateway", **settings)
    with httpx.Client(base_url=f"http://{gateway.addresses['http']}", timeout=30) as client:
        reply = client.post("/api/voice", json={"text": text})
    assert reply.status_code == 422, reply.text
    assert "its cap of $0.01 for today" in reply.text
    assert seen(cloud)["counts"][f"POST {T2A}"] == 1


def test_callers_who_leave_leave_nothing_behind(cloud, client, gateway) -> None:
    script(cloud, CHAT, hang_after_events=8, times=0)

    def visit(_number: int) -> None:
        with (
            httpx.Client(base_url=client.base_url, timeout=30) as own,
            own.stream("POST", "/api/text", json={"prompt": "count to 30", "stream": True}) as reply,
        ):
            next(reply.iter_raw())

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(visit, range(40)))
    ended = time.monotonic()
    while seen(cloud)["open"] and time.monotonic() - ended < 10:
        time.sleep(0.05)
    told = seen(cloud)
    assert told["open"] == 0
    assert told["counts"][f"POST {CHAT}"] == 40
    assert "Traceback" not in gateway.log


def test_the_key_is_in_no_log(cloud, client, gateway) -> None:
    script(cloud, T2A, base_resp=2013, message=f"odd key {KEY}")
    assert client.post("/api/voice", json=SEED_REQUEST).status_code == 400
    assert KEY not in gateway.log
    assert KEY not in json.dumps(client.get("/providers").json())
