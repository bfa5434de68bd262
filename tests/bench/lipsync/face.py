"""The face in a film: landmarks found anew on every decoded frame, and what they tell of mouth, eyes and head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tests.bench.lipsync.footage import Rgb, shots

from svc_video.faces import landmarks as lm
from svc_video.faces.finder import FaceFinder

Curve = NDArray[np.float64]

MIN_PRESENCE = 0.5  # below this the face is looked for in the whole frame again
# What speech and brows do not move: corners of the eyes, the nose's ridge, temples and the edge of the forehead.
FORE_EDGE = (10, 109, 338, 67, 297, 103, 332, 54, 284)
STILL_POINTS = np.array([33, 133, 362, 263, 168, 6, 197, 195, 127, 356, 234, 454, *FORE_EDGE])


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """What a face does in N frames: one value a frame, angles relative to the first frame."""

    times_s: Curve  # (N,), the middle of each frame's time on the screen
    points: NDArray[np.float32]  # (N, 478, 3), pixels
    openings: Curve  # (N,), the gap between the lips in eye distances
    eyes: Curve  # (N,), the gap between the lids over the eye's width, of both eyes
    angles: Curve  # (N, 3), degrees of yaw, pitch and roll


def track(path: Path, finder: FaceFinder) -> Track:
    """The face of a film; NoFace where its first frame shows none."""
    times: list[float] = []
    found: list[lm.Points] = []
    for shot in shots(path):
        times.append(shot.at_s)
        found.append(points_in(shot.rgb, finder, found[-1] if found else None))
    points = np.stack(found)
    return Track(
        times_s=np.array(times),
        points=points,
        openings=np.array([lm.mouth_opening(each) for each in points]),
        eyes=np.array([eye_opening(each) for each in points]),
        angles=np.array([turned(points[0], each) for each in points]),
    )


def points_in(rgb: Rgb, finder: FaceFinder, before: lm.Points | None) -> lm.Points:
    """The frame's own landmarks; where the last frame's face was only says where to look."""
    if before is not None:
        points, presence = finder.landmarks(rgb, before)
        if presence >= MIN_PRESENCE:
            return points
    face, _ = finder.largest(rgb)
    return face.points


def eye_opening(points: lm.Points) -> float:
    """The mean of both eyes."""
    return (lm.eye_opening(points, left=True) + lm.eye_opening(points, left=False)) / 2


def turned(rest: lm.Points, points: lm.Points) -> tuple[float, float, float]:
    """Yaw (nose to the right edge), pitch (nose down), roll (clockwise): degrees from `rest`, by Kabsch's rotation."""
    one, other = (each[STILL_POINTS] - each[STILL_POINTS].mean(axis=0) for each in (rest, points))
    u, _, vt = np.linalg.svd(one.T.astype(np.float64) @ other)
    mirror = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u @ mirror @ vt).T
    # x to the right, y down, z away from the viewer: the nose points to -z.
    nose = rotation @ np.array([0.0, 0.0, -1.0])
    yaw = np.degrees(np.arctan2(nose[0], -nose[2]))
    pitch = np.degrees(np.arcsin(np.clip(nose[1], -1.0, 1.0)))
    roll = np.degrees(np.arctan2(rotation[1, 0], rotation[0, 0]))
    return float(yaw), float(pitch), float(roll)


def affine(source: lm.Points, target: lm.Points, indices: Sequence[int] | NDArray[np.int64] = STILL_POINTS) -> Curve:
    """The (2, 3) matrix that lays the still points of one face best on those of another: least squares."""
    ones = np.ones((len(indices), 1))
    solved, *_ = np.linalg.lstsq(np.hstack([source[indices, :2], ones]), target[indices, :2], rcond=None)
    return np.asarray(solved.T, dtype=np.float64)
