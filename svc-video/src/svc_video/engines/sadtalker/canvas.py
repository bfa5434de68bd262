"""From the networks' squares to frames: one canvas per portrait, mode, frame size and seam. No torch here.

In the modes crop, extcrop and resize a square gets the shape of what was cut out again and covers the frame, in one
resample. In full and extfull the head is set back into the picture: everything of the picture is worked out once, a
frame costs its box and one copy. `heads` and `placed` are the two halves of `compose`, for whoever has to carry the
boxes from one process to another.
"""

from __future__ import annotations

import numpy as np

from svc_video.engines.sadtalker import seams
from svc_video.engines.sadtalker.placing import Place, natural_size, place_of
from svc_video.engines.sadtalker.shaping import frame_shaping, head_shaping
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
        self.joiner = seams.seam_of(seam, self.place) if self.place is not None else None
        if self.place is None:
            self.shaping = frame_shaping(source, self.size)
        else:
            self.shaping = head_shaping(source, self.head_size, as_upstream=seam != "feather")

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
            shaped = self.shaping.of(render)
            head[:] = shaped if self.joiner is None else self.joiner.joined(shaped)
        return heads

    def placed(self, heads: Rgb) -> Rgb:
        """The frames (N, H, W, 3) with those heads in them."""
        if self.place is None:
            return heads
        frames = np.repeat(self.place.background[None], len(heads), 0)
        rows, columns = self.place.seen
        frames[:, rows.frame, columns.frame] = heads[:, rows.head, columns.head]
        return frames
