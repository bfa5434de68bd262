"""Who encodes H.264: x264 on the CPU, or NVENC, the encoder that stands beside the cores of NVIDIA's cards.

Both are held to the same rules: key frames only where a fragment opens, and those as IDR; no frame refers to a later
one; a packet comes out for each frame that goes in. MPEG-4 part 2 is never written.
Whether NVENC is there is asked of the card itself: PyAV's build knows it on machines without one too. A card may still
refuse a film, as consumer cards encode only a few at once: then x264 takes that film, and the log says so.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any, Literal

import av
import numpy as np
from av.codec.codec import UnknownCodecError
from av.video.codeccontext import VideoCodecContext

Encoder = Literal["auto", "x264", "nvenc"]
PROBE_SIDE = 256  # pixels: NVENC refuses pictures below about 145 x 49
NEVER = 10_000  # frames: key frames come where a fragment opens, not by themselves

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class VideoCodec:
    """An encoder of FFmpeg's, and how it is set."""

    name: str
    options: str  # name=value, with colons between

    def set_up(self, context: VideoCodecContext, size: tuple[int, int], rate: Fraction) -> None:
        """Set it up for frames of (width, height), and open it; raises PyAV's `FFmpegError` when it cannot."""
        context.width, context.height = size
        context.pix_fmt = "yuv420p"
        context.options = dict(option.split("=") for option in self.options.split(":"))
        context.time_base, context.framerate = 1 / rate, rate
        context.gop_size = NEVER
        context.thread_count = 1  # many streams share the machine; threads would only add latency
        context.color_range, context.colorspace = 1, 6  # limited range BT.601, as cv2 converts
        context.open()


X264 = VideoCodec("libx264", "preset=veryfast:crf=23:tune=zerolatency:forced-idr=1")
NVENC = VideoCodec(
    "h264_nvenc",
    "preset=p4:tune=ll:profile=high:rc=vbr:cq=23:bf=0:delay=0:zerolatency=1:rc-lookahead=0:no-scenecut=1:forced-idr=1",
)
COULD_NOT_OPEN = (av.FFmpegError, UnknownCodecError)


def candidates(encoder: Encoder) -> tuple[VideoCodec, ...]:
    """Who is asked to encode a film, in order; x264 is always the last."""
    if encoder == "x264" or (encoder == "auto" and not encodes(NVENC)):
        return (X264,)
    return NVENC, X264


@cache
def encodes(codec: VideoCodec) -> bool:
    """Whether it really gives a key frame here: asked once in a process, it takes up to a second on a card."""
    try:
        context: Any = av.CodecContext.create(codec.name, "w")
        codec.set_up(context, (PROBE_SIDE, PROBE_SIDE), Fraction(25))
        frame = av.VideoFrame.from_ndarray(np.full((PROBE_SIDE * 3 // 2, PROBE_SIDE), 128, np.uint8), format="yuv420p")
        frame.pts = 0
        packets = context.encode(frame) + context.encode(None)
    except COULD_NOT_OPEN as error:
        log.debug("%s does not encode here: %s", codec.name, error)
        return False
    return any(packet.is_keyframe for packet in packets)


def profile_of(extradata: bytes) -> str:
    """Profile, constraints and level as six hex digits, from parameter sets as Annex B or avcC has them."""
    start = extradata.find(b"\x00\x00\x01") + 3
    while start > 2 and extradata[start] & 0x1F != 7:  # not a sequence parameter set
        start = extradata.find(b"\x00\x00\x01", start) + 3
    at = start + 1 if start > 2 else 1  # avcC begins with its version
    return extradata[at : at + 3].hex()


def self_contained(packet: Any, extradata: bytes) -> Any:
    """A key frame's packet (Annex B) that carries its parameter sets: whoever began the film may have had others."""
    whole = av.Packet(extradata + bytes(packet))
    whole.pts, whole.dts, whole.duration = packet.pts, packet.dts, packet.duration
    whole.time_base, whole.stream, whole.is_keyframe = packet.time_base, packet.stream, True
    return whole
