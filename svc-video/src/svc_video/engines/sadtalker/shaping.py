"""From the networks' square to the shape it is shown in: which part of it, by which resizes.

Smaller by area, larger by cubics, in one step. Where a frame has its natural size, and for the seams that give
upstream's picture, it is upstream's way instead: cv2's linear one, in full modes in two steps (to the shape that was
cut out, from there to the box).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from svc_video.engines.sadtalker.placing import Box, cut_box, even, visible
from svc_video.engines.sadtalker.source import Floats, Rgb, Source
from svc_video.framing import Size

Step = tuple[Size, int]  # (width, height) and one of cv2's ways


@dataclass(frozen=True, slots=True)
class Shaping:
    """What is done to each render."""

    window: Box  # of the square
    steps: tuple[Step, ...]
    size: Size  # (width, height) it ends with; the last step may give a row or column more

    def of(self, render: Rgb) -> Rgb:
        """A render (size, size, 3) in its shape, (h, w, 3)."""
        left, top, right, bottom = self.window
        image = render[top:bottom, left:right]
        for size, way in self.steps:
            image = np.asarray(cv2.resize(image, size, interpolation=way), np.uint8)
        return image[: self.size[1], : self.size[0]]

    def filters(self, square: int) -> tuple[Floats, Floats]:
        """The same as two products: down (h, square) @ render @ across (square, w)."""
        left, top, right, bottom = self.window
        ways = [way for _, way in self.steps]
        down = _filter(square, (top, bottom), [size[1] for size, _ in self.steps], ways)
        across = _filter(square, (left, right), [size[0] for size, _ in self.steps], ways)
        return np.ascontiguousarray(down[:, : self.size[1]].T), np.ascontiguousarray(across[:, : self.size[0]])


def frame_shaping(source: Source, frame: Size) -> Shaping:
    """For a frame of (width, height) that is nothing but the render."""
    if frame == even(source.natural):
        return Shaping((0, 0, source.size, source.size), ((source.natural, cv2.INTER_LINEAR),), frame)
    window = visible(source, frame)
    return Shaping(window, (_one_step((window[2] - window[0], window[3] - window[1]), frame),), frame)


def head_shaping(source: Source, head: Size, *, as_upstream: bool) -> Shaping:
    """For a head of (width, height) that is set back into the picture."""
    whole = (0, 0, source.size, source.size)
    if not as_upstream:
        return Shaping(whole, (_one_step((source.size, source.size), head),), head)
    return Shaping(whole, ((_cut_shape(source), cv2.INTER_LINEAR), (head, cv2.INTER_LINEAR)), head)


def filter_of(points: int, made: int, way: int) -> Floats:
    """cv2's own filter from `points` to `made` points, (points, made): what it makes of a unit matrix."""
    resized = cv2.resize(np.eye(points, dtype=np.float32), (made, points), interpolation=way)
    return np.asarray(resized, np.float32)


def _filter(points: int, window: tuple[int, int], made: list[int], ways: list[int]) -> Floats:
    filters = np.eye(points, dtype=np.float32)[:, slice(*window)]
    for count, way in zip(made, ways, strict=True):
        filters = filters @ filter_of(filters.shape[1], count, way)
    return filters


def _one_step(seen: Size, made: Size) -> Step:
    smaller = made[0] <= seen[0] and made[1] <= seen[1]
    return made, cv2.INTER_AREA if smaller else cv2.INTER_CUBIC


def _cut_shape(source: Source) -> Size:
    """(width, height) upstream gives a render before it sets it back: the inner box's, in extfull as well."""
    if source.crop is None:
        return source.natural
    left, top, right, bottom = cut_box(source.crop, extended=False)
    return source.size, int(source.size * (bottom - top) / (right - left))
