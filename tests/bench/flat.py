"""Ten minutes of film in one stream at full speed: does memory stay flat?"""

from __future__ import annotations

import asyncio
import os
import statistics
from contextlib import suppress
from dataclasses import dataclass

from tests.bench.film import Received, looked_at, received
from tests.bench.speech import Clip, repeated
from tests.bench.stage import pss_mb, told

from troupe.v1 import media_pb2, video_pb2_grpc

FILM_S = float(os.environ.get("FLAT_S") or 600)
LIMIT_S = 1_200.0
SAMPLE_S = 1.0
MEDIAN_OF = 10  # samples
FIRST_S = min(60.0, FILM_S / 10)  # of film: what begins small has grown by then


@dataclass(frozen=True, slots=True)
class Flat:
    """The film and the memory of the process tree (PSS, MB) along it: (seconds of film made, MB)."""

    seconds: float
    fps: float
    frames: int
    same: float
    memory: list[tuple[float, float]]

    @property
    def growth_mb(self) -> float:
        """From the first minute of film to the end; medians of some seconds each, as single samples jump."""
        early = [mb for at, mb in self.memory if at >= FIRST_S][:MEDIAN_OF]
        late = [mb for _, mb in self.memory][-MEDIAN_OF:]
        return statistics.median(late) - statistics.median(early)

    @property
    def peak_mb(self) -> float:
        """The most it ever was."""
        return max(mb for _, mb in self.memory)


async def flat(stub: video_pb2_grpc.VideoStub, avatar: str, clip: Clip, pid: int) -> Flat:
    """Make the film, and look at the memory once a second."""
    call = stub.Animate(told(avatar, repeated(clip, FILM_S)), timeout=LIMIT_S)
    memory: list[tuple[float, float]] = []
    made_s = 0.0

    async def watched():
        nonlocal made_s
        async for chunk in call:
            if chunk.kind == media_pb2.MEDIA_KIND_FRAGMENT:
                made_s = chunk.end_ms / 1000
            yield chunk

    async def sampled() -> None:
        while True:
            memory.append((made_s, await asyncio.to_thread(pss_mb, pid)))
            await asyncio.sleep(SAMPLE_S)

    sampler = asyncio.create_task(sampled())
    film: Received = await received(watched())
    sampler.cancel()
    with suppress(asyncio.CancelledError):
        await sampler
    look = await asyncio.to_thread(looked_at, bytes(film.data))
    return Flat(look.sound_s, look.frames / film.seconds, look.frames, look.same, memory)
