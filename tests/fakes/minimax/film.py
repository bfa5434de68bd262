"""Small real MP4 files: H.264 at a low frame rate, a bar that moves once through the clip, AAC where there is sound."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np

FPS = 5
AUDIO_RATE = 44_100
SIZES = {
    "512P": (128, 72),
    "720P": (160, 90),
    "768P": (170, 96),
    "1080P": (192, 108),
    "480P": (120, 68),
    "2K": (256, 144),
}
USUAL_SIZE = (128, 72)


def size_of(resolution: str | None) -> tuple[int, int]:
    """Width and height of the film for that resolution: small, even, and told apart."""
    width, height = SIZES.get((resolution or "").upper(), USUAL_SIZE)
    return width - width % 2, height - height % 2


def film(seconds: float, size: tuple[int, int], sound: bytes | None = None) -> bytes:
    """An MP4 of that length; `sound` is an audio file to be heard in it. Blocking."""
    memory = io.BytesIO()
    with av.open(memory, "w", format="mp4") as container:
        video = container.add_stream("h264", rate=FPS, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        audio = container.add_stream("aac", rate=AUDIO_RATE, layout="mono") if sound is not None else None
        count = max(1, round(seconds * FPS))
        for index in range(count):
            frame = av.VideoFrame.from_ndarray(_picture(index / count, size), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None and sound is not None:
            for heard in _resampled(sound, seconds):
                container.mux(audio.encode(heard))
            container.mux(audio.encode(None))
    return memory.getvalue()


def _picture(done: float, size: tuple[int, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    width, height = size
    picture = np.full((height, width, 3), 40, np.uint8)
    picture[:, : round(width * done) + 1] = (64, 224, 96)
    return picture


def _resampled(sound: bytes, seconds: float) -> list[av.AudioFrame]:
    resampler = av.AudioResampler("fltp", "mono", AUDIO_RATE, frame_size=1024)
    frames = []
    with av.open(io.BytesIO(sound), "r") as container:
        for decoded in container.decode(audio=0):
            if decoded.time is not None and decoded.time >= seconds:
                break
            frames += resampler.resample(decoded)
    return frames + resampler.resample(None)
