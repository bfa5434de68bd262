"""How fast a face talks: a real svc-video process on one core, a real gRPC client on the other, decoded output.

    python tests/bench/portrait.py          three rounds; ROUNDS=n for more, QUICK=1 for one short one

The clip is spoken by svc-tts's espeak engine, with its mouth cues; without it, by syllables of tone with made-up ones.
The last line is one JSON object: fps (frames per wall second at 512 x 512, one core for the server), first_fragment_ms
(from the request to the first whole fragment, portrait warm) and rss_mb (PSS of the process tree after the last round).
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import statistics
import sys
import time
from dataclasses import dataclass

import av
import numpy as np
import psutil
from studio import FPS, PIECE, SIDE, Clip, ready, server, spoken_by, told

from troupe.v1 import media_pb2, video_pb2, video_pb2_grpc
from troupe.wire.channels import open_channel
from troupe.wire.errors import TroupeError
from troupe.wire.media import SAMPLE_RATE

QUICK = os.environ.get("QUICK", "") not in {"", "0"}
ROUNDS = 1 if QUICK else int(os.environ.get("ROUNDS", "3"))
SERVER_CORE = "0"
TEXT = (
    "Hello, I am a talking portrait. My mouth moves with every word I say, from open vowels to the lips that close "
    "for em, bee and pee. I was drawn on one core, while you were listening."
)
FILM_S = 120.0


@dataclass(frozen=True, slots=True)
class Round:
    """What the client measured in one round."""

    fps: float
    first_fragment_ms: float
    frames: int
    same: float  # share of frames equal to the one before
    kbit_s: float
    realtime: float


def main() -> None:
    """Run the rounds, print the table and the JSON."""
    clip = asyncio.run(spoken(TEXT[: TEXT.index(".") + 1] if QUICK else TEXT))
    with server(SERVER_CORE) as (process, address):
        rounds = asyncio.run(films(address, clip))
        memory = pss_mb(process.pid)
    report(clip, rounds, memory)


async def spoken(text: str) -> Clip:
    """The text as speech with cues."""
    try:
        return await spoken_by("espeak", text)
    except (ImportError, TroupeError) as error:
        print(f"svc-tts cannot speak here ({error}); the clip is made of tones", file=sys.stderr)
        return tones(len(text) / 15)


def tones(seconds: float) -> Clip:
    """Five syllables a second."""
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    pcm = (9000 * np.sin(2 * np.pi * 180 * at) * np.abs(np.sin(np.pi * 5 * at))).astype("<i2").tobytes()
    cues = [
        media_pb2.MouthCue(ipa="baiumo"[number % 6], start_ms=number * 100, end_ms=number * 100 + 100)
        for number in range(int(seconds * 10))
    ]
    return Clip(pcm, cues, "tones")


async def films(address: str, clip: Clip) -> list[Round]:
    """One film per round; a short one before them warms the portrait."""
    async with open_channel(address) as channel:
        stub = video_pb2_grpc.VideoStub(channel)
        await ready(stub)
        listed = await stub.ListPortraits(video_pb2.ListPortraitsRequest(), timeout=10)
        avatar = listed.portraits[0].portrait_id
        await film(stub, avatar, Clip(clip.pcm[:PIECE], clip.cues[:3], ""))
        return [await film(stub, avatar, clip) for _ in range(ROUNDS)]


async def film(stub: video_pb2_grpc.VideoStub, avatar: str, clip: Clip) -> Round:
    """Have one film made, and look at what came."""
    started = time.monotonic()
    first = 0.0
    received = bytearray()
    async for chunk in stub.Animate(told(avatar, clip), timeout=FILM_S):
        received += chunk.data
        if chunk.kind == media_pb2.MEDIA_KIND_FRAGMENT and chunk.last_piece and not first:
            first = time.monotonic() - started
    seconds = time.monotonic() - started
    frames, same = await asyncio.to_thread(looked_at, bytes(received))
    return Round(
        fps=frames / seconds,
        first_fragment_ms=first * 1000,
        frames=frames,
        same=same,
        kbit_s=len(received) * 8 / 1000 / clip.seconds,
        realtime=clip.seconds / seconds,
    )


def looked_at(data: bytes) -> tuple[int, float]:
    """Decode the film: its frames, and the share of them equal to the one before."""
    frames, same, before = 0, 0, None
    with av.open(io.BytesIO(data), "r") as container:
        for frame in container.decode(video=0):
            pixels = frame.to_ndarray()
            same += before is not None and np.array_equal(pixels, before)
            frames, before = frames + 1, pixels
    return frames, same / max(1, frames - 1)


def pss_mb(pid: int) -> float:
    """Memory of the process tree, shared pages shared out."""
    parent = psutil.Process(pid)
    return sum(each.memory_full_info().pss for each in [parent, *parent.children(recursive=True)]) / 1e6


def report(clip: Clip, rounds: list[Round], memory: float) -> None:
    """The table, then the JSON."""
    print(
        f"portrait, {SIDE} x {SIDE} at {FPS} fps, server on core {SERVER_CORE}; {clip.seconds:.1f} s by {clip.made_by}"
    )
    print(f"{'round':>5} {'fps':>7} {'x real time':>12} {'first ms':>9} {'frames':>7} {'same':>6} {'kbit/s':>7}")
    for number, each in enumerate(rounds, start=1):
        print(
            f"{number:>5} {each.fps:>7.1f} {each.realtime:>12.2f} {each.first_fragment_ms:>9.0f} {each.frames:>7}"
            f" {each.same:>6.3f} {each.kbit_s:>7.0f}"
        )
    fps = statistics.median(each.fps for each in rounds)
    first = statistics.median(each.first_fragment_ms for each in rounds)
    same = statistics.median(each.same for each in rounds)
    told = {
        "fps": round(fps, 1),
        "first_fragment_ms": round(first),
        "rss_mb": round(memory),
        "realtime_factor": round(statistics.median(each.realtime for each in rounds), 2),
        "identical_frames": round(same, 3),
    }
    print(json.dumps({"portrait": told}))


if __name__ == "__main__":
    main()
