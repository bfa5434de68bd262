"""What a film's motion is to be like: plain values, which travel between processes. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from svc_video.engines.sadtalker.camera import SPREAD_FRAMES
from svc_video.engines.sadtalker.source import EXPRESSION, FPS, POSE, Floats

STYLES = 46  # ways of moving the head that the network was trained on
Follow = Literal["pose", "blink", "both"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A film whose head or eyes are followed."""

    coefficients: Floats  # (n, 70 or more) at 25 frames per second
    follow: Follow = "both"

    @property
    def pose(self) -> Floats | None:
        """How the head differs from its first frame, (n, 6)."""
        if self.follow == "blink":
            return None
        poses = self.coefficients[:, EXPRESSION : EXPRESSION + POSE]
        return poses - poses[:1]

    @property
    def eyes(self) -> Floats | None:
        """Expressions of which the network takes the eyes, (n, 64)."""
        return None if self.follow == "pose" else self.coefficients[:, :EXPRESSION]


@dataclass(frozen=True, slots=True)
class MotionPlan:
    """The choices of one film. With the usual ones a film moves as upstream's."""

    seed: int = 0
    style: int = 0  # 0..45
    still: bool = False  # the head stays as it is in the picture
    expression_scale: float = 1.0
    pose_scale: float = 1.0  # of the way the head goes from where it is in the picture
    blink_rate: float | None = None  # share of the usual blinks, 0..1; None = 1, and 0 where the head is still
    yaw: tuple[float, ...] = ()  # camera angles, degrees; they take the place of the head's own
    pitch: tuple[float, ...] = ()
    roll: tuple[float, ...] = ()
    angles_frames: int = SPREAD_FRAMES  # the camera angles are spread over so many frames
    reference: Reference | None = None
    blinks: Floats | None = None  # (n,), how closed the eyes are; in place of those drawn

    def __post_init__(self) -> None:
        if not 0 <= self.style < STYLES:
            raise ValueError(f"There is no pose style {self.style}. Choose one from 0 to {STYLES - 1}.")
        if self.reference is not None and len(self.reference.coefficients) == 0:
            raise ValueError("The reference film has no frame. Give one with a face in it, or none.")

    @property
    def blinking(self) -> float:
        """The share of the usual blinks that is drawn, 0..1."""
        if self.blink_rate is None:
            return 0.0 if self.still else 1.0
        return self.blink_rate

    @property
    def drawing_blinks(self) -> bool:
        """Whether blinks are drawn, rather than given or followed."""
        followed = self.reference is not None and self.reference.eyes is not None
        return self.blinking > 0 and self.blinks is None and not followed


def resampled(coefficients: Floats, fps: float) -> Floats:
    """Coefficients (n, c) of a film of another rate, at 25 frames per second: between two frames on a straight line."""
    if fps <= 0:
        raise ValueError(f"A film of {fps} frames per second has no motion. Give its real rate.")
    if fps == FPS or len(coefficients) < 2:
        return coefficients
    at = np.arange(max(1, round(len(coefficients) * FPS / fps))) * (fps / FPS)
    before = np.minimum(at.astype(np.int64), len(coefficients) - 2)
    share = np.minimum(at - before, 1.0)[:, None]
    mixed = coefficients[before] * (1 - share) + coefficients[before + 1] * share
    return np.asarray(mixed, np.float32)
