"""A svc-video process on one core, and what the benches ask of it over gRPC from another one."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
from tests.bench.speech import PIECE_S, Clip, pieces

from troupe.v1 import engine_pb2, video_pb2, video_pb2_grpc
from troupe.wire.media import SAMPLE_BYTES, SAMPLE_RATE
from troupe.wire.serving import parse_announcement

SIDE, FPS = 512, 25
SERVER_CORE = 0
PICTURE_PIECE = 65_536  # bytes in one message
START_S = 60.0
WARMING_S = 30.0  # for one avatar, at most

Pace = Callable[
    [float], Awaitable[None]
]  # called with the film's second that a piece of speech ends at, before it is sent


@contextmanager
def server(core: int | None = SERVER_CORE) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """svc-video on free ports, and on one core where one is named; gives the process and its address."""
    command = [sys.executable, "-m", "svc_video"]
    if core is not None and shutil.which("taskset"):
        command = ["taskset", "-c", str(core), *command]
        leave_core()
    with tempfile.TemporaryDirectory() as folder:
        ports = {"TROUPE_VIDEO_GRPC_PORT": "0", "TROUPE_VIDEO_METRICS_PORT": "0", "PORTRAITS_URL": folder}
        chosen = {"TROUPE_VIDEO_ENGINES": "portrait"}
        process = subprocess.Popen(command, env=os.environ | ports | chosen, stderr=subprocess.PIPE, text=True)
        try:
            yield process, address_of(process)
        finally:
            process.terminate()
            process.wait(30)


def address_of(process: subprocess.Popen[str]) -> str:
    """Where it listens; what else it says goes on to standard error."""
    if process.stderr is None:
        raise RuntimeError("no pipe")
    for line in process.stderr:
        if (addresses := parse_announcement(line)) is not None:
            threading.Thread(target=lambda: sys.stderr.writelines(process.stderr or ()), daemon=True).start()
            return addresses["grpc"]
    raise RuntimeError("svc-video did not start")


def leave_core() -> None:
    """The client leaves the server's core alone, where there is another one."""
    if others := os.sched_getaffinity(0) - {SERVER_CORE}:
        os.sched_setaffinity(0, others)


@dataclass(slots=True)
class CoreUse:
    """Who used the server's core while a block ran, as shares of the block's time."""

    server: float = 0.0
    others: float = 0.0  # the kernel's work for the server's sockets included


@contextmanager
def core_use(pid: int) -> Iterator[CoreUse]:
    """Measures it: a figure for one core is worth little where others had a part of it."""
    use, began = CoreUse(), time.monotonic()
    server_s, busy_s = used_s(pid)
    yield use
    wall_s = time.monotonic() - began
    server_s, busy_s = (now - then for now, then in zip(used_s(pid), (server_s, busy_s), strict=True))
    use.server, use.others = server_s / wall_s, max(0.0, busy_s - server_s) / wall_s


def used_s(pid: int) -> tuple[float, float]:
    """CPU seconds so far: of the server's process tree, and of everybody on its core (stolen time included)."""
    parent = psutil.Process(pid)
    trees = [each.cpu_times() for each in [parent, *parent.children(recursive=True)]]
    core = psutil.cpu_times(percpu=True)[SERVER_CORE]
    return sum(each.user + each.system for each in trees), sum(core) - core.idle - core.iowait - core.guest


async def ready(stub: video_pb2_grpc.VideoStub) -> None:
    """Wait until the engine has drawn its first frame."""
    async with asyncio.timeout(START_S):
        while True:
            reply = await stub.Describe(engine_pb2.DescribeRequest(), timeout=10)
            if reply.engines[0].state == engine_pb2.ENGINE_STATE_READY:
                return
            await asyncio.sleep(0.05)


async def warmed(stub: video_pb2_grpc.VideoStub, clip: Clip) -> list[str]:
    """A word from every avatar: all are prepared then, as in a service that has run for a while. Gives their ids."""
    listed = await stub.ListPortraits(video_pb2.ListPortraitsRequest(), timeout=10)
    word = Clip(clip.pcm[: round(PIECE_S * SAMPLE_RATE) * SAMPLE_BYTES], clip.cues[:3], "")
    names = [portrait.portrait_id for portrait in listed.portraits]
    for name in names:
        async for _ in stub.Animate(told(name, word), timeout=WARMING_S):
            pass
    return names


async def at_once(_: float) -> None:
    """All speech as fast as it is taken."""


async def told(
    avatar: str,
    clip: Clip,
    *,
    picture: bytes = b"",
    seed: int = 1,
    piece_s: float = PIECE_S,
    pace: Pace = at_once,
) -> AsyncIterator[video_pb2.AnimateInput]:
    """The messages: an avatar or a picture, then each piece of sound with its cues, when `pace` lets it go."""
    yield video_pb2.AnimateInput(
        settings=video_pb2.AnimateSettings(
            engine="portrait", portrait_id=avatar, width=SIDE, height=SIDE, fps=FPS, has_cues=True, seed=seed
        )
    )
    for start in range(0, len(picture), PICTURE_PIECE):
        yield video_pb2.AnimateInput(picture=picture[start : start + PICTURE_PIECE])
    sent_s = 0.0
    for piece in pieces(clip, piece_s):
        sent_s += len(piece.pcm) / SAMPLE_BYTES / SAMPLE_RATE
        await pace(sent_s)
        yield video_pb2.AnimateInput(speech=piece)


def pss_mb(pid: int) -> float:
    """Memory of the process tree, shared pages shared out."""
    parent = psutil.Process(pid)
    return sum(each.memory_full_info().pss for each in [parent, *parent.children(recursive=True)]) / 1e6
