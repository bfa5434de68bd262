"""Answers that break after their first byte: a replica is killed in the middle of one, and the caller has the whole."""

from __future__ import annotations

import asyncio
import io
import json
import re
import signal

import av
import grpc.aio
import httpx
import numpy as np
import pytest

from troupe.v1.engine_pb2 import DescribeRequest
from troupe.v1.speech_pb2 import SpeechInput, SpeechSettings, ToneSettings
from troupe.v1.speech_pb2_grpc import SpeechStub
from troupe.v1.text_pb2 import ROLE_USER, ChatRequest, ContentPart, EchoSettings, Message
from troupe.v1.text_pb2_grpc import TextStub
from troupe.v1.video_pb2 import AnimateInput, AnimateSettings, Speech24k, StillSettings
from troupe.v1.video_pb2_grpc import VideoStub

WORDS = 150
SCRIPT = " ".join(f"word{number}." if number % 10 == 9 else f"word{number}" for number in range(WORDS))
STUBS = {"svc_text": TextStub, "svc_tts": SpeechStub, "svc_video": VideoStub}


@pytest.fixture
def house(start_service):
    """`house("svc_tts")`: two replicas of that service, one of the others, and a gateway before them."""

    def start(doubled: str):
        engines = {"svc_text": "echo", "svc_tts": "tone", "svc_video": "still"}
        settings = {"svc_text": "TROUPE_TEXT", "svc_tts": "TROUPE_SPEECH", "svc_video": "TROUPE_VIDEO"}
        replicas, env = {}, {}
        for module in engines if doubled == "svc_video" else (doubled,):
            count = 2 if module == doubled else 1
            named = {f"{settings[module]}_ENGINES": engines[module]}
            replicas[module] = [start_service(module, **named) for _ in range(count)]
            env[f"{settings[module]}_TARGET"] = ",".join(replica.grpc for replica in replicas[module])
        for modality, engine in (("TEXT", "echo"), ("TTS", "tone"), ("VIDEO", "still")):
            env |= {f"PROVIDER_{modality}": engine, f"PROVIDER_{modality}_FALLBACK": ""}
        for target in ("TROUPE_TEXT_TARGET", "TROUPE_SPEECH_TARGET", "TROUPE_VIDEO_TARGET"):
            env.setdefault(target, "127.0.0.1:1")
        gateway = start_service("gateway", **env, TROUPE_MISSED_TICKS="20")
        return gateway, replicas[doubled]

    return start


async def kill_the_one_that_serves(module: str, replicas) -> None:
    for replica in replicas:
        async with grpc.aio.insecure_channel(replica.grpc) as channel:
            described = await STUBS[module](channel).Describe(DescribeRequest(), timeout=5)
        if sum(engine.outstanding for engine in described.engines):
            replica.signal(signal.SIGKILL)
            await asyncio.to_thread(replica.popen.wait, 5)
            return
    pytest.fail("no replica serves")


def url(gateway) -> str:
    return f"http://{gateway.addresses['http']}"


async def test_a_text_goes_on_over_http(house) -> None:
    gateway, replicas = house("svc_text")
    body = {"prompt": "x", "stream": True, "echo": {"count_to": 120, "delay_ms_per_token": 10}}
    events: list[tuple[str, dict]] = []
    async with (
        httpx.AsyncClient(base_url=url(gateway), timeout=30) as client,
        client.stream("POST", "/api/text", json=body) as reply,
    ):
        kind = ""
        async for line in reply.aiter_lines():
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: "):
                events.append((kind, json.loads(line.removeprefix("data: "))))
                if len(events) == 20:
                    await kill_the_one_that_serves("svc_text", replicas)
    assert "".join(data["text"] for kind, data in events if kind == "delta") == " ".join(map(str, range(1, 121)))
    assert events[-1][0] == "end"
    assert events[-1][1]["usage"]["completion_tokens"] == 120
    assert "resumed on echo" in gateway.log
    assert "Traceback" not in gateway.log


async def test_a_text_goes_on_over_grpc(house) -> None:
    gateway, replicas = house("svc_text")
    request = ChatRequest(
        messages=[Message(role=ROLE_USER, content=[ContentPart(text="x")])],
        echo=EchoSettings(count_to=80, delay_ms_per_token=10),
    )
    said = []
    async with grpc.aio.insecure_channel(gateway.grpc) as channel:
        async for delta in TextStub(channel).Chat(request, timeout=30):
            if delta.content:
                said.append(delta.content)
                if len(said) == 20:
                    await kill_the_one_that_serves("svc_text", replicas)
    assert "".join(said) == " ".join(map(str, range(1, 81)))


