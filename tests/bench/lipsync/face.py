"""The face in a film: landmarks found anew on every decoded frame, and what they tell of mouth, eyes and head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tests.bench.lipsync.footage import CannotJudge, Shot, shots

from svc_video.faces import landmarks as lm
from svc_video.faces.finder import FaceFinder

Curve = NDArray[np.float64]

MIN_PRESENCE = 0.5  # below this the face is looked for in the whole frame again
LOOK_AGAIN_S = 0.5
MOST_BLIND_S = 5.0  # from the beginning, without a face
MOST_UNSEEN = 0.1  # share of the frames that may show none
NO_FACE = (
    "No face was found in {where}. A film to be judged shows one face from the front, at least 40 pixels wide; of "
    "several the largest is judged."
)
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
    """The largest face of a film; CannotJudge where none is found, or too seldom."""
    search, times, found = Search(path.name, finder), [], []
    for shot in shots(path):
        times.append(shot.at_s)
        found.append(search.points(shot))
    points = np.stack(without_gaps(path.name, times, found))
    return Track(
        times_s=np.array(times),
        points=points,
        openings=np.array([lm.mouth_opening(each) for each in points]),
        eyes=np.array([eye_opening(each) for each in points]),
        angles=np.array([turned(points[0], each) for each in points]),
    )


class Search:
    """Each frame's own landmarks; where the last frame's face was only says where to look."""

    def __init__(self, name: str, finder: FaceFinder) -> None:
        self.name = name
        self.finder = finder
        self.before: lm.Points | None = None
        self.again_s = 0.0  # a whole frame without a face takes a second: not every one is searched

    def points(self, shot: Shot) -> lm.Points | None:
        """None where the frame shows no face. CannotJudge where the film has shown none for MOST_BLIND_S."""
        if self.before is not None:
            points, presence = self.finder.landmarks(shot.rgb, self.before)
            if presence >= MIN_PRESENCE:
                self.before = points
                return points
        elif shot.at_s > MOST_BLIND_S:
            raise CannotJudge(NO_FACE.format(where=f"the first {MOST_BLIND_S:.0f} s of {self.name}"))
        if shot.at_s < self.again_s:
            return None
        faces = self.finder.find_faces(shot.rgb)
        if not faces:
            self.again_s = shot.at_s + LOOK_AGAIN_S
            return None
        self.before = faces[0].points
        return self.before


def without_gaps(name: str, times_s: Sequence[float], found: Sequence[lm.Points | None]) -> list[lm.Points]:
    """The landmarks of every frame, those of the nearest frame before where it shows none; CannotJudge for too many."""
    seen = [points for points in found if points is not None]
    if not seen:
        raise CannotJudge(NO_FACE.format(where=name))
    blind_s = [at_s for at_s, points in zip(times_s, found, strict=True) if points is None]
    if len(blind_s) > MOST_UNSEEN * len(found):
        raise CannotJudge(
            f"A face is to be seen in {len(seen) / len(found):.0%} of the frames of {name} (not at {blind_s[0]:.1f} s, "
            f"for example); {1 - MOST_UNSEEN:.0%} are needed. Cut the film to where the speaker is seen."
        )
    whole, last = [], seen[0]
    for points in found:
        last = last if points is None else points
        whole.append(last)
    return whole


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
