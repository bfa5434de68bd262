"""What is to be written, and the seam between the encoders and a container."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from svc_video.h264 import Encoder
from svc_video.provenance import Mark

Format = Literal["mp4", "webm"]
Frame = npt.NDArray[np.uint8]
"""RGB (H, W, 3), or I420 (H * 3 / 2, W)."""


@dataclass(frozen=True, slots=True)
class Film:
    """What is to be written."""

    container: Format
    width: int
    height: int
    rate: Fraction  # frames per second
    mark: Mark
    start_frame: int = 0
    first_sequence: int = 1
    encoder: Encoder = "x264"  # of H.264

    @property
    def resumed(self) -> bool:
        """It goes on from fragments someone else has made: no init segment is given out."""
        return self.first_sequence > 1


@dataclass(frozen=True, slots=True)
class Segment:
    """The init segment (sequence 0), or one whole fragment and the picture time it covers."""

    data: bytes
    sequence: int
    start_ms: int = 0
    end_ms: int = 0


@dataclass(frozen=True, slots=True)
class SoundGrid:
    """The packets of a sound codec, in samples at 24 kHz."""

    frame: int
    delay: int  # the first packet's time is this much before its first sample


class Writer(Protocol):
    """Puts encoded packets into the container's bytes and cuts them into segments."""

    def picture(self, packet: Any) -> None:
        """Take the next picture packet; a key frame opens a fragment."""

    def sound(self, packet: Any) -> None:
        """Take the next sound packet."""

    def whole(self) -> Iterator[Segment]:
        """What became whole since the last call."""

    def finish(self) -> Iterator[Segment]:
        """No more packets come: what is left."""


class Sink:
    """Where a muxer writes: it cannot seek."""

    def __init__(self) -> None:
        self.buffer = bytearray()

    def write(self, data: bytes) -> int:
        """Append; tells how many bytes were taken."""
        self.buffer += data
        return len(data)


def to_i420(frame: Frame) -> Frame:
    """The frame as YUV 4:2:0 planes (H * 3 / 2, W)."""
    return frame if frame.ndim == 2 else np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420), np.uint8)


def to_rgb(frame: Frame) -> Frame:
    """The frame as RGB (H, W, 3)."""
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_YUV2RGB_I420), np.uint8) if frame.ndim == 2 else frame
