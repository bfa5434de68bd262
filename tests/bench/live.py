"""Several live films at once on one core: is every frame there when its viewer needs it?

Speech comes as from a TTS that speaks in real time, in pieces of 250 ms, after one of two beginnings:

- `burst`: the first second at once, as our TTS engines do, which are faster than real time. The viewer's player starts
  400 ms after the first fragment came, and its clock never waits. A frame is late when its fragment (whole: 0.4 s of
  film) came after the frame's moment on that clock.
- `trickle`: nothing in advance, as of a person who speaks. A fragment cannot be whole before its own sound was sent,
  and the piece after it: the muxer wants 130 ms of sound beyond a key frame. Its frames are late when it came more
  than 400 ms after the last piece that it cannot do without.

Lateness below zero is what was left.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.film import Fragment, Received, looked_at, received
from tests.bench.speech import Clip
from tests.bench.stage import FPS, CoreUse, core_use, told

from troupe.v1 import video_pb2_grpc

STREAMS = 4
PIECE_S = 0.25
BURST_S = 1.0
BUFFER_S = 0.4
NEEDED_S = (
    0.13 + 1 / FPS
)  # of sound beyond a fragment's end before it can be whole: svc_video.mux.SOUND_LEAD_MS, the next key frame
LIMIT_S = 60.0  # beyond the film's own length


@dataclass(frozen=True, slots=True)
class Live:
    """All streams of one feed together."""

    frames: int
    late: int
    worst_ms: float  # of the latest frame; below zero = that much was left
    worst_at_s: float  # where in the film that was
    first_ms: float  # the slowest first fragment
    core: CoreUse


class Mouth:
    """Speech that comes in real time, `ahead_s` of it at once."""

    def __init__(self, ahead_s: float) -> None:
        self._ahead_s = ahead_s
        self._began = time.monotonic()
        self.sent_at: dict[int, float] = {}  # number of the piece: when it went

    async def pace(self, end_s: float) -> None:
        """Wait until the piece that ends there has been spoken."""
        await asyncio.sleep(self._began + end_s - self._ahead_s - time.monotonic())
        self.sent_at[round(end_s / PIECE_S)] = time.monotonic()

    def sent(self, film_s: float) -> float:
        """When the sound up to there had been sent."""
        return self.sent_at[min(math.ceil(film_s / PIECE_S - 1e-6), max(self.sent_at))]


Due = Callable[[Fragment, int], float]  # when that frame of the fragment is wanted


async def live(stub: video_pb2_grpc.VideoStub, avatars: Sequence[str], clip: Clip, ahead_s: float, pid: int) -> Live:
    """Play the streams, all begun at once, and judge every frame."""
    mouths = [Mouth(ahead_s) for _ in range(STREAMS)]
    calls = [
        stub.Animate(
            told(avatars[number % len(avatars)], clip, piece_s=PIECE_S, pace=mouth.pace),
            timeout=clip.seconds + LIMIT_S,
        )
        for number, mouth in enumerate(mouths)
    ]
    with core_use(pid) as core:
        films = await asyncio.gather(*(received(call) for call in calls))
    lateness = [
        each
        for film, mouth in zip(films, mouths, strict=True)
        for each in lateness_s(film, by_clock(film) if ahead_s else by_sound(mouth))
    ]
    frames = sum(looked_at(bytes(film.data)).frames for film in films)
    if frames != len(lateness):
        raise RuntimeError(f"{frames} frames were decoded, but the fragments told of {len(lateness)}")
    worst_s, worst_at_s = max(lateness)
    return Live(
        frames=frames,
        late=sum(late_s > 0 for late_s, _ in lateness),
        worst_ms=worst_s * 1000,
        worst_at_s=worst_at_s,
        first_ms=max(film.first_s for film in films) * 1000,
        core=core,
    )


def lateness_s(film: Received, due: Due) -> list[tuple[float, float]]:
    """Of every frame: how much later its fragment came than it was wanted, and the frame's place in the film."""
    return [
        (fragment.came_at - due(fragment, frame), fragment.start_s + frame / FPS)
        for fragment in film.fragments
        for frame in range(round((fragment.end_s - fragment.start_s) * FPS))
    ]


def by_clock(film: Received) -> Due:
    """A player that started 400 ms after the first fragment."""
    started = film.fragments[0].came_at + BUFFER_S
    return lambda fragment, frame: started + fragment.start_s + frame / FPS


def by_sound(mouth: Mouth) -> Due:
    """400 ms after the last piece without which the fragment cannot be whole."""
    return lambda fragment, _: mouth.sent(fragment.end_s + NEEDED_S) + BUFFER_S
