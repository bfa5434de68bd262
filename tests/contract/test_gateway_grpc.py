"""The gRPC door over real sockets, and the example of docs/GRPC.md as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from gateway.guard.keys import create_key
from troupe.v1.engine_pb2 import DescribeRequest, Principal
from troupe.v1.media_pb2 import AUDIO_CODEC_PCM, AudioFormat
from troupe.v1.speech_pb2 import Flush, ListVoicesRequest, SpeechInput, SpeechSettings
from troupe.v1.speech_pb2_grpc import SpeechStub
from troupe.v1.text_pb2 import (
    ROLE_USER,
    ChatRequest,
    ClientFrame,
    ContentPart,
    CountTokensRequest,
    ListModelsRequest,
    Message,
)
from troupe.v1.text_pb2_grpc import TextStub
from troupe.v1.video_pb2 import GenerateRequest, ListPortraitsRequest
from troupe.v1.video_pb2_grpc import VideoStub
from troupe.wire.errors import (
    EmptyText,
    InvalidArgument,
    NoRungCanServe,
    NotSupported,
    PermissionDenied,
    Unauthenticated,
    UnknownProvider,
    UnknownVoice,
)
from troupe.wire.statuses import from_rpc_error

ROOT = Path(__file__).parents[2]
PCM = AudioFormat(codec=AUDIO_CODEC_PCM, sample_rate=24_000, channels=1)


@pytest.fixture(scope="module")
def targets(start_service_once):
    text = start_service_once("svc_text", TROUPE_TEXT_ENGINES="echo")
    speech = start_service_once("svc_tts", TROUPE_SPEECH_ENGINES="tone")
    video = start_service_once("svc_video", TROUPE_VIDEO_ENGINES="still")
    return {
        "PROVIDER_TEXT": "echo",
        "PROVIDER_TTS": "tone",
        "PROVIDER_TTS_FALLBACK": "",
        "PROVIDER_VIDEO": "still",
        "PROVIDER_VIDEO_FALLBACK": "",
        "TROUPE_TEXT_TARGET": text.grpc,
        "TROUPE_SPEECH_TARGET": speech.grpc,
        "TROUPE_VIDEO_TARGET": video.grpc,
        "TROUPE_MISSED_TICKS": "20",
    }


@pytest.fixture(scope="module")
def gateway(start_service_once, targets):
    return start_service_once("gateway", **targets)


@pytest.fixture
async def channel(gateway):
    async with grpc.aio.insecure_channel(gateway.grpc) as channel:
        yield channel


async def leaf_of(call) -> Exception:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ended(call)
    return from_rpc_error(caught.value)


async def ended(call) -> None:
    if not hasattr(call, "__aiter__"):
        await call
        return
    async for _ in call:
        pass


async def sent(*messages):
    for message in messages:
        yield message


def settings(**fields) -> SpeechInput:
    return SpeechInput(settings=SpeechSettings(format=PCM, **fields))


def test_the_example_of_the_docs_runs_as_it_stands(gateway, tmp_path) -> None:
    example = re.search(r"```python\n(.*?)```", (ROOT / "docs/GRPC.md").read_text(encoding="utf-8"), re.DOTALL)
    assert example
    (tmp_path / "example.py").write_text(example[1], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "example.py", gateway.grpc],
        cwd=tmp_path, capture_output=True, text=True, timeout=50, check=False, env={**os.environ, "PYTHONWARNINGS": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "hello.mp4 is ready" in done.stdout
    assert "waited" in done.stdout
    assert (tmp_path / "hello.mp4").read_bytes()[4:8] == b"ftyp"


async def test_speech_is_made_from_text_that_is_piped_in(channel) -> None:
    call = SpeechStub(channel).Synthesize()
    await call.write(settings(voice_id="en-US-GuyNeural"))
    await call.write(SpeechInput(text="The first sentence. "))
    await call.write(SpeechInput(flush=Flush()))
    async for chunk in call:
        if chunk.audio:
            break  # before the text is whole
    await call.write(SpeechInput(text="And the second."))
    await call.done_writing()
    words = [word.word.strip(".") async for chunk in call for word in chunk.words]
    assert words[-1] == "second"


async def test_the_header_tells_a_substituted_voice(channel) -> None:
    call = SpeechStub(channel).Synthesize(sent(settings(voice_id="female-shaonv"), SpeechInput(text="Hello.")))
    headers = [chunk.header async for chunk in call if chunk.HasField("header")]
    assert [(each.engine, each.voice_substituted, each.requested_voice_id) for each in headers] == [
        ("tone", True, "female-shaonv")
    ]


async def test_ticks_flow_while_a_caller_writes_nothing(channel) -> None:
    call = SpeechStub(channel).Synthesize()
    await call.write(settings())
    for number in range(1, 4):
        message = await call.read()
        assert message.tick.sequence == number
    call.cancel()


async def test_a_chat_is_answered_by_the_text_chain(channel) -> None:
    request = ChatRequest(messages=[Message(role=ROLE_USER, content=[ContentPart(text="one two three")])])
    deltas = [delta async for delta in TextStub(channel).Chat(request)]
    assert "".join(delta.content for delta in deltas).split() == ["one", "two", "three"]
    assert deltas[-1].usage.completion_tokens or any(delta.usage.completion_tokens for delta in deltas)


async def test_the_unary_calls_of_text_pass_through(channel) -> None:
    stub = TextStub(channel)
    assert (await stub.ListModels(ListModelsRequest())).models
    request = ChatRequest(messages=[Message(role=ROLE_USER, content=[ContentPart(text="one two three")])])
    assert (await stub.CountTokens(CountTokensRequest(request=request))).tokens >= 3


async def test_errors_cross_the_door_with_their_code(channel) -> None:
    speech = SpeechStub(channel)
    unknown = await leaf_of(speech.Synthesize(sent(settings(voice_id="en-US-AryaNeural"), SpeechInput(text="Hi"))))
    assert isinstance(unknown, UnknownVoice)
    assert "en-US-AriaNeural" in unknown.message
    assert isinstance(await leaf_of(speech.Synthesize(sent(settings()))), EmptyText)
    assert isinstance(await leaf_of(speech.Synthesize(sent(SpeechInput(text="Hi")))), InvalidArgument)
    assert isinstance(
        await leaf_of(speech.Synthesize(sent(settings(engine="nobody"), SpeechInput(text="Hi")))), UnknownProvider
    )
    generated = await leaf_of(VideoStub(channel).Generate(GenerateRequest(prompt="a cat")))
    assert isinstance(generated, NoRungCanServe)
    assert "text to video" in generated.message
    assert isinstance(await leaf_of(TextStub(channel).Connect(sent(ClientFrame(id=1)))), NotSupported)


async def test_metadata_says_what_headers_say(channel) -> None:
    speech = SpeechStub(channel)

    def call(*metadata):
        return speech.Synthesize(sent(settings(), SpeechInput(text="Hi")), metadata=metadata)

    for name in ("tone", "tts=tone"):
        assert [chunk async for chunk in call(("x-troupe-provider", name)) if chunk.audio]
    unknown = await leaf_of(call(("x-troupe-provider", "tonne")))
    assert isinstance(unknown, UnknownProvider)
    assert 'Did you mean "tone"' in unknown.message
    assert [chunk async for chunk in call(("x-troupe-local-only", "1"), ("x-troupe-priority", "batch")) if chunk.audio]
    assert isinstance(await leaf_of(call(("x-troupe-priority", "soon"))), InvalidArgument)


async def test_describe_shows_the_chain(channel) -> None:
    described = await SpeechStub(channel).Describe(DescribeRequest())
    assert [engine.name for engine in described.engines] == ["tone"]
    assert (await SpeechStub(channel).ListVoices(ListVoicesRequest(language="fr"))).voices


async def test_health_and_reflection_are_served(channel) -> None:
    health = health_pb2_grpc.HealthStub(channel)
    for name in ("", "live", "troupe.v1.Speech", "troupe.v1.Video"):
        answer = await health.Check(health_pb2.HealthCheckRequest(service=name))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING, name
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    answers = [answer async for answer in stub.ServerReflectionInfo(sent(asked))]
    names = {service.name for service in answers[0].list_services_response.service}
    assert {"troupe.v1.Text", "troupe.v1.Speech", "troupe.v1.Video"} <= names


async def test_keys_guard_the_door_and_decide_who_the_caller_is(start_service, targets, tmp_path) -> None:
    keys = tmp_path / "keys.json"
    video_key = create_key(keys, "video only", ["video"])
    other_key = create_key(keys, "everything")
    gateway = start_service("gateway", **targets, TROUPE_API_KEYS_FILE=str(keys))
    async with grpc.aio.insecure_channel(gateway.grpc) as channel:
        video, speech = VideoStub(channel), SpeechStub(channel)
        request = ListPortraitsRequest(principal=Principal(key_id="somebody else"))
        assert isinstance(await leaf_of(video.ListPortraits(request)), Unauthenticated)
        wrong = (("authorization", "Bearer tp_wrong"),)
        assert isinstance(await leaf_of(video.ListPortraits(request, metadata=wrong)), Unauthenticated)
        key = (("authorization", f"Bearer {video_key}"),)
        assert (await video.ListPortraits(request, metadata=key)).portraits
        call = speech.Synthesize(sent(settings(), SpeechInput(text="Hi")), metadata=key)
        assert isinstance(await leaf_of(call), PermissionDenied)
        call = speech.Synthesize(sent(settings(), SpeechInput(text="Hi")), metadata=(("x-api-key", other_key),))
        assert [chunk async for chunk in call if chunk.audio]
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        with pytest.raises(grpc.aio.AioRpcError):
            async for _ in stub.ServerReflectionInfo(sent(reflection_pb2.ServerReflectionRequest(list_services=""))):
                pass
    assert video_key not in gateway.log
    assert other_key not in gateway.log


def test_the_log_has_no_traceback(gateway) -> None:
    assert "Traceback" not in gateway.log
