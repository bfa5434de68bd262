"""From the networks' squares to frames: one canvas per portrait, mode, frame size and seam. No torch here.

In the modes crop, extcrop and resize a square gets the shape of what was cut out again and covers the frame, in one
resample. In full and extfull the head is set back into the picture: everything of the picture is worked out once, a
frame costs its box and one copy. `heads` and `placed` are the two halves of `compose`, for whoever has to carry the
boxes from one process to another.
"""

from __future__ import annotations

import cv2
import numpy as np

from svc_video.engines.sadtalker import seams
from svc_video.engines.sadtalker.placing import Place, cut_box, even, natural_size, place_of, visible
from svc_video.engines.sadtalker.source import Rgb, Source
from svc_video.framing import Size
from troupe.wire.errors import InvalidArgument


class Canvas:
    """Makes frames of renders. Any thread may use it: it keeps nothing between two calls."""

    def __init__(self, source: Source, picture: Rgb, frame: Size | None = None, seam: seams.Name = "feather") -> None:
        """For frames of (width, height), or of the natural size, of a portrait whose `picture` is (H, W, 3).

        Raises `InvalidArgument` for a seam there is not.
        """
        if seam not in seams.NAMES:
            known = ", ".join(seams.NAMES)
            raise InvalidArgument(f"The seam {seam!r} is not known; there are: {known}.", field="sadtalker.seam")
        self.size: Size = frame or natural_size(source, (picture.shape[1], picture.shape[0]))
        self.source, self.seam = source, seam
        self.place: Place | None = place_of(source, picture, self.size) if source.full else None
        self._seam = seams.seam_of(seam, self.place) if self.place is not None else None
        self._as_upstream = seam != "feather" if source.full else self.size == even(source.natural)

    @property
    def head_size(self) -> Size:
        """(width, height) of what `heads` gives: the box of the head in full modes, else the frame."""
        return self.size if self.place is None else (self.place.target.shape[1], self.place.target.shape[0])

    def compose(self, renders: Rgb) -> Rgb:
        """The frames (N, H, W, 3) for renders (N, size, size, 3), RGB."""
        return self.placed(self.heads(renders))

    def heads(self, renders: Rgb) -> Rgb:
        """What changes from frame to frame, (N, h, w, 3) of `head_size`, joined to what is around it."""
        width, height = self.head_size
        heads = np.empty((len(renders), height, width, 3), np.uint8)
        for render, head in zip(renders, heads, strict=True):
            shaped = self._shaped(render)
            head[:] = shaped if self._seam is None else self._seam.joined(shaped)
        return heads

    def placed(self, heads: Rgb) -> Rgb:
        """The frames (N, H, W, 3) with those heads in them."""
        if self.place is None:
            return heads
        background, left, top = self.place.background, self.place.left, self.place.top
        frames = np.repeat(background[None], len(heads), 0)
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(self.size[0], left + heads.shape[2]), min(self.size[1], top + heads.shape[1])
        frames[:, y0:y1, x0:x1] = heads[:, y0 - top : y1 - top, x0 - left : x1 - left]
        return frames

    def _shaped(self, render: Rgb) -> Rgb:
        """A render in its own shape again, of `head_size`."""
        if self._as_upstream:
            return self._shaped_as_upstream(render)
        if self.place is None:
            left, top, right, bottom = visible(self.source, self.size)
            render = render[top:bottom, left:right]
        return resized(render, self.head_size)

    def _shaped_as_upstream(self, render: Rgb) -> Rgb:
        """Upstream's steps: linear to the shape that was cut out, and in full modes from there to the box."""
        if self.place is None:
            return linear(render, self.source.natural)[: self.size[1], : self.size[0]]
        return linear(linear(render, inner_shape(self.source)), self.head_size)


def inner_shape(source: Source) -> Size:
    """(width, height) upstream gives a render before it sets it back: the inner box's, in extfull as well."""
    if source.crop is None:
        return source.natural
    left, top, right, bottom = cut_box(source.crop, extended=False)
    return source.size, int(source.size * (bottom - top) / (right - left))


def resized(image: Rgb, size: Size) -> Rgb:
    """To (width, height): smaller by area, larger by cubics."""
    smaller = size[0] * size[1] < image.shape[0] * image.shape[1]
    way = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=way), np.uint8)


def linear(image: Rgb, size: Size) -> Rgb:
    """To (width, height) as cv2.resize does unasked."""
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)
