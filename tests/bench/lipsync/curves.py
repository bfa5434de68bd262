"""The arithmetic of the judge: likeness of two curves, their lag, closures, blinks. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tests.bench.lipsync.alignment import BILABIALS, VOWELS, Phone
from tests.bench.lipsync.openness import Reference

Curve = NDArray[np.float64]

LONGEST_LAG_S, LAG_STEP_S = 0.32, 0.005
CLOSED_PART = 0.25  # of the median vowel: less is a closed mouth
SHUT_PART, OPEN_PART = 0.6, 0.8  # of an eye's usual opening: a blink falls below the first and rises above the second
LONGEST_BLINK_S = 0.6  # longer is an eye kept shut


@dataclass(frozen=True, slots=True)
class Closure:
    """One bilabial, and how far the mouth was still open in it: in units of the median vowel."""

    phone: Phone
    opening: float

    @property
    def closed(self) -> bool:
        """Whether the lips met, as far as a viewer can tell."""
        return self.opening < CLOSED_PART


def pearson(one: Curve, other: Curve) -> float:
    """The correlation of two curves; 0 where one of them stands still."""
    one, other = one - one.mean(), other - other.mean()
    size = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / size if size > 1e-12 else 0.0


def likeness(times_s: Curve, openings: Curve, wanted: Reference, lag_s: float = 0.0) -> float:
    """Pearson's r of a mouth with what it should do, were it `lag_s` late."""
    return pearson(openings, wanted.at(times_s - lag_s))


def lag(times_s: Curve, openings: Curve, wanted: Reference) -> tuple[float, float]:
    """How late the mouth is (seconds, > 0 = after the sound) and r there: the best of +-0.32 s, by a parabola."""
    return peak(lambda lag_s: likeness(times_s, openings, wanted, lag_s))


def peak(value_at: Callable[[float], float]) -> tuple[float, float]:
    """Where a function of the lag is greatest, finer than its steps, and its value there."""
    steps = round(LONGEST_LAG_S / LAG_STEP_S)
    lags = LAG_STEP_S * np.arange(-steps, steps + 1)
    values = np.array([value_at(float(each)) for each in lags])
    best = int(values.argmax())
    if not 0 < best < len(values) - 1:
        return float(lags[best]), float(values[best])
    before, here, after = values[best - 1 : best + 2]
    bend = before - 2 * here + after
    shift = 0.5 * (before - after) / bend if bend < -1e-12 else 0.0
    return float(lags[best] + shift * LAG_STEP_S), float(here - 0.25 * (before - after) * shift)


def inside(times_s: Curve, span_s: tuple[float, float]) -> NDArray[np.bool_]:
    """Which moments lie within a span."""
    return (times_s >= span_s[0]) & (times_s <= span_s[1])


def vowel_opening(times_s: Curve, openings: Curve, phones: Sequence[Phone]) -> float:
    """The median opening of the frames seen during a vowel."""
    seen = np.zeros(len(times_s), bool)
    for phone in phones:
        if phone.name in VOWELS:
            seen |= inside(times_s, (phone.start_s, phone.end_s))
    return float(np.median(openings[seen])) if seen.any() else 0.0


def closures(times_s: Curve, openings: Curve, phones: Sequence[Phone], frame_s: float) -> list[Closure]:
    """Each P, B and M with the least opening of the frames seen within it, one more on either side."""
    usual = vowel_opening(times_s, openings, phones)
    found = []
    for phone in phones:
        # A frame is on the screen half its time before and after its middle.
        reach = 1.5 * frame_s
        seen = inside(times_s, (phone.start_s - reach, phone.end_s + reach))
        if phone.name in BILABIALS and seen.any() and usual > 0:
            found.append(Closure(phone, float(openings[seen].min()) / usual))
    return found


def blinks(times_s: Curve, eyes: Curve) -> int:
    """How often the eyes fall shut and open again. `eyes` is the lids' gap over the eye's width."""
    usual = float(np.median(eyes))
    count, shut_at = 0, None
    for at_s, opening in zip(times_s, eyes, strict=True):
        if shut_at is None and opening < SHUT_PART * usual:
            shut_at = at_s
        elif shut_at is not None and opening > OPEN_PART * usual:
            count += at_s - shut_at <= LONGEST_BLINK_S
            shut_at = None
    return count


def eyes_open(eyes: Curve) -> NDArray[np.bool_]:
    """Which frames show open eyes."""
    return np.asarray(eyes > OPEN_PART * np.median(eyes))


def pose_range(degrees: Curve) -> float:
    """The degrees between the 2nd and the 98th percentile: what a head does, without the detector's outliers."""
    low, high = np.percentile(degrees, [2, 98])
    return float(high - low)
