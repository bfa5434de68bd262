"""Where a render belongs: which box of the picture the networks saw, and where that box stands in a frame.

- A frame is covered: the picture is scaled until nothing of the frame is empty, and trimmed evenly on both sides, but
  so that the head stays in the frame.
- The head's box always stands on whole pixels of the frame. Not the box is moved to them (a head would sit up to half a
  pixel beside its neck) but the picture is resampled, once, so that the box falls on them; this changes its scale by
  less than one pixel in a box.
- Nothing is stretched to the 16 pixels of a macroblock: a side too odd for 4:2:0 loses its last row or column.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from svc_video.engines.sadtalker.source import Crop, Rgb, Source
from svc_video.framing import MAX_PIXELS, MAX_SIDE, MIN_SIDE, Size

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels
ALMOST = 1e-6  # of a pixel: rounding of floats, not a wish for one pixel more


@dataclass(frozen=True, slots=True)
class Place:
    """Where a head stands in the frames. `left` and `top` may be negative: the box may be larger than the frame."""

    background: Rgb  # (H, W, 3): the frame without the head
    target: Rgb  # (h, w, 3): the picture where the head will be, all of the box
    left: int
    top: int
    open_sides: tuple[bool, bool, bool, bool]  # left, top, right, bottom: the picture ends there, so nothing to join

    @property
    def seen(self) -> tuple[Overlap, Overlap]:
        """Rows and columns of the head that are in the frame."""
        frame, head = self.background.shape, self.target.shape
        return _overlap(self.top, head[0], frame[0]), _overlap(self.left, head[1], frame[1])


@dataclass(frozen=True, slots=True)
class Overlap:
    """One direction: which pixels of a frame show which pixels of the head."""

    frame: slice
    head: slice


def cut_box(crop: Crop, *, extended: bool) -> Box:
    """What was cut out, in pixels of `crop.picture`: the inner box, or the outer one in the extended modes."""
    left, top, right, bottom = crop.outer
    if extended:
        return left, top, right, bottom
    x0, y0, x1, y1 = (int(side) for side in crop.inner)  # as upstream: towards zero
    return left + x0, top + y0, left + x1, top + y1


def head_box(source: Source, picture: Size) -> Box:
    """The box of the networks in a picture of (width, height): upstream forgets that it shrank large pictures first."""
    if source.crop is None:
        return 0, 0, *picture
    scale = [whole / seen for whole, seen in zip(picture, source.crop.picture, strict=True)]
    box = cut_box(source.crop, extended=source.mode.startswith("ext"))
    left, top, right, bottom = (round(side * scale[index % 2]) for index, side in enumerate(box))
    return max(0, left), max(0, top), min(picture[0], right), min(picture[1], bottom)


def natural_size(source: Source, picture: Size) -> Size:
    """(width, height) of frames nobody named a size for.

    In full modes the picture's; else the square as wide as it is and as tall as what was cut out. Even, and no larger
    than a film may be.
    """
    if source.full:
        return _allowed(*picture)
    return _allowed(*source.natural)


def even(size: Size) -> Size:
    """Without the last column or row where there is one too many for 4:2:0."""
    return size[0] // 2 * 2, size[1] // 2 * 2


def visible(source: Source, frame: Size) -> Box:
    """The middle of the networks' square that covers a frame of (width, height), once it has its own shape again."""
    size, tall = source.size, frame[1] / frame[0] * source.cut[0] / source.cut[1]
    wide, high = min(size, round(size / tall)), min(size, round(size * tall))
    left, top = (size - wide) // 2, (size - high) // 2
    return left, top, left + wide, top + high


def place_of(source: Source, picture: Rgb, frame: Size) -> Place:
    """Put the head's box of `picture` (H, W, 3) into frames of (width, height)."""
    size = picture.shape[1], picture.shape[0]
    box = head_box(source, size)
    scale = max(frame[0] / size[0], frame[1] / size[1])
    if frame == even(size):
        scale = 1.0
    across, down = (_axis(box[side], box[side + 2], size[side], frame[side], scale) for side in (0, 1))
    stage = _resampled(picture, across, down)
    x0, y0 = min(0, across.left), min(0, down.left)
    background = stage[-y0 : frame[1] - y0, -x0 : frame[0] - x0]
    left, top = across.left - x0, down.left - y0
    target = stage[top : top + down.box, left : left + across.box]
    ends = box[0] == 0, box[1] == 0, box[2] == size[0], box[3] == size[1]
    return Place(np.ascontiguousarray(background), np.ascontiguousarray(target), across.left, down.left, ends)


@dataclass(frozen=True, slots=True)
class _Axis:
    """One direction: where the box falls in the frame, and what part of the picture the frame and the box need."""

    left: int  # of the box in the frame, pixels of the frame
    box: int  # pixels of the frame
    first: float  # pixel of the picture where the frame or the box begins, whichever is first
    last: float
    pixels: int  # of the frame between those


def _overlap(start: int, head: int, frame: int) -> Overlap:
    first, last = max(0, start), min(frame, start + head)
    return Overlap(slice(first, last), slice(first - start, last - start))


def _axis(start: int, stop: int, picture: int, frame: int, least: float) -> _Axis:
    box = math.ceil((stop - start) * least - ALMOST)
    scale = box / (stop - start)
    seen = frame / scale
    begin = _window(start, stop, picture, seen)
    left = round((start - begin) * scale)
    first, last = min(0, left), max(frame, left + box)
    origin = start - left / scale
    return _Axis(left, box, origin + first / scale, origin + last / scale, last - first)


def _window(start: int, stop: int, picture: int, seen: float) -> float:
    """Where what is seen of the picture begins: in the middle, moved just so far that the head is in it."""
    begin = (picture - seen) / 2 if seen < picture - 1 else 0.0
    begin = min(max(begin, stop - seen), start) if stop - start <= seen else (start + stop - seen) / 2
    return max(0.0, min(begin, picture - seen))


def _resampled(picture: Rgb, across: _Axis, down: _Axis) -> Rgb:
    """That part of the picture, in pixels of the frame; a fraction of a pixel beyond its edge repeats the edge."""
    height, width = picture.shape[:2]
    beyond = math.ceil(max(0.0, -across.first, -down.first, across.last - width, down.last - height))
    padded = cv2.copyMakeBorder(picture, beyond, beyond, beyond, beyond, cv2.BORDER_REPLICATE) if beyond else picture
    window = across.first + beyond, down.first + beyond, across.last + beyond, down.last + beyond
    size = across.pixels, down.pixels
    drawn = Image.fromarray(padded).resize(size, Image.Resampling.LANCZOS, box=window)
    return np.asarray(drawn, np.uint8)


def _allowed(width: int, height: int) -> Size:
    shrink = min(1.0, MAX_SIDE / width, MAX_SIDE / height, math.sqrt(MAX_PIXELS / (width * height)))
    grow = max(1.0, MIN_SIDE / width, MIN_SIDE / height)
    return even((int(width * shrink * grow + ALMOST), int(height * shrink * grow + ALMOST)))
