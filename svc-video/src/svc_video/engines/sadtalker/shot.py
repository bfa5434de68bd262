"""A portrait as one film shows it: what travels to the process that draws, and how its squares become frames here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from svc_video.engine import Prepared
from svc_video.engines.sadtalker.canvas import Canvas
from svc_video.engines.sadtalker.enhancer import NONE
from svc_video.engines.sadtalker.options import SadTalkerOptions
from svc_video.engines.sadtalker.orders import Finish, source_data
from svc_video.engines.sadtalker.source import Rgb, Source
from svc_video.film import Frame
from svc_video.framing import MAX_PIXELS


@dataclass(frozen=True, slots=True)
class SadTalkerFace:
    """A portrait, ready for the networks, and the picture, into which the head may be set back."""

    source: Source
    picture: Rgb


class Shot:
    """One portrait in one film. Frames are composed here; where an enhancer wants whole ones, where they are drawn."""

    def __init__(self, portrait: Prepared, options: SadTalkerOptions) -> None:
        self.face: SadTalkerFace = portrait.face
        self._options = options
        frame = portrait.width, portrait.height
        self.finish: Finish | None = None
        self._canvas: Canvas | None = None
        if options.enhancer in NONE:
            self._canvas = Canvas(self.face.source, self.face.picture, frame, options.seam)
        else:
            height, width = self.face.picture.shape[:2]
            self.finish = Finish(options.enhancer, frame, (width, height), options.seam)

    @property
    def parts(self) -> Sequence[bytes]:
        """What travels beside the order: arrays, reference film, picture; empty = none."""
        picture = self.face.picture.tobytes() if self.finish is not None else b""
        return source_data(self.face.source), self._options.reference, picture

    def composed(self, drawn: Rgb) -> Frame:
        """The frame of what was drawn: a square, or a whole frame already."""
        return drawn if self._canvas is None else np.asarray(self._canvas.compose(drawn[None])[0], np.uint8)


def bounded(picture: Rgb) -> Rgb:
    """No more pixels than a frame may have twice over: faces are kept, and pictures are large."""
    height, width = picture.shape[:2]
    scale = (2 * MAX_PIXELS / (height * width)) ** 0.5
    if scale >= 1:
        return picture
    size = round(width * scale), round(height * scale)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
