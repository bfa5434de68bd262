"""How far a mouth should be open: phones to a curve, from phonetics alone.

Vowels: the height that the IPA's vowel chart gives them, from close (0.25) to open (1.0), times ROUNDED where the lips
are drawn together; a diphthong glides from one to the other. Consonants: 0 where the lips touch (bilabials), next to
nothing where the lip touches the teeth, little where the teeth must be close (sibilants) or the lips are rounded
(w), more the freer the jaw is (velars). A phone for which the lips do nothing of their own (h) goes from its one
neighbour to the other.
Nothing here comes from the renderer's tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tests.bench.lipsync.alignment import Phone

Curve = NDArray[np.float64]

CLOSE, NEAR_CLOSE, CLOSE_MID, MID, OPEN_MID, NEAR_OPEN, OPEN = 0.25, 0.35, 0.45, 0.55, 0.7, 0.9, 1.0
ROUNDED = 0.6
FREE = -1.0  # the lips do what their neighbours ask for
STEP_S = 0.005  # of the curve
SIGMA_S = 0.025  # lips take about this long to follow
MARGIN_S = 0.1  # before the first and after the last phone: the mouth opens, and shuts again

OPENNESS: dict[str, tuple[float, ...]] = {
    "": (0.0,),
    **dict.fromkeys(("P", "B", "M"), (0.0,)),
    **dict.fromkeys(("F", "V"), (0.06,)),
    **dict.fromkeys(("S", "Z", "SH", "ZH", "CH", "JH"), (0.15,)),
    "W": (0.12,),
    "R": (0.25,),
    "Y": (CLOSE,),
    **dict.fromkeys(("T", "D", "N", "TH", "DH"), (0.22,)),
    "L": (0.3,),
    **dict.fromkeys(("K", "G", "NG"), (0.32,)),
    "HH": (FREE,),
    "IY": (CLOSE,),
    "IH": (NEAR_CLOSE,),
    "EH": (OPEN_MID,),
    "AE": (NEAR_OPEN,),
    "AA": (OPEN,),
    "AO": (OPEN_MID * 0.9,),  # American: hardly rounded
    "AH": (MID,),
    "ER": (MID * 0.8,),  # r-coloured: half as rounded as a rounded vowel
    "UH": (NEAR_CLOSE * ROUNDED,),
    "UW": (CLOSE * ROUNDED,),
    "EY": (CLOSE_MID, NEAR_CLOSE),
    "AY": (OPEN, NEAR_CLOSE),
    "OY": (OPEN_MID * ROUNDED, NEAR_CLOSE),
    "OW": (MID * 0.8, NEAR_CLOSE * ROUNDED),
    "AW": (OPEN, NEAR_CLOSE * ROUNDED),
}


@dataclass(frozen=True, slots=True)
class Reference:
    """The openness a mouth should have, 0..1, from `begins_s` on in steps of STEP_S."""

    begins_s: float
    values: Curve

    def at(self, times_s: Curve) -> Curve:
        """Its values at those moments; silence outside."""
        own = self.begins_s + STEP_S * np.arange(len(self.values))
        return np.interp(times_s, own, self.values, left=0.0, right=0.0)


def reference(phones: Sequence[Phone]) -> Reference:
    """The curve of those phones, with MARGIN_S of silence kept on both sides for the smoothing."""
    begins, ends = phones[0].start_s - MARGIN_S, phones[-1].end_s + MARGIN_S
    at = np.arange(begins, ends, STEP_S)
    corners_s, values = corners(phones)
    stepped = np.interp(at, corners_s, values, left=0.0, right=0.0)
    return Reference(float(begins), smoothed(stepped))


def corners(phones: Sequence[Phone]) -> tuple[Curve, Curve]:
    """The curve before it is smoothed, as the corners of a broken line."""
    times: list[float] = []
    values: list[float] = []
    for phone in phones:
        targets = OPENNESS[phone.name]
        if targets[0] == FREE:
            continue
        times += [phone.start_s, phone.end_s - 1e-6]
        values += [targets[0], targets[-1]]
    return np.array(times), np.array(values)


def smoothed(values: Curve) -> Curve:
    """A Gaussian of SIGMA_S, the ends drawn out."""
    reach = round(3 * SIGMA_S / STEP_S)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * STEP_S / SIGMA_S) ** 2)
    return np.convolve(np.pad(values, reach, mode="edge"), kernel / kernel.sum(), mode="valid")


def spoken_span(phones: Sequence[Phone]) -> tuple[float, float]:
    """From MARGIN_S before the first to MARGIN_S after the last phone that is heard."""
    heard = [phone for phone in phones if phone.name]
    return heard[0].start_s - MARGIN_S, heard[-1].end_s + MARGIN_S
