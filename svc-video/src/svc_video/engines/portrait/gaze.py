"""Gaze: fixations on the viewer's face, micro-saccades, rare glances away, eyes that stay while the head turns.

- A saccade of A degrees takes 21 + 2.2 A ms (main sequence: Carpenter 1988).
- Micro-saccades of 0.1 to 0.3 degrees, one or two a second (Martinez-Conde et al. 2004), about the fixated point.
- A speaker who begins to speak often looks away and comes back (Kendon 1967); a listener seldom does.
- Vestibulo-ocular reflex: the eyes turn against the head, so that they stay with the viewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from svc_video.engines.portrait.noise import Moments, noise, smooth
from svc_video.engines.portrait.params import GAZE_ACROSS_DEGREES, GAZE_DOWN_DEGREES

FIXATION_MEAN_S, FIXATION_SPREAD_S = 1.9, 1.1
FIXATION_DEGREES = (1.4, 0.9)  # about the viewer's face: from eye to eye and to the mouth
MICRO_MEAN_S, MICRO_SPREAD_S = 0.66, 0.35  # 1.5 a second
MICRO_DEGREES = (0.1, 0.3)
GLANCE_MEAN_S, GLANCE_SPREAD_S = 13.0, 7.0  # in idle time
GLANCE_DEGREES = (4.5, 1.6)  # across, down
GLANCE_S = (0.55, 0.9)  # how long it lasts
THOUGHT = 0.22  # share of phrases that begin with a glance away
THOUGHT_AHEAD_S = 0.1
SACCADE_S, SACCADE_S_PER_DEGREE = 0.021, 0.0022
REFLEX = 0.9  # part of the head's turn that the eyes undo

Degrees = tuple[float, float]  # right, down


@dataclass(frozen=True, slots=True)
class Glance:
    """A look away and back."""

    start: float  # seconds
    end: float
    at: Degrees


class Gaze:
    """The eyes of one face."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._fixations = Moments(seed, "look", 0.6, FIXATION_MEAN_S, FIXATION_SPREAD_S)
        self._micro = Moments(seed, "micro", 0.3, MICRO_MEAN_S, MICRO_SPREAD_S)
        self._glances = Moments(seed, "glance", GLANCE_MEAN_S / 2, GLANCE_MEAN_S, GLANCE_SPREAD_S)

    def at(self, seconds: float, phrases: Sequence[float], head: Degrees = (0.0, 0.0)) -> tuple[float, float]:
        """`gaze_x` and `gaze_y`; `phrases`: the beginnings (s) of the last phrases, `head`: yaw and pitch."""
        fixed, micro = self._fixation(seconds), self._tremble(seconds)
        away, part = self._away(seconds, phrases)
        across, down = (
            look * (1 - part) + aside + small - REFLEX * turn
            for look, aside, small, turn in zip(fixed, away, micro, head, strict=True)
        )
        return across / GAZE_ACROSS_DEGREES, down / GAZE_DOWN_DEGREES

    def shift_between(self, start: float, end: float, phrases: Sequence[float]) -> float | None:
        """The first large shift of gaze in that time, or None: blinks go with them."""
        shifts = [time for glance in self._all_glances(end, phrases) for time in (glance.start, glance.end)]
        return min((time for time in shifts if start <= time <= end), default=None)

    def _fixation(self, seconds: float) -> Degrees:
        number, since = self._fixations.last_before(seconds)
        return _saccade(self._point(number - 1), self._point(number), seconds - since)

    def _point(self, number: int) -> Degrees:
        if number < 0:
            return 0.0, 0.0
        across, down = (2 * noise(self._seed, f"look {axis}", number) - 1 for axis in "xy")
        return FIXATION_DEGREES[0] * across, FIXATION_DEGREES[1] * down

    def _tremble(self, seconds: float) -> Degrees:
        number, since = self._micro.last_before(seconds)
        return _saccade(self._speck(number - 1), self._speck(number), seconds - since)

    def _speck(self, number: int) -> Degrees:
        """Odd ones lead away from the fixated point, even ones back to it."""
        if number < 0 or number % 2 == 0:
            return 0.0, 0.0
        low, high = MICRO_DEGREES
        size = low + (high - low) * noise(self._seed, "micro size", number)
        # Mostly along the horizon, as people's are.
        share = 0.85 + 0.15 * noise(self._seed, "micro slant", number)
        side = 1 if noise(self._seed, "micro side", number) < 0.5 else -1
        return side * size * share, size * float(1 - share**2) ** 0.5

    def _away(self, seconds: float, phrases: Sequence[float]) -> tuple[Degrees, float]:
        """How far the look is away (degrees), and how much of a glance that is, 0..1."""
        for glance in self._all_glances(seconds, phrases):
            there = _part(glance.at, seconds - glance.start) - _part(glance.at, seconds - glance.end)
            if there > 0:
                return (glance.at[0] * there, glance.at[1] * there), there
        return (0.0, 0.0), 0.0

    def _all_glances(self, seconds: float, phrases: Sequence[float]) -> list[Glance]:
        number, time = self._glances.last_before(seconds)
        found = [self._glance(number, time)] if number >= 0 else []
        for start in phrases:
            key = round(start * 1000)
            if noise(self._seed, "thought", key) < THOUGHT:
                found.append(self._glance(key, start - THOUGHT_AHEAD_S))
        return found

    def _glance(self, key: int, start: float) -> Glance:
        length = GLANCE_S[0] + (GLANCE_S[1] - GLANCE_S[0]) * noise(self._seed, "glance length", key)
        side = 1 if noise(self._seed, "glance side", key) < 0.5 else -1
        across = side * (0.7 + 0.5 * noise(self._seed, "glance across", key))
        down = 1.4 * noise(self._seed, "glance down", key) - 0.9  # more often up
        return Glance(start, start + length, (GLANCE_DEGREES[0] * across, GLANCE_DEGREES[1] * down))


def _part(size: Degrees, past: float) -> float:
    """How much of a saccade of that size is done after `past` seconds."""
    length = SACCADE_S + SACCADE_S_PER_DEGREE * (size[0] ** 2 + size[1] ** 2) ** 0.5
    return smooth(past / length)


def _saccade(one: Degrees, other: Degrees, past: float) -> Degrees:
    step = (other[0] - one[0], other[1] - one[1])
    part = _part(step, past)
    return one[0] + step[0] * part, one[1] + step[1] * part
