"""The engine as the service runs it: a random release, a real child process, films through gRPC."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator

import av
import grpc.aio
import numpy as np
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.engines_torch.sadtalker.drawing import AVATAR, FRAMES, film, noise

from svc_video.engine import SLOW, EngineContext, SadTalkerPlace
from svc_video.engines.sadtalker import motion, pace
from svc_video.engines.sadtalker.audio2pose import CHUNK_FRAMES
from svc_video.engines.sadtalker.engine import SadTalkerEngine
from svc_video.engines.sadtalker.options import SadTalkerOptions
from svc_video.engines.sadtalker.orders import FilmOrder, Load, source_data, to_source
from svc_video.engines.sadtalker.packets import Packet, read, write
from svc_video.portraits.avatars import shipped
from troupe.v1 import engine_pb2, media_pb2, video_pb2, video_pb2_grpc
from troupe.wire.channels import open_channel
from troupe.wire.errors import CheckpointNotFound, EngineFailed, EngineMissing
from troupe.wire.statuses import from_rpc_error

BLOCKED = ("torchvision", "torchaudio", "librosa", "kornia", "basicsr", "gfpgan", "facexlib")
WORKER = "svc_video.engines.sadtalker.worker"
PATIENCE_S = 90.0


def test_what_the_service_reckons_with_is_what_motion_says() -> None:
    assert pace.POSE_REACH == motion.POSE_REACH
    assert pace.CHUNK_FRAMES == CHUNK_FRAMES
    assert pace.STILL_AHEAD_MS == motion.STILL_AHEAD_MS
    assert pace.LOOK_BACK_MS == motion.LOOK_BACK_MS
    worst = max(pace.sound_for(n) - (n + 1) * pace.SAMPLES_PER_FRAME for n in range(100)) * 1_000 / 24_000
    assert abs(worst - motion.LOOK_AHEAD_MS) <= 1


def test_a_film_moves_and_is_the_same_again(engine) -> None:
    first = film(engine)
    assert first.shape == (FRAMES, 160, 128, 3)
    assert (np.abs(np.diff(first.astype(int), axis=0)).max(axis=(1, 2, 3)) > 0).all()
    assert (film(engine) == first).all()


def test_a_whole_picture_keeps_what_is_around_the_head(engine) -> None:
    frames = film(engine, 2, preprocess="full", still=True)
    assert (frames[0, :, :4] == frames[1, :, :4]).all()


def test_what_it_says_of_itself(engine) -> None:
    facts = engine.facts
    assert (facts.device, facts.commercial_use, facts.frame_rate) == ("cpu", False, 25)
    assert SLOW in facts.features
    assert "Wav2Lip" in facts.licence_note


def test_a_size_that_is_not_there_is_told(engine) -> None:
    with pytest.raises(CheckpointNotFound, match=r"SadTalker_V0\.0\.2_512\.safetensors"):
        film(engine, 2, size=512)


def test_a_portrait_is_looked_at_once(engine, tmp_path) -> None:
    kept, picture = tmp_path / "face.kept", shipped()[AVATAR].picture()
    first = engine.prepare(picture, 128, 128, kept)
    assert kept.stat().st_size > 100_000
    again = engine.prepare(np.zeros_like(picture), 128, 128, kept)
    assert (again.face.source.image == first.face.source.image).all()


def test_memory_that_does_not_suffice_is_told_before_anything_is_loaded(release) -> None:
    code = (
        "import sys; from svc_video.engines.sadtalker import loading, worker;"
        "loading.available = lambda: 100 << 20; sys.exit(worker.main())"
    )
    engine = SadTalkerEngine(EngineContext(SadTalkerPlace(release, device="cpu")))
    engine.command = (sys.executable, "-c", code)
    with pytest.raises(EngineMissing, match=r"needs about 0\.\d GiB of memory, and 0\.1 GiB are free"):
        engine.start(lambda _: None)


def test_a_card_that_is_not_there_is_told(release) -> None:
    engine = SadTalkerEngine(EngineContext(SadTalkerPlace(release, device="cuda:9")))
    with pytest.raises(EngineMissing, match="cuda:9"):
        engine.start(lambda _: None)


def test_a_film_needs_none_of_what_upstream_imports(release) -> None:
    """A process in which those cannot be imported draws a film; what it had imported is read when it leaves."""
    load = Load(str(release), "cpu", "fp32", 0, "mesh")
    script = f"""
import os, sys
for name in {BLOCKED!r}:
    sys.modules[name] = None
from svc_video.engines.sadtalker import worker
leave = os._exit
def told(status):
    print("IMPORTED", *sorted(name for name, module in sys.modules.items() if module), file=sys.stderr, flush=True)
    leave(status)
