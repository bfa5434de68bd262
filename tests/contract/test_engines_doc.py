"""docs/ENGINES.md is run as it stands: its files are written, its services started, and what they make is judged."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import shlex
import subprocess
import sys
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import av
import grpc.aio
import httpx
import numpy as np
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from svc_tts.engine import EngineFacts
from svc_video.portraits.avatars import shipped
from troupe.v1 import (
    engine_pb2,
    media_pb2,
    speech_pb2,
    speech_pb2_grpc,
    text_pb2,
    text_pb2_grpc,
    video_pb2,
    video_pb2_grpc,
)
from troupe.wire.channels import open_channel
from troupe.wire.errors import EngineFailed
from troupe.wire.media import SAMPLE_RATE
from troupe.wire.statuses import from_rpc_error

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/ENGINES.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```\w+ (.+?)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
NOBODY = "127.0.0.1:1"
PATIENCE_S = 25.0
TEXT = json.loads(re.search(r"-d '(.+?)'", BLOCKS["call"])[1])["text"]
PROGRAM = """
import struct, sys, time
text = sys.stdin.read().strip()
if "silent" in text:
    sys.exit(3)
if "hang" in text:
    time.sleep(60)
sound = struct.pack("<8000h", *(i % 80 * 100 for i in range(8000))) * len(text.split())
sys.stdout.buffer.write(b"RIFF" + bytes(40) + sound[: len(sound) - ("short" in text)])
sys.exit(3 * ("fails" in text))
"""


def told(block: str) -> dict[str, str]:
    """The settings that a block of the page gives."""
    words = shlex.split(BLOCKS[block])
    return dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house") / "plugins"
    folder.mkdir()
    for name, text in BLOCKS.items():
        if name.endswith(".py"):
            (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def start(start_service_once, plugins: Path):
    def start(module: str, block: str, **env: str):
        return start_service_once(module, **told(block) | {"PYTHONPATH": str(plugins)} | env)

    return start


@pytest.fixture(scope="module")
def speech(start):
    return start("svc_tts", "service")


@pytest.fixture(scope="module")
def narrating(start, plugins: Path):
    program = plugins / "program.py"
    program.write_text(PROGRAM)
    command = f"{sys.executable} {program}"
    return start("svc_tts", "narrator", NARRATOR=command, NARRATOR_HZ="16000", TROUPE_SPEECH_SILENCE_S="5")


@asynccontextmanager
async def ready(service, name: str) -> AsyncIterator[grpc.aio.Channel]:
    """A channel, once that engine serves."""
    async with open_channel(service.grpc) as channel:
        asked = health_pb2.HealthCheckRequest(service=name)
        watch = health_pb2_grpc.HealthStub(channel).Watch(asked, timeout=PATIENCE_S)
        async for state in watch:
            if state.status == health_pb2.HealthCheckResponse.SERVING:
                break
        watch.cancel()
        yield channel


async def speak(channel: grpc.aio.Channel, engine: str, text: str, **settings) -> list[speech_pb2.SpeechChunk]:
    async def sent() -> AsyncIterator[speech_pb2.SpeechInput]:
        yield speech_pb2.SpeechInput(settings=speech_pb2.SpeechSettings(engine=engine, **settings))
        yield speech_pb2.SpeechInput(text=text)

    return [chunk async for chunk in speech_pb2_grpc.SpeechStub(channel).Synthesize(sent(), timeout=PATIENCE_S)]


def said(words: list[media_pb2.WordTiming], text: str) -> list[str]:
    return [text[word.text_start : word.text_end].strip(",?") for word in words]


def loud(pcm: bytes) -> bool:
    return float(np.abs(np.frombuffer(pcm, "<i2").astype(float)).mean()) > 500


@pytest.mark.parametrize("field", [field.name for field in fields(EngineFacts)])
def test_every_fact_is_on_the_page(field: str) -> None:
    assert re.search(rf"`(facts\.)?{field}[`=]|[(,] ?{field}=", PAGE)


def test_every_block_is_as_the_house_writes(plugins: Path) -> None:
    for command in (["check", "--ignore=ASYNC,ANN,INP001,RUF012,S101,ARG,D"], ["format", "--check"]):
        arguments = [sys.executable, "-m", "ruff", *command, "--no-cache", f"--config={ROOT / 'pyproject.toml'}"]
        done = subprocess.run([*arguments, plugins], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stdout


async def test_the_engine_speaks_over_grpc_with_times_made_around_it(speech) -> None:
    async with ready(speech, "troupe.v1.Speech/hum") as channel:
        chunks = await speak(channel, "hum", TEXT, voice_id="hum-max")
    pcm = b"".join(chunk.audio for chunk in chunks)
    words = [word for chunk in chunks for word in chunk.words]
    assert loud(pcm)
    assert said(words, TEXT) == ["Hello", "world", "can", "you", "hear", "me"]
    assert all(before.start_ms <= after.start_ms for before, after in pairwise(words))
    assert words[-1].end_ms <= len(pcm) / 2 / SAMPLE_RATE * 1000 + 1
    (header,) = [chunk.header for chunk in chunks if chunk.HasField("header")]
    assert (header.voice_id, header.timing) == ("hum-max", speech_pb2.TIMING_SOURCE_ESTIMATED)


async def test_what_is_asked_of_it_is_made_around_it(speech) -> None:
    async with ready(speech, "troupe.v1.Speech/hum") as channel:
        usual, fast = [
            sum(len(chunk.audio) for chunk in await speak(channel, "hum", TEXT, speed=speed)) for speed in (1.0, 2.0)
        ]
        described = await speech_pb2_grpc.SpeechStub(channel).Describe(engine_pb2.DescribeRequest(), timeout=5)
    assert fast == pytest.approx(usual / 2, rel=0.05)
    assert described.engines[0].licence.name == "Apache-2.0"


async def test_the_call_of_the_page_gives_a_file_over_http(speech) -> None:
    async with ready(speech, "troupe.v1.Speech/hum"), httpx.AsyncClient(timeout=PATIENCE_S) as client:
        body = re.search(r"-d '(.+?)'", BLOCKS["call"])[1]
        reply = await client.post(f"http://{speech.addresses['http']}/synthesize", content=body)
    assert reply.status_code == 200
    assert (reply.headers["x-troupe-voice"], reply.headers["x-troupe-timing"]) == ("hum-mia", "estimated")
    assert reply.content[:4] == b"RIFF"
    assert loud(reply.content[44:])


async def test_it_stands_behind_the_gateway(speech, start_service) -> None:
    gateway = start_service(
        "gateway",
        **told("gateway") | {"PROVIDER_HUM_TARGET": speech.grpc, "TROUPE_SPEECH_TARGET": speech.grpc},
        TROUPE_TEXT_TARGET=NOBODY,
        TROUPE_VIDEO_TARGET=NOBODY,
        TROUPE_MISSED_TICKS="20",
    )
    async with httpx.AsyncClient(base_url=f"http://{gateway.addresses['http']}", timeout=PATIENCE_S) as client:
        reply = await client.post("/api/voice", json={"text": TEXT, "format": "wav"})
    assert reply.headers["x-troupe-provider"] == "hum"
    with wave.open(io.BytesIO(reply.content)) as file:
        assert loud(file.readframes(SAMPLE_RATE))


def run(plugins: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Where the page says they are run: in the folder that holds `plugins`."""
    python_path = os.pathsep.join([str(plugins), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TROUPE_", "PROVIDER_"))}
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=plugins.parent,
        env=kept | {"PYTHONPATH": python_path} | env,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_its_test_passes_and_notices_a_broken_engine(plugins: Path) -> None:
    (plugins / "odd.py").write_text(BLOCKS["hum.py"].replace(".tobytes()", ".tobytes()[:-1]"))
    (plugins / "test_odd.py").write_text(BLOCKS["test_hum.py"].replace("hum:HumEngine", "odd:HumEngine"))
    said = run(plugins, "pytest", "-q", "-p", "no:cacheprovider", "plugins/test_hum.py", "plugins/test_odd.py").stdout
    assert "1 failed, 1 passed" in said
    assert "assert all(len(piece.pcm) % 2" in said


def test_the_doctor_knows_them_and_says_what_is_wrong(plugins: Path) -> None:
    engines = "hum:HumEngine,hum:HamEngine,nowhere:HumEngine,narrator:NarratorEngine"
    told = run(plugins, "svc_tts", "doctor", "--json", TROUPE_SPEECH_ENGINES=engines, NARRATOR="no-such-program").stdout
    hum, ham, nowhere, narrator = json.loads(told)[-4:]
    assert [row["state"] for row in (hum, ham, nowhere, narrator)] == ["OK", "broken", "broken", "missing"]
    assert "HamEngine" in ham["reason"]
    assert "PYTHONPATH" in nowhere["reason"]
    assert narrator["remedy"] == "apt install no-such-program"


def test_a_name_that_is_wrong_ends_the_start_with_a_sentence(plugins: Path) -> None:
    failed = run(plugins, "svc_tts", TROUPE_SPEECH_ENGINES="nowhere:HumEngine")
    assert failed.returncode != 0
    assert "PYTHONPATH" in failed.stderr
    assert "Traceback" not in failed.stderr


async def test_a_program_is_an_engine(narrating) -> None:
    async with ready(narrating, "troupe.v1.Speech/narrator") as channel:
        four = "four words of text"
        chunks = await speak(channel, "narrator", four)
        pcm = b"".join(chunk.audio for chunk in chunks)
        assert len(pcm) / 2 / SAMPLE_RATE == pytest.approx(4 * 0.5, abs=0.01)
        assert said([word for chunk in chunks for word in chunk.words], four) == four.split()
        for text, reason in (
            ("it fails", "status 3"),
            ("silent", "before its sound"),
            ("too short", "before its sound"),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await speak(channel, "narrator", text)
            error = from_rpc_error(caught.value)
            assert isinstance(error, EngineFailed)
            assert reason in error.message


async def test_who_leaves_ends_the_program(narrating) -> None:
    async with ready(narrating, "troupe.v1.Speech/narrator") as channel:
        speaking = asyncio.create_task(speak(channel, "narrator", "please hang"))
        async with asyncio.timeout(PATIENCE_S):
            while not programs(narrating):
                await asyncio.sleep(0.02)
            speaking.cancel()
            while programs(narrating):
                await asyncio.sleep(0.02)


def programs(service) -> list[psutil.Process]:
    """The programs that the engine runs now."""
    children = psutil.Process(service.popen.pid).children()
    return [child for child in children if any(word.endswith("program.py") for word in command_of(child))]


def command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []


async def test_the_text_engine_answers(start) -> None:
    service = start("svc_text", "text")
    (name, *_) = told("text")["TROUPE_TEXT_ENGINES"].split(",")
    request = text_pb2.ChatRequest(engine=name)
    request.messages.add(role=text_pb2.ROLE_USER).content.add(text="can you hear me")
    async with ready(service, f"troupe.v1.Text/{name}") as channel:
        deltas = [delta async for delta in text_pb2_grpc.TextStub(channel).Chat(request, timeout=PATIENCE_S)]
    assert "".join(delta.content for delta in deltas).strip() == "CAN YOU HEAR ME"
    assert deltas[-1].usage.completion_tokens == 4


async def test_the_video_engine_draws(start) -> None:
    service = start("svc_video", "video")
    name = told("video")["TROUPE_VIDEO_ENGINES"]
    at = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    pcm = (12_000 * np.sin(2 * np.pi * 220 * at) * (at > 0.5)).astype("<i2").tobytes()

    async def sent() -> AsyncIterator[video_pb2.AnimateInput]:
        settings = video_pb2.AnimateSettings(engine=name, portrait_id=next(iter(shipped())), width=128, height=128)
        yield video_pb2.AnimateInput(settings=settings)
        yield video_pb2.AnimateInput(speech=video_pb2.Speech24k(pcm=pcm))

    async with ready(service, f"troupe.v1.Video/{name}") as channel:
        stub = video_pb2_grpc.VideoStub(channel)
        data = b"".join([chunk.data async for chunk in stub.Animate(sent(), timeout=PATIENCE_S)])
    with av.open(io.BytesIO(data)) as container:
        light = [frame.to_ndarray(format="gray").mean() for frame in container.decode(video=0)]
    assert len(light) == pytest.approx(25, abs=1)
    assert np.mean(light[15:]) > 2 * np.mean(light[:10])


def test_the_gateway_takes_the_video_engine_of_the_page() -> None:
    from gateway.plan import plan_chains
    from gateway.routing.need import Modality
    from gateway.settings import Settings

    (rung,) = [
        rung
        for rung in plan_chains(Settings.load(told("gateway for video")))[Modality.VIDEO].rungs
        if rung.name == "lamp"
    ]
    assert rung.engines == (told("video")["TROUPE_VIDEO_ENGINES"],)
