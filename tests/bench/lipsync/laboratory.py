"""What lies in var/lipsync, an environment of its own: the second judge, and a photo. Either may be missing."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tests.bench.lipsync.curves import likeness, pearson
from tests.bench.lipsync.verdict import Judged

HOME = Path("var/lipsync")
SCRIPT = Path(__file__).with_name("second_judge.py")
PHOTO = "lib/python3*/site-packages/skimage/data/astronaut.png"
JUDGE_S = 600.0
MIN_SEEN = 0.9  # share of a film's frames in which the second judge must see a face


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """The second judge's word on one film."""

    r: float  # its mouth with the phones, at zero lag
    agreement: float  # r of its mouth with the first judge's


def photo() -> Path | None:
    """A real photo (NASA's portrait of Eileen Collins, public domain), where it was installed."""
    return next(iter(HOME.glob(PHOTO)), None)


def second_opinions(films: Sequence[Judged]) -> dict[Path, SecondOpinion]:
    """By film; empty where the second judge is not installed, without those in which it sees no face."""
    python = HOME / "bin" / "python"
    if not (HOME / ".ready").exists():
        return {}
    paths = [str(film.path) for film in films]
    done = subprocess.run([python, SCRIPT, *paths], capture_output=True, text=True, timeout=JUDGE_S, check=False)
    if done.returncode:
        raise RuntimeError(f"the second judge broke: {done.stderr.strip().splitlines()[-1:]}")
    seen = json.loads(done.stdout)
    return {film.path: opinion for film in films if (opinion := compared(film, seen[str(film.path)])) is not None}


def compared(film: Judged, openings: Sequence[float | None]) -> SecondOpinion | None:
    """The second judge's openings with the phones and with the first judge's; None where it saw too little."""
    values = np.array([np.nan if each is None else each for each in openings])
    counted = film.spoken & ~np.isnan(values)
    if counted.sum() < MIN_SEEN * film.spoken.sum():
        return None
    at, mouth = film.times_s[counted], values[counted]
    return SecondOpinion(likeness(at, mouth, film.wanted), pearson(mouth, film.openings[counted]))
