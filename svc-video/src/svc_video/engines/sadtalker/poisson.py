"""OpenCV's seamless cloning (NORMAL_CLONE, mask all ones), for many patches into one place, with the constants kept.

cv2.seamlessClone solves a Poisson equation whose boundary values are the target's and whose gradients are the patch's,
except in the three outermost pixels, where they are the target's (its mask is drawn in by one pixel and eroded by
three). That is the picture "patch inside, target in the rim", plus a correction e that is zero on the boundary and has
sources only along the four lines where rim and inside meet. So the sine transforms of those four lines give all of e:

    e = S_y (l L + r R) + (t T + b B) S_x        Laplace(e) = dipoles of (target - patch) along the lines

S: sine transforms (DST-I); l, r, t, b: transforms of what target and patch differ by along the left, right, top and
bottom line; L, R, T, B: how a wave along a line dies out across the box. All of these depend on the box's size only.
Waves that die out within `NEAR` pixels are left out beyond (error below 0.001 of a level).
Source: Perez, Gangnet and Blake, "Poisson image editing", 2003; details: opencv's photo/src/seamless_cloning_impl.cpp.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from svc_video.engines.sadtalker.source import Floats, Rgb

DRAWN_IN = 1  # pixels by which OpenCV draws the mask in before it looks where the box is
RIM = 3  # pixels of target inside the boundary: three erosions of the mask
SMALLEST = 2 * (DRAWN_IN + RIM) + 4  # pixels: a box with an inside
NEAR = 32  # pixels from the boundary within which all waves are counted
FAINT = 12.0  # a wave has died out when it is weaker by e to the minus this
CUT = 0.499  # of a level: OpenCV cuts off what stands behind the point; cv2.add rounds

Lines = Sequence[Floats]  # left, right, top, bottom


@dataclass(frozen=True, slots=True)
class Direction:
    """Waves along one direction of n points, and how they die out across the other, of m points."""

    sines: Floats  # (n, n): S, its own inverse
    first: Floats  # (n, m): answer to the line near the start
    last: Floats  # (n, m): answer to the line near the end, its mirror image
    strong: int  # waves that still count `NEAR` pixels away

    @classmethod
    def of(cls, along: int, across: int) -> Direction:
        """For a boundary of `along` x `across` inner points."""
        waves, others = _sines(along), _sines(across)
        decay = _eigenvalues(along)[:, None] + _eigenvalues(across)[None]
        source = others[RIM - 2] - others[RIM - 1]  # the line lies between those two points
        first = (source[None] / decay) @ others
        strong = min(along, int(np.ceil(FAINT * (along + 1) / (np.pi * NEAR))))
        return cls(_float32(waves), _float32(first), _float32(first[:, ::-1]), strong)

    def summed(self, first: Floats, last: Floats) -> Floats:
        """What the differences along the two lines, each (3, length), add up to: (3, n, m)."""
        waves = _wave(first, self.sines), _wave(last, self.sines)
        across = self.first.shape[1]
        near, strong = (NEAR, self.strong) if across > 2 * NEAR else (0, len(self.sines))
        summed = np.empty((3, *self.first.shape), np.float32)
        for columns, counted in (
            (slice(0, near), len(self.sines)),
            (slice(near, across - near), strong),
            (slice(across - near, across), len(self.sines)),
        ):
            answers = waves[0][:, :counted] * self.first[:counted, columns]
            answers += waves[1][:, :counted] * self.last[:counted, columns]
            summed[:, :, columns] = self.sines[:, :counted] @ answers
        return summed


class Poisson:
    """One place that patches are cloned into."""

    def __init__(self, target: Rgb) -> None:
        """`target` (h, w, 3) is what the patches replace, both sides at least `SMALLEST` pixels."""
        height, width = target.shape[:2]
        self.target = target
        self.down = Direction.of(height - 2 * DRAWN_IN - 2, width - 2 * DRAWN_IN - 2)
        self.across = Direction.of(width - 2 * DRAWN_IN - 2, height - 2 * DRAWN_IN - 2)
        self.lines = lines_of(target)

    def cloned(self, patch: Rgb) -> Rgb:
        """The patch (h, w, 3) with the target's boundary: cv2.seamlessClone's answer to one level."""
        edge, rim = DRAWN_IN + 1, DRAWN_IN + RIM
        joined = self.target.copy()
        joined[rim:-rim, rim:-rim] = patch[rim:-rim, rim:-rim]
        inside = np.ascontiguousarray(joined[edge:-edge, edge:-edge])
        differ = [ours - theirs for ours, theirs in zip(self.lines, lines_of(patch), strict=True)]
        joined[edge:-edge, edge:-edge] = cv2.add(inside, self.correction(differ) - CUT, dtype=cv2.CV_8U)
        return joined

    def correction(self, differ: Lines) -> Floats:
        """What is added inside the boundary, (h - 4, w - 4, 3), for target - patch along the four lines."""
        sideways, upwards = self.down.summed(*differ[:2]), self.across.summed(*differ[2:])
        planes = [cv2.add(ours, cv2.transpose(theirs)) for ours, theirs in zip(sideways, upwards, strict=True)]
        return np.asarray(cv2.merge(planes), np.float32)


def lines_of(image: npt.NDArray[Any]) -> Lines:
    """The pixels of (h, w, 3) along the left, right, top and bottom line around the inside, each (3, length)."""
    image = image[DRAWN_IN:-DRAWN_IN, DRAWN_IN:-DRAWN_IN]
    inside = slice(RIM, -RIM)
    found = image[inside, RIM], image[inside, -RIM], image[RIM, inside], image[-RIM, inside]
    return [_float32(line.T) for line in found]


def _wave(line: Floats, sines: Floats) -> Floats:
    """The sine transform of a line (3, length) that begins `RIM` - 1 points after the boundary: (3, n, 1)."""
    start = RIM - 1
    return (line @ sines[start : start + line.shape[1]])[:, :, None]


def _sines(points: int) -> npt.NDArray[np.float64]:
    count = np.arange(1, points + 1)
    sines: npt.NDArray[np.float64] = np.sin(np.pi * np.outer(count, count) / (points + 1))
    return np.sqrt(2 / (points + 1)) * sines


def _eigenvalues(points: int) -> npt.NDArray[np.float64]:
    angles: npt.NDArray[np.float64] = np.pi * np.arange(1, points + 1) / (points + 1)
    return 2 * np.cos(angles) - 2


def _float32(values: npt.NDArray[Any]) -> Floats:
    return np.ascontiguousarray(values, np.float32)
