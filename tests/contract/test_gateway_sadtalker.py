"""SadTalker's own settings on their way: through HTTP and gRPC to the engine of that name, and to no other."""

from __future__ import annotations

from pathlib import Path

import grpc.aio
import httpx
import pytest
from tests.fakes.sadtalker_standin import asked

from troupe.v1.video_pb2 import AnimateInput, AnimateSettings, SadtalkerSettings, Speech24k
from troupe.v1.video_pb2_grpc import VideoStub
from troupe.wire.errors import InvalidArgument
from troupe.wire.statuses import from_rpc_error

ROOT = Path(__file__).parents[2]
MP4 = b"\x00\x00\x00\x18ftypisom" + bytes(20_000)
SECOND = bytes(48_000)  # of PCM


@pytest.fixture(scope="module")
def video(start_service_once):
    ports = {"TROUPE_VIDEO_GRPC_PORT": "0", "TROUPE_VIDEO_METRICS_PORT": "0"}
    engines = "sadtalker,portrait"
    return start_service_once(
        "tests.fakes.sadtalker_standin", TROUPE_VIDEO_ENGINES=engines, PYTHONPATH=str(ROOT), **ports
    )


@pytest.fixture(scope="module")
def start_gateway(start_service_once, video):
    speech = start_service_once("svc_tts", TROUPE_SPEECH_ENGINES="tone")
    env = {
        "PROVIDER_TTS": "tone",
        "PROVIDER_TTS_FALLBACK": "",
        "TROUPE_SPEECH_TARGET": speech.grpc,
        "TROUPE_VIDEO_TARGET": video.grpc,
        "TROUPE_TEXT_TARGET": "127.0.0.1:1",
    }
    return lambda **more: start_service_once("gateway", **env, **more)


@pytest.fixture(scope="module")
def gateway(start_gateway):
    return start_gateway(PROVIDER_VIDEO="sadtalker", PROVIDER_VIDEO_FALLBACK="portrait")


@pytest.fixture
def client(gateway):
    with httpx.Client(base_url=f"http://{gateway.addresses['http']}", timeout=60) as client:
        yield client


@pytest.fixture
async def stub(gateway):
    async with grpc.aio.insecure_channel(gateway.grpc) as channel:
        yield VideoStub(channel)


def film(client, **more) -> httpx.Response:
    reply = client.post("/api/avatar", **more)
    assert reply.status_code == 200, reply.text
    return reply


def test_an_object_of_settings_reaches_the_engine(client, video) -> None:
    told = {"preprocess": "FULL", "still": True, "pose_style": 7, "size": 512, "yaw": [0, 20], "blink_rate": 0}
    reply = film(client, json={"text": "Hello.", "sadtalker": told})
    assert reply.headers["x-troupe-provider"] == "tts=tone;video=sadtalker"
    assert asked(video.log) == told | {"preprocess": "full"}
    assert "no effect" not in reply.headers["x-troupe-notes"]


def test_a_form_of_flat_names_and_a_film_reach_the_engine(client, video) -> None:
    texts = {"text": "Hello.", "sadtalker.preprocess": "extcrop", "sadtalker.reference_for": "pose"}
    film(client, data=texts, files={"reference": ("me.mp4", MP4)})
    assert asked(video.log) == {
        "preprocess": "extcrop",
        "reference_for": "pose",
        "reference": f"{len(MP4)} bytes",
    }


def test_another_engine_gets_none_of_them_and_a_note_says_so(client) -> None:
    order = {"text": "Hello.", "video_provider": "portrait", "sadtalker": {"size": 512}}
    reply = film(client, json=order)
    assert reply.headers["x-troupe-provider"] == "tts=tone;video=portrait"
    assert "the settings for sadtalker had no effect: portrait made the film" in reply.headers["x-troupe-notes"]


@pytest.mark.parametrize(
    ("request_parts", "status", "code", "says"),
    [
        ({"json": {"text": "Hi", "sadtalker": {"pose_style": 46}}}, 400, "invalid_argument", "allowed: 0 to 45"),
        ({"json": {"text": "Hi", "sadtalker": {"sizes": 1}}}, 400, "invalid_argument", '"sadtalker.size"'),
        ({"data": {"text": "Hi", "sadtalker": "full"}, "files": {"x": (None, "")}}, 400, "invalid_argument", "JSON"),
        ({"data": {"text": "Hi"}, "files": {"reference": ("r.mp4", b"a film")}}, 415, "unsupported_media", "a text"),
        ({"data": {"text": "Hi"}, "files": {"reference": ("r", MP4 * 180)}}, 413, "media_too_large", "3,500,000"),
    ],
)  # fmt: skip
def test_a_slip_is_told_before_anything_is_spoken(client, request_parts, status, code, says) -> None:
    reply = client.post("/api/avatar", **request_parts)
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code), reply.text
    assert says in reply.json()["error"]["message"]


def test_in_a_chain_that_nobody_wrote_what_is_slow_here_waits_until_it_is_named(start_gateway) -> None:
    unwritten = start_gateway()
    with httpx.Client(base_url=f"http://{unwritten.addresses['http']}", timeout=60) as client:
        assert client.get("/providers").json()["video"]["serving"] == "portrait"
        assert film(client, json={"text": "Hello."}).headers["x-troupe-provider"] == "tts=tone;video=portrait"
        named = film(client, json={"text": "Hello.", "video_provider": "sadtalker"})
        assert named.headers["x-troupe-provider"] == "tts=tone;video=sadtalker"


async def animate(stub: VideoStub, settings: AnimateSettings) -> list[str]:
    """The notes of that film's header; all of it is read."""

    async def told():
        yield AnimateInput(settings=settings)
        yield AnimateInput(speech=Speech24k(pcm=SECOND))

    chunks = [chunk async for chunk in stub.Animate(told(), timeout=60)]
    assert any(chunk.end_of_stream for chunk in chunks)
    return [note for chunk in chunks for note in chunk.header.notes]


async def test_the_grpc_door_passes_them_on(stub, video) -> None:
    told = SadtalkerSettings(preprocess="full", pitch=[-5], reference=MP4)
    notes = await animate(stub, AnimateSettings(portrait_id="ada", sadtalker=told))
    assert asked(video.log) == {"preprocess": "full", "pitch": [-5], "reference": f"{len(MP4)} bytes"}
    assert not any("no effect" in note for note in notes)


async def test_the_grpc_door_keeps_them_from_others(stub) -> None:
    settings = AnimateSettings(engine="portrait", portrait_id="ada", sadtalker=SadtalkerSettings(size=512))
    assert any("no effect" in note for note in await animate(stub, settings))


async def test_the_grpc_door_refuses_what_cannot_be(stub) -> None:
    settings = AnimateSettings(portrait_id="ada", sadtalker=SadtalkerSettings(size=300))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await animate(stub, settings)
    error = from_rpc_error(caught.value)
    assert isinstance(error, InvalidArgument)
    assert "allowed: 256, 512" in error.message


def test_nothing_of_all_this_left_a_traceback(gateway, video) -> None:
    assert "Traceback" not in gateway.log
    assert "Traceback" not in video.log
