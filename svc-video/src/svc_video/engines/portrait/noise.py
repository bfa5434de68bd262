"""Chance that can be asked for at any moment: the same arguments give the same numbers, in whatever order they come.

Random numbers are hashes of (seed, what for, which one), not draws from a stream, so a resumed film goes on exactly.
"""

from __future__ import annotations

import math
from functools import lru_cache

_MASK = (1 << 64) - 1


@lru_cache(maxsize=8192)  # neighbouring frames ask for the same lattice points
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
    rest = 1.0 - part
    # A B-spline stays well inside its control points; 1.5 brings it back to about their range.
    return (
        rest**3 * (2 * noise(seed, name, cell - 1) - 1)
        + (3 * part**3 - 6 * part**2 + 4) * (2 * noise(seed, name, cell) - 1)
        + (3 * rest**3 - 6 * rest**2 + 4) * (2 * noise(seed, name, cell + 1) - 1)
        + part**3 * (2 * noise(seed, name, cell + 2) - 1)
    ) * (1.5 / 6)


def smooth(part: float) -> float:
    """0 below 0, 1 above 1, with level ends between."""
    part = min(1.0, max(0.0, part))
    return part * part * (3 - 2 * part)


def bump(past: float, rise: float, fall: float) -> float:
    """1 where `past` is 0; begins `rise` before and ends `fall` after it, without a corner anywhere."""
    part = -past / rise if past < 0 else past / fall
    return (1 - part * part) ** 3 if part < 1 else 0.0


def joined(strengths: list[float]) -> float:
    """One movement out of several at once: as strong as the strongest, without a corner where they cross."""
    return float(sum(value**4 for value in strengths) ** 0.25)


class Moments:
    """Moments in time with irregular gaps between them: the same for the same seed, however they are asked for."""

    def __init__(self, seed: int, name: str, first: float, mean: float, spread: float, *, rate: float = 1.0) -> None:
        """Seconds; gaps are `mean` +- `spread`, middling ones likelier, all `rate` times as frequent; 0 = never."""
        self._seed, self._name = seed, name
        self._mean, self._spread, self._rate = mean, spread, rate
        self._times = [first / rate if rate > 0 else math.inf]

    def last_before(self, seconds: float) -> tuple[int, float]:
        """Number and time of the last moment; (-1, -inf) before the first."""
        self._reach(seconds)
        # Films are asked for in order: what is sought stands near the end.
        for number in range(len(self._times) - 1, -1, -1):
            if self._times[number] <= seconds:
                return number, self._times[number]
        return -1, -math.inf

    def time(self, number: int) -> float:
        """When that one is; -inf for numbers below 0."""
        if number < 0:
            return -math.inf
        while len(self._times) <= number:
            self._more()
        return self._times[number]

    def _reach(self, seconds: float) -> None:
        while self._times[-1] <= seconds:
            self._more()

    def _more(self) -> None:
        number = len(self._times)
        # Two numbers added make middling gaps likelier than long and short ones.
        draw = noise(self._seed, self._name, number) + noise(self._seed, self._name, -number)
        self._times.append(self._times[-1] + (self._mean + self._spread * (draw - 1)) / (self._rate or 1.0))
