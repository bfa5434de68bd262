"""How fast a face talks: a real svc-video process on one core, a real gRPC client on the other, decoded output.

    make bench-portrait                     three rounds, then live streams, then ten minutes (ROUNDS=n for more)
    make bench-portrait QUICK=1             one short round, live streams of 5 s, no long film (FLAT_S=seconds: as long)

The clip is spoken by svc-tts's espeak engine, with its mouth cues; without it, by syllables of tone with made-up ones.
The last line is one JSON object: fps (frames per wall second at 512 x 512, one core for the server), first_fragment_ms
(from the request to the first whole fragment, portrait prepared), rss_mb (the most PSS of the process tree with one
stream), live_* (`live.py` says what is late) and flat_* (`flat.py`).
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
from dataclasses import dataclass

from tests.bench.film import Look, encoder_line, looked_at, received
from tests.bench.flat import Flat, flat
from tests.bench.live import BURST_S, STREAMS, Live, live
from tests.bench.report import machine
from tests.bench.speech import Clip, repeated, spoken
from tests.bench.stage import FPS, SERVER_CORE, SIDE, pss_mb, ready, server, told, warmed

from troupe.v1 import video_pb2_grpc
from troupe.wire.channels import open_channel

QUICK = os.environ.get("QUICK", "") not in {"", "0"}
ROUNDS = 1 if QUICK else int(os.environ.get("ROUNDS", "3"))
LIVE_S = 5.0 if QUICK else 20.0
TEXT = (
    "Hello, I am a talking portrait. My mouth moves with every word I say, from open vowels to the lips that close "
    "for em, bee and pee. I was drawn on one core, while you were listening."
)
FILM_S = 120.0
MOST_SAME = 0.05  # of frames may equal the one before
MOST_OTHERS = 0.1  # of the server's core, before what is live is the machine's figure rather than ours
FIRST_FRAMES, FIRST_SOUND_S = 5, 0.15  # in the first fragment: 200 ms, and its sound but for the codec's last frame


@dataclass(frozen=True, slots=True)
class Round:
    """What the client measured in one round."""

    fps: float
    first_fragment_ms: float
    frames: int
    same: float  # share of frames equal to the one before
    kbit_s: float
    realtime: float
    first: Look  # what the first fragment alone holds
    encoder: str


@dataclass(frozen=True, slots=True)
class Measured:
    """All of it; memory in MB."""

    rounds: list[Round]
    rss_mb: float
    live_rss_mb: float
    burst: Live
    trickle: Live
    flat: Flat | None


def main() -> None:
    """Measure, print the table and the JSON."""
    clip = asyncio.run(spoken(TEXT[: TEXT.index(".") + 1] if QUICK else TEXT))
    with server() as (process, address):
        measured = asyncio.run(measure(address, clip, process.pid))
    report(clip, measured)


async def measure(address: str, clip: Clip, pid: int) -> Measured:
    """Single films, then live ones, then the long one, all of the same process."""
    async with open_channel(address) as channel:
        stub = video_pb2_grpc.VideoStub(channel)
        await ready(stub)
        avatars = await warmed(stub, clip)
        rounds = [await film(stub, avatars[0], clip) for _ in range(ROUNDS)]
        memory = pss_mb(pid)
        long = await flat(stub, avatars[0], clip, pid) if not QUICK or os.environ.get("FLAT_S") else None
        heard = repeated(clip, LIVE_S)
        burst, trickle = [await live(stub, avatars, heard, ahead_s, pid) for ahead_s in (BURST_S, 0.0)]
        return Measured(rounds, max(memory, long.peak_mb if long else 0), pss_mb(pid), burst, trickle, long)


async def film(stub: video_pb2_grpc.VideoStub, avatar: str, clip: Clip) -> Round:
    """Have one film made, and look at what came."""
    came = await received(stub.Animate(told(avatar, clip), timeout=FILM_S))
    data = bytes(came.data)
    look = await asyncio.to_thread(looked_at, data)
    return Round(
        fps=look.frames / came.seconds,
        first_fragment_ms=came.first_s * 1000,
        frames=look.frames,
        same=look.same,
        kbit_s=len(data) * 8 / 1000 / clip.seconds,
        realtime=clip.seconds / came.seconds,
        first=looked_at(data[: came.to_first]),
        encoder=encoder_line(data),
    )


def report(clip: Clip, measured: Measured) -> None:
    """The tables, what is not as it should be, and the JSON."""
    print(
        f"portrait, {SIDE} x {SIDE} at {FPS} fps, server on core {SERVER_CORE};"
        f" {clip.seconds:.1f} s by {clip.made_by}\n{machine()}"
    )
    print(f"{'round':>5} {'fps':>7} {'x real time':>12} {'first ms':>9} {'frames':>7} {'same':>6} {'kbit/s':>7}")
    for number, each in enumerate(measured.rounds, start=1):
        print(
            f"{number:>5} {each.fps:>7.1f} {each.realtime:>12.2f} {each.first_fragment_ms:>9.0f} {each.frames:>7}"
            f" {each.same:>6.3f} {each.kbit_s:>7.0f}"
        )
    first = measured.rounds[0].first
    print(f"first fragment alone: {first.frames} frames, {first.sound_s * 1000:.0f} ms of sound")
    print(measured.rounds[0].encoder)
    for name, each in (("burst", measured.burst), ("trickle", measured.trickle)):
        print(
            f"live, {name}: {STREAMS} streams of {LIVE_S:.0f} s, {each.frames} frames, {each.late} late,"
            f" worst {each.worst_ms:+.0f} ms at {each.worst_at_s:.1f} s, slowest first fragment {each.first_ms:.0f} ms;"
            f" the core: {each.core.server:.0%} server, {each.core.others:.0%} others"
        )
    if measured.flat is not None:
        print(
            f"flat: {measured.flat.seconds:.0f} s of film, {measured.flat.frames} frames at"
            f" {measured.flat.fps:.1f} fps; {memory_line(measured.flat)}"
        )
    for complaint in complaints(measured):
        print(f"not as it should be: {complaint}")
    print(json.dumps({"portrait": figures(measured)}))


def memory_line(long: Flat) -> str:
    """Memory at ten moments of the film."""
    step = max(1, len(long.memory) // 10)
    return "MB at film s: " + ", ".join(f"{mb:.0f}@{at:.0f}" for at, mb in long.memory[::step])


def complaints(measured: Measured) -> list[str]:
    """What makes the figures worth less than they say."""
    found = []
    same = max(each.same for each in measured.rounds)
    if same > MOST_SAME:
        found.append(f"{same:.1%} of the frames equal the one before, at most {MOST_SAME:.0%} may")
    for first in {each.first for each in measured.rounds}:
        if first.frames < FIRST_FRAMES or first.sound_s < FIRST_SOUND_S:
            found.append(f"the first fragment holds {first.frames} frames and {first.sound_s * 1000:.0f} ms of sound")
    for each in (measured.burst, measured.trickle):
        if each.core.others > MOST_OTHERS:
            found.append(f"other processes had {each.core.others:.0%} of the core while live films were made")
    if " NOT " in (line := measured.rounds[0].encoder) or "not say" in line:
        found.append(line)
    return found


def figures(measured: Measured) -> dict[str, float]:
    """The JSON's figures: medians of the rounds."""
    rounds = measured.rounds
    told = {
        "fps": round(statistics.median(each.fps for each in rounds), 1),
        "first_fragment_ms": round(statistics.median(each.first_fragment_ms for each in rounds)),
        "rss_mb": round(measured.rss_mb),
        "realtime_factor": round(statistics.median(each.realtime for each in rounds), 2),
        "identical_frames": round(statistics.median(each.same for each in rounds), 3),
        "live_streams": STREAMS,
        "live_late_frames": measured.burst.late,
        "live_worst_ms": round(measured.burst.worst_ms),
        "live_trickle_late_frames": measured.trickle.late,
        "live_trickle_worst_ms": round(measured.trickle.worst_ms),
        "live_core_server": round(measured.burst.core.server, 2),
        "live_core_others": round(measured.burst.core.others, 2),
        "live_rss_mb": round(measured.live_rss_mb),
    }
    if measured.flat is not None:
        told |= {
            "flat_s": round(measured.flat.seconds),
            "flat_fps": round(measured.flat.fps, 1),
            "flat_growth_mb": round(measured.flat.growth_mb, 1),
            "flat_peak_mb": round(measured.flat.peak_mb),
        }
    return told


if __name__ == "__main__":
    main()
