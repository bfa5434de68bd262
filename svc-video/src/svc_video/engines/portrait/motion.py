"""What a face does besides speaking: it blinks, looks about a little, and its head is never quite still.

Everything is a pure function of time and seed, so that a resumed stream goes on exactly. Random numbers are hashes of
(seed, what for, which one), not draws from a stream.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

_MASK = (1 << 64) - 1

BLINK_MEAN_S, BLINK_SPREAD_S = 4.0, 1.9  # 15 a minute; people speaking blink 10 to 20 times
FIRST_BLINK_S = 1.2
CLOSING_S, SHUT_S, OPENING_S = 0.075, 0.05, 0.15  # lids fall faster than they rise
GAZE_MEAN_S, GAZE_SPREAD_S = 1.6, 0.9
GAZE_REACH = 0.16  # of the full range: eyes that stay with the viewer
SACCADE_S = 0.045
SWAY_DEGREES = {"yaw": 2.1, "pitch": 1.1, "roll": 0.9}
SWAY_SHIFT = {"dx": 0.008, "dy": 0.006}
SWAY_PERIODS_S = (4.7, 2.1)  # a slow wander and a quicker one, a third as large
NOD_DEGREES = 0.9  # a loud passage lowers the head this much
STRESS_NOD_DEGREES = 0.7
STRESS_BROW = 0.22
EXPRESSIONS: dict[str, tuple[float, float]] = {
    # smile, brow
    "": (0.0, 0.0),
    "neutral": (0.0, 0.0),
    "happy": (0.42, 0.12),
    "joyful": (0.42, 0.12),
    "friendly": (0.25, 0.05),
    "sad": (-0.32, 0.18),
    "serious": (-0.08, -0.22),
    "angry": (-0.2, -0.5),
    "surprised": (0.05, 0.55),
    "fearful": (-0.12, 0.45),
}


@dataclass(frozen=True, slots=True)
class Motion:
    """Eyes and head at one moment, in the units of `FaceParams`."""

    blink: float
    gaze_x: float
    gaze_y: float
    yaw: float
    pitch: float
    roll: float
    dx: float
    dy: float


class Body:
    """One face's own movement. `head` and `blinks` scale what is usual; 0 = none."""

    def __init__(self, seed: int, *, head: float = 1.0, blinks: float = 1.0) -> None:
        self._seed = seed
        self._head = head
        self._blinks = Moments(seed, "blink", FIRST_BLINK_S, BLINK_MEAN_S, BLINK_SPREAD_S, rate=blinks)
        self._looks = Moments(seed, "look", 0.4, GAZE_MEAN_S, GAZE_SPREAD_S, rate=1.0 if head else 0.0)

    def at(self, seconds: float) -> Motion:
        """Eyes and head at that moment of the film."""
        gaze_x, gaze_y = self._gaze(seconds)
        sway = {name: self._sway(name, size, seconds) for name, size in (SWAY_DEGREES | SWAY_SHIFT).items()}
        return Motion(blink=self._blink(seconds), gaze_x=gaze_x, gaze_y=gaze_y, **sway)

    def _blink(self, seconds: float) -> float:
        past = seconds - self._blinks.last_before(seconds)[1]
        if past < CLOSING_S:
            return _smooth(past / CLOSING_S)
        if past < CLOSING_S + SHUT_S:
            return 1.0
        return 1.0 - _smooth((past - CLOSING_S - SHUT_S) / OPENING_S)

    def _gaze(self, seconds: float) -> tuple[float, float]:
        number, since = self._looks.last_before(seconds)
        moved = _smooth((seconds - since) / SACCADE_S)
        before, now = self._target(number - 1), self._target(number)
        return (before[0] + (now[0] - before[0]) * moved, before[1] + (now[1] - before[1]) * moved)

    def _target(self, number: int) -> tuple[float, float]:
        # Every other look returns to the viewer.
        if number < 0 or number % 2:
            return 0.0, 0.0
        across, down = (2 * noise(self._seed, f"look {axis}", number) - 1 for axis in "xy")
        return GAZE_REACH * across, 0.6 * GAZE_REACH * down

    def _sway(self, name: str, size: float, seconds: float) -> float:
        slow, quick = (wander(self._seed, f"{name} {period}", seconds / period) for period in SWAY_PERIODS_S)
        # Both begin at rest: a film opens with the portrait as it is.
        ease = _smooth(seconds / 1.5)
        return self._head * size * (0.75 * slow + 0.25 * quick) * ease


class Moments:
    """Moments in time with irregular gaps between them: the same for the same seed, however they are asked for."""

    def __init__(self, seed: int, name: str, first: float, mean: float, spread: float, *, rate: float) -> None:
        self._seed, self._name = seed, name
        self._mean, self._spread, self._rate = mean, spread, rate
        self._times = [first / rate if rate > 0 else math.inf]

    def last_before(self, seconds: float) -> tuple[int, float]:
        """Number and time of the last moment; (-1, -inf) before the first."""
        while self._times[-1] <= seconds:
            # Two numbers added make middling gaps likelier than long and short ones.
            draw = noise(self._seed, self._name, len(self._times)) + noise(self._seed, self._name, -len(self._times))
            self._times.append(self._times[-1] + (self._mean + self._spread * (draw - 1)) / self._rate)
        # Films are asked for in order: what is sought stands near the end.
        for number in range(len(self._times) - 1, -1, -1):
            if self._times[number] <= seconds:
                return number, self._times[number]
        return -1, -math.inf


@lru_cache(maxsize=4096)  # neighbouring frames ask for the same lattice points
def noise(seed: int, name: str, number: int) -> float:
    """A number in 0..1, always the same for the same arguments (FNV-1a, then splitmix64)."""
    state = 0xCBF29CE484222325
    for byte in f"{seed}/{name}/{number}".encode():
        state = ((state ^ byte) * 0x100000001B3) & _MASK
    state = (state + 0x9E3779B97F4A7C15) & _MASK
    state = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ state >> 27) * 0x94D049BB133111EB) & _MASK
    return float((state ^ state >> 31) >> 11) / (1 << 53)


def wander(seed: int, name: str, position: float) -> float:
    """Smooth noise in -1..1 with one lattice point per unit (cubic B-spline, so that it never jerks)."""
    cell = math.floor(position)
    part = position - cell
    points = [2 * noise(seed, name, cell + offset) - 1 for offset in (-1, 0, 1, 2)]
    weights = (
        (1 - part) ** 3 / 6,
        (3 * part**3 - 6 * part**2 + 4) / 6,
        (-3 * part**3 + 3 * part**2 + 3 * part + 1) / 6,
        part**3 / 6,
    )
    # A B-spline stays well inside its control points; this brings it back to about their range.
    return 1.5 * sum(weight * point for weight, point in zip(weights, points, strict=True))


def _smooth(part: float) -> float:
    part = min(1.0, max(0.0, part))
    return part * part * (3 - 2 * part)
