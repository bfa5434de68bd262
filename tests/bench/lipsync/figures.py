"""From single films to the figures of a face and of all: means, and the worst beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from tests.bench.lipsync.laboratory import SecondOpinion
from tests.bench.lipsync.verdict import Judged, controls

Figures = dict[str, float | dict[str, float] | int | None]
AXES = ("yaw", "pitch", "roll")


def figures(films: Sequence[Judged], opinions: Mapping[Path, SecondOpinion]) -> Figures:
    """All figures of some films; None where there was nobody to measure them."""
    others = [r for face in faces(films) for r in controls([film for film in films if film.face == face])]
    every = [closure for film in films for closure in film.closures]
    heard = [opinions[film.path] for film in films if film.path in opinions]
    return {
        "clips": len(films),
        "r_phonemes": mean([film.r for film in films]),
        "r_phonemes_worst": rounded(min(film.r for film in films)),
        "r_at_lag": mean([film.r_at_lag for film in films]),
        "lag_ms": mean([film.lag_s * 1000 for film in films], 1),
        "lag_ms_worst": rounded(max((film.lag_s * 1000 for film in films), key=abs), 1),
        "bilabial_closure": mean([each.closed for each in every]),
        "bilabial_closure_worst": rounded(min(film.closed for film in films)),
        "control_r": mean(others),
        "control_r_worst": rounded(max(others)) if others else None,
        "shift_error_ms_worst": rounded(max(film.shift_error_s * 1000 for film in films), 1),
        "r_volume": mean([film.r_volume for film in films]),
        "blinks_per_min": rounded(60 * sum(film.blinks for film in films) / sum(film.seconds for film in films), 1),
        "upper_ssim": mean([film.ssim for film in films]),
        "upper_ssim_worst": rounded(min(film.ssim for film in films)),
        "pose_range": {name: rounded(float(np.mean(each)), 1) for name, each in poses(films)},
        "opening_p95": mean([film.p95 for film in films]),
        "second_judge_r": mean([each.r for each in heard]),
        "second_judge_agreement": mean([each.agreement for each in heard]),
    }


def faces(films: Sequence[Judged]) -> list[str]:
    """Each face once, in order."""
    return list(dict.fromkeys(film.face for film in films))


def poses(films: Sequence[Judged]) -> list[tuple[str, list[float]]]:
    """Each axis with its range in every film, degrees."""
    return [(name, [film.pose[axis] for film in films]) for axis, name in enumerate(AXES)]


def mean(values: Sequence[float], digits: int = 3) -> float | None:
    """Rounded; None of nothing."""
    return rounded(float(np.mean(values)), digits) if values else None


def rounded(value: float, digits: int = 3) -> float:
    """A plain float, for JSON."""
    return round(float(value), digits)
