"""One film judged, from the MP4 and the text alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.bench.lipsync.alignment import Phone, align
from tests.bench.lipsync.curves import Closure, blinks, closures, inside, lag, likeness, pearson, pose_range
from tests.bench.lipsync.face import track
from tests.bench.lipsync.footage import RATE, frame_rate, placed, sound
from tests.bench.lipsync.openness import Reference, reference, spoken_span
from tests.bench.lipsync.upper import upper_ssim

from svc_video.faces.finder import FaceFinder

Curve = NDArray[np.float64]

SHIFT_S = 0.2  # of the controls whose lag must be found again
LOUDNESS_S = 0.04  # how long a piece of sound the naive mouth hears


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What is known of one film. Curves have one value a frame."""

    path: Path
    text: str
    phones: list[Phone]
    times_s: Curve
    openings: Curve  # eye distances
    spoken: NDArray[np.bool_]  # the frames seen while there is speech
    loudness: Curve
    wanted: Reference
    r: float  # at zero lag
    lag_s: float
    r_at_lag: float
    r_volume: float  # of the loudness with the phones: what a mouth driven by the volume would get
    shift_error_s: float  # by how much the lag was missed when the picture or the sound came SHIFT_S later
    closures: list[Closure]
    blinks: int
    ssim: float
    pose: tuple[float, float, float]  # range of yaw, pitch and roll in degrees
    p95: float  # of the opening while there is speech

    @property
    def face(self) -> str:
        """Whose face it is: the film's folder."""
        return self.path.parent.name

    @property
    def seconds(self) -> float:
        """How long the film is."""
        return float(self.times_s[-1] + self.times_s[0])

    @property
    def closed(self) -> float:
        """The share of bilabials with closed lips; 1 where there are none."""
        return float(np.mean([each.closed for each in self.closures])) if self.closures else 1.0


@lru_cache(maxsize=1)
def finder() -> FaceFinder:
    """Both networks, once a process; other processes need the other cores."""
    cv2.setNumThreads(1)
    return FaceFinder()


def judge(path: Path) -> Judged:
    """The film at `path`, its text in the .txt beside it; NoFace, CannotAlign. About 0.1 s a frame; blocking."""
    text = path.with_suffix(".txt").read_text()
    samples = sound(path)
    phones = align(samples, text)
    seen = track(path, finder())
    wanted, spoken = reference(phones), inside(seen.times_s, spoken_span(phones))
    at, mouth = seen.times_s[spoken], seen.openings[spoken]
    lag_s, r_at_lag = lag(at, mouth, wanted)
    volume = loudness(samples, seen.times_s)
    return Judged(
        path=path,
        text=text,
        phones=phones,
        times_s=seen.times_s,
        openings=seen.openings,
        spoken=spoken,
        loudness=volume,
        wanted=wanted,
        r=likeness(at, mouth, wanted),
        lag_s=lag_s,
        r_at_lag=r_at_lag,
        r_volume=likeness(at, volume[spoken], wanted),
        shift_error_s=max(
            abs(lag(at + SHIFT_S, mouth, wanted)[0] - lag_s - SHIFT_S),
            abs(lag(at, mouth, later(samples, text))[0] - lag_s + SHIFT_S),
        ),
        closures=closures(seen.times_s, seen.openings, phones, 1 / frame_rate(path)),
        blinks=blinks(seen.times_s, seen.eyes),
        ssim=float(upper_ssim(path, seen).mean()),
        pose=(pose_range(seen.angles[:, 0]), pose_range(seen.angles[:, 1]), pose_range(seen.angles[:, 2])),
        p95=float(np.percentile(mouth, 95)),
    )


def later(samples: NDArray[np.int16], text: str) -> Reference:
    """The reference of the same sound, heard SHIFT_S later and aligned anew."""
    return reference(align(placed(samples, SHIFT_S), text))


def loudness(samples: NDArray[np.int16], times_s: Curve) -> Curve:
    """The root mean square of the sound around each moment."""
    power = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
    begin, end = (
        np.clip(np.round((times_s + side * LOUDNESS_S / 2) * RATE).astype(int), 0, len(samples)) for side in (-1, 1)
    )
    return np.asarray(np.sqrt((power[end] - power[begin]) / np.maximum(1, end - begin)))


def other_sound(judged: Judged, other: Judged) -> float | None:
    """r of a mouth with the phones of another film, where both speak; None where that is less than a second."""
    both = judged.spoken & inside(judged.times_s, spoken_span(other.phones))
    if both.sum() < 1 / (judged.times_s[1] - judged.times_s[0]):
        return None
    return likeness(judged.times_s[both], judged.openings[both], other.wanted)


def rolled_sound(judged: Judged) -> list[float]:
    """r of a mouth with its own phones rolled round by a second and more: the control where there is no other film."""
    at, mouth = judged.times_s[judged.spoken], judged.openings[judged.spoken]
    wanted = judged.wanted.at(at)
    second = round(1 / (at[1] - at[0]))
    return [pearson(mouth, np.roll(wanted, by)) for by in range(second, len(at) - second, max(1, second // 4))]


def controls(films: list[Judged]) -> list[float]:
    """|r| of each mouth with the phones of all other films of this face, or with its own rolled round."""
    pairs = [(one, other) for one in films for other in films if one.text != other.text]
    found = [r for one, other in pairs if (r := other_sound(one, other)) is not None]
    return [abs(r) for r in (found or [r for one in films for r in rolled_sound(one)])]
