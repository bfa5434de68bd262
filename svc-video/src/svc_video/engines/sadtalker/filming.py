"""One film's motion as the scheduler takes it, and the motion of a film that it is to follow."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
from torch import Tensor

from svc_video.engines.sadtalker.canvas import Canvas
from svc_video.engines.sadtalker.enhancer import Enhancer, enhanced
from svc_video.engines.sadtalker.footage import frames_of
from svc_video.engines.sadtalker.front import Front
from svc_video.engines.sadtalker.machine import Finisher
from svc_video.engines.sadtalker.motion import MotionStream
from svc_video.engines.sadtalker.orders import Finish
from svc_video.engines.sadtalker.renderer import Appearance, FrameOrder
from svc_video.engines.sadtalker.seams import NAMES
from svc_video.engines.sadtalker.source import Floats, Rgb, Source
from troupe.wire.errors import EngineFailed, TroupeError

log = logging.getLogger("sadtalker")


class FilmMotion:
    """Speech in, frames that can be rendered out (`machine.Performance`)."""

    def __init__(self, stream: MotionStream, appearance: Appearance, source: Tensor, first: int) -> None:
        self._stream, self._appearance, self._source = stream, appearance, source
        self._next = first
        self._news = False

    def feed(self, pcm: bytes) -> None:
        """s16le mono 24 kHz."""
        self._stream.feed(np.frombuffer(pcm, "<i2"))
        self._news = True

    def end(self) -> None:
        """No more comes."""
        self._stream.end()
        self._news = True

    def ready(self) -> Sequence[FrameOrder]:
        """What became known; nothing is computed where nothing was fed."""
        if not self._news:
            return ()
        self._news = False
        motion = self._stream.frames()
        if motion is None:
            return ()
        self._next = motion.first + len(motion)
        driving = motion.heads.keypoints(self._appearance.canonical)
        return [FrameOrder(self._appearance, self._source, points) for points in driving.unbind(0)]

    @property
    def whole(self) -> bool:
        """Whether every frame was given."""
        return self._stream.total is not None and self._next >= self._stream.total


def finisher(enhancer: Enhancer | None, source: Source, finish: Finish, picture: Rgb) -> Finisher:
    """Sets squares into their frames and has them enhanced; what breaks in there ends the film, not the process."""
    seam = next(name for name in NAMES if name == finish.seam)
    canvas = Canvas(source, picture, finish.frame, seam)

    def finished(squares: Rgb) -> Rgb:
        try:
            return enhanced(enhancer, canvas.compose(squares))
        except TroupeError:
            raise
        except Exception as error:  # somebody's own code, in the thread that draws for all
            log.exception("an enhancer broke")
            raise EngineFailed(f"The enhancer broke ({type(error).__name__}: {error}).", engine="sadtalker") from error

    return finished


def of_film(film: bytes, front: Front) -> Floats:
    """Coefficients (n, 73) of a reference film, 25 for a second; raises as `frames_of` does, and `NoFace`."""
    return front.coefficients_of_film(frames_of(film))