os._exit = told
sys.exit(worker.main())
"""
    fields = {name: getattr(load, name) for name in Load.__slots__}
    command = [sys.executable, "-c", script, json.dumps(fields)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        frames = _drawn(process)
        process.stdin.close()
        said = process.stderr.read().decode()
    assert len(frames) == FRAMES
    imported = {name.partition(".")[0] for name in said.partition("IMPORTED")[2].split()}
    assert {"torch", "safetensors", "cv2"} <= imported
    assert "av" not in imported  # strangers' films are decoded elsewhere
    assert not imported & set(BLOCKED)


def _drawn(process: subprocess.Popen[bytes]) -> list[int]:
    """The frames of one film, asked over the pipes."""

    def answer(key: str) -> Packet:
        while True:
            packet = read(process.stdout)
            assert packet is not None, process.stderr.read().decode()
            assert "error" not in packet.message
            if key in packet.message:
                return packet

    answer("hello")
    picture = shipped()[AVATAR].picture()
    height, width = picture.shape[:2]
    order = {"prepare": 1, "width": width, "height": height, "mode": "crop", "size": 256}
    write(process.stdin, Packet(order, picture.tobytes()))
    prepared = answer("done")
    source = to_source(prepared.message["done"]["source"], prepared.data)
    order = FilmOrder(SadTalkerOptions().acting(0), room=100)
    data = source_data(source)
    write(process.stdin, Packet({"film": 2, **order.message(source, [len(data), 0, 0])}, data))
    write(process.stdin, Packet({"sound": 2}, noise(FRAMES)))
    write(process.stdin, Packet({"end": 2}))
    numbers: list[int] = []
    while True:
        packet = read(process.stdout)
        if "frame" in packet.message:
            numbers.append(packet.message["frame"])
        elif packet.message.get("number") == 2:
            return numbers


@pytest.fixture(scope="module")
def service(release, start_service_once):
    return start_service_once(
        "svc_video",
        TROUPE_VIDEO_ENGINES="sadtalker,still",
        PROVIDER_SADTALKER_CHECKPOINT=str(release),
        PROVIDER_SADTALKER_DEVICE="cpu",
        TROUPE_VIDEO_SADTALKER_LANDMARKS="mesh",
    )


async def serving(channel, state: int = health_pb2.HealthCheckResponse.SERVING) -> None:
    health = health_pb2_grpc.HealthStub(channel)
    watch = health.Watch(health_pb2.HealthCheckRequest(service="troupe.v1.Video/sadtalker"), timeout=PATIENCE_S)
    async for told in watch:
        if told.status == state:
            break
    watch.cancel()


async def sent(frames: int, **sadtalker) -> AsyncIterator[video_pb2.AnimateInput]:
    settings = video_pb2.AnimateSettings(engine="sadtalker", portrait_id=AVATAR, width=128, height=128, fps=25)
    settings.sadtalker.CopyFrom(video_pb2.SadtalkerSettings(**sadtalker))
    yield video_pb2.AnimateInput(settings=settings)
    yield video_pb2.AnimateInput(speech=video_pb2.Speech24k(pcm=noise(frames)))


async def test_a_film_through_grpc_plays(service) -> None:
    async with open_channel(service.grpc) as channel:
        await serving(channel)
        stub = video_pb2_grpc.VideoStub(channel)
        data, ticks, header = b"", 0, media_pb2.MediaHeader()
        async for chunk in stub.Animate(sent(FRAMES, still=True), timeout=PATIENCE_S):
            data += chunk.data
            ticks += chunk.HasField("tick")
            header = chunk.header if chunk.HasField("header") else header
    with av.open(io.BytesIO(data)) as container:
        assert len(list(container.decode(video=0))) == FRAMES
    assert header.engine == "sadtalker"
    assert any("frames per second on this device" in note for note in header.notes)
    assert ticks


async def test_one_that_is_killed_mid_film_is_a_typed_error_then_loads_and_serves_again(service) -> None:
    async with open_channel(service.grpc) as channel:
        await serving(channel)
        stub = video_pb2_grpc.VideoStub(channel)
        children = psutil.Process(service.popen.pid).children()
        child = next(child for child in children if WORKER in child.cmdline())
        call = stub.Animate(sent(200), timeout=PATIENCE_S)
        async for chunk in call:
            if chunk.HasField("header"):
                break
        os.kill(child.pid, signal.SIGKILL)
        with pytest.raises(grpc.aio.AioRpcError) as broken:
            [chunk async for chunk in call]
        error = from_rpc_error(broken.value)
        assert isinstance(error, EngineFailed)
        assert "ended by signal 9" in error.message
        seen = await _states_until_ready(stub)
    assert engine_pb2.ENGINE_STATE_LOADING in seen


async def _states_until_ready(stub) -> set[int]:
    seen: set[int] = set()
    limit = time.monotonic() + PATIENCE_S
    while time.monotonic() < limit:
        reply = await stub.Describe(engine_pb2.DescribeRequest(), timeout=5)
        info = next(info for info in reply.engines if info.name == "sadtalker")
        if seen and info.state == engine_pb2.ENGINE_STATE_READY:
            return seen
        if info.state != engine_pb2.ENGINE_STATE_READY:
            seen.add(info.state)
        await asyncio.sleep(0.05)
    raise AssertionError(f"it did not come back; states seen: {seen}")