async def speak(gateway, kill=None) -> tuple[bytes, list]:
    """The script piped in word by word; after a third of it a replica may be killed."""
    settings = SpeechSettings(tone=ToneSettings(ms_per_word=40, delay_ms_per_word=5))

    async def typed():
        yield SpeechInput(settings=settings)
        for word in SCRIPT.split():
            yield SpeechInput(text=word + " ")

    sound, words = b"", []
    async with grpc.aio.insecure_channel(gateway.grpc) as channel:
        async for chunk in SpeechStub(channel).Synthesize(typed(), timeout=30):
            sound += chunk.audio
            words += [(word.word, word.text_start, word.start_ms) for word in chunk.words]
            if kill is not None and len(words) > WORDS / 3:
                await kill()
                kill = None
    return sound, words


async def test_a_speech_goes_on_sample_by_sample(house) -> None:
    gateway, replicas = house("svc_tts")
    whole, words = await speak(gateway)
    assert len(words) == WORDS
    broken = await speak(gateway, lambda: kill_the_one_that_serves("svc_tts", replicas))
    assert broken == (whole, words)
    assert "resumed on tone" in gateway.log
    assert "Traceback" not in gateway.log


def seen(film: bytes) -> tuple[list[int], list[int]]:
    """Times of the pictures (ms), and of the sound packets (samples)."""
    with av.open(io.BytesIO(film)) as container:
        pictures = [round(frame.time * 1000) for frame in container.decode(video=0)]
    with av.open(io.BytesIO(film)) as container:
        sounds = [packet.pts for packet in container.demux(audio=0) if packet.pts is not None]
    return pictures, sounds


async def film_of(gateway, kill) -> tuple[bytes, str]:
    film, killed = b"", False
    async with (
        httpx.AsyncClient(base_url=url(gateway), timeout=60) as client,
        client.stream("POST", "/api/avatar", json={"text": SCRIPT * 2, "width": 128, "height": 128}) as reply,
    ):
        assert reply.status_code == 200
        async for piece in reply.aiter_raw():
            film += piece
            if not killed and len(film) > 20_000:
                await kill()
                killed = True
        return film, reply.headers["x-troupe-scene"]


async def test_a_film_goes_on_frame_by_frame(house) -> None:
    gateway, replicas = house("svc_video")
    film, scene = await film_of(gateway, lambda: kill_the_one_that_serves("svc_video", replicas))
    async with httpx.AsyncClient(base_url=url(gateway), timeout=30) as client:
        told = (await client.get(f"/api/scenes/{scene}/events")).text
    assert "event: resumed" in told
    assert '"ok":true' in told
    pictures, sounds = seen(film)
    assert pictures == [40 * number for number in range(len(pictures))]
    assert pictures[-1] + 40 >= max(map(int, re.findall(r'"end_ms":(\d+)', told)))
    assert set(np.diff(sounds)) == {1024}
    assert "Traceback" not in gateway.log


async def test_a_film_goes_on_over_grpc_with_its_own_picture(house, portrait_png) -> None:
    gateway, replicas = house("svc_video")
    settings = AnimateSettings(width=64, height=64, still=StillSettings(delay_ms_per_frame=5))

    async def ordered():
        yield AnimateInput(settings=settings)
        for start in range(0, len(portrait_png), 1000):
            yield AnimateInput(picture=portrait_png[start : start + 1000])
        for _ in range(60):
            yield AnimateInput(speech=Speech24k(pcm=bytes(48 * 100)))

    film, sequences = b"", []
    async with grpc.aio.insecure_channel(gateway.grpc) as channel:
        async for chunk in VideoStub(channel).Animate(ordered(), timeout=30):
            film += chunk.data
            if chunk.sequence:
                sequences.append(chunk.sequence)
                if len(sequences) == 4:
                    await kill_the_one_that_serves("svc_video", replicas)
    assert sequences == list(range(1, len(sequences) + 1))
    assert seen(film)[0] == [40 * number for number in range(150)]


@pytest.fixture
def portrait_png() -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.effect_noise((96, 96), 40).convert("RGB").save(file, "PNG")
    return file.getvalue()
