"""The frames of a reference film, 25 for each second, decoded within bounds. No torch here.

The nearest frame is taken where the film has another rate: what is measured is a head, and a head between two frames
is not in either.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import count

import av
import numpy as np
from av.error import FFmpegError

from svc_video.engines.sadtalker.source import FPS, Rgb
from troupe.wire.errors import MediaTooLarge, UnsupportedMedia

MAX_S = 60.0  # of the film that is followed; after its end it is followed anew
MAX_SIDE, MAX_PIXELS = 1_920, 1_920 * 1_080
FORMATS = ("mov", "matroska", "webm", "avi", "mp4")  # of files; no playlists, which name other files
KIND = "MP4, MOV, WebM, MKV or AVI"


def frames_of(film: bytes) -> Iterator[Rgb]:
    """Upright RGB pictures (H, W, 3) of one size; raises `UnsupportedMedia` or `MediaTooLarge`."""
    try:
        yield from _at_25(_decoded(film))
    except (FFmpegError, ValueError, IndexError) as error:
        raise UnsupportedMedia(
            f"The reference film cannot be read ({type(error).__name__}). Send {KIND} with one video track.",
            field="reference",
        ) from error


def _decoded(film: bytes) -> Iterator[tuple[float, Rgb]]:
    """(seconds, picture) of the first video track."""
    with av.open(io.BytesIO(film), "r", metadata_errors="replace") as container:
        if not set(container.format.name.split(",")) & set(FORMATS):
            raise ValueError(container.format.name)
        track = container.streams.video[0]
        track.thread_type = "NONE"
        _check_size(track.codec_context.width, track.codec_context.height)
        size: tuple[int, int] | None = None
        for number, frame in enumerate(container.decode(track)):
            _check_size(frame.width, frame.height)
            size = size or (frame.width, frame.height)
            at = float(frame.time) if frame.time is not None else number / FPS
            picture = frame.to_ndarray(format="rgb24", width=size[0], height=size[1])
            yield at, np.asarray(np.rot90(picture, frame.rotation // 90), np.uint8)


def _at_25(frames: Iterator[tuple[float, Rgb]]) -> Iterator[Rgb]:
    """Each frame as often as it is the last one begun in the middle of a 25th of a second."""
    wanted = count()
    number = next(wanted)
    shown: Rgb | None = None
    start: float | None = None
    for at, picture in frames:
        start = at if start is None else start
        while shown is not None and (number + 0.5) / FPS < at - start:
            if number / FPS >= MAX_S:
                raise MediaTooLarge(
                    f"The reference film is longer than {MAX_S:g} s. Cut it: it is followed anew after its end.",
                    field="reference",
                )
            yield shown
            number = next(wanted)
        shown = picture
    if shown is None:
        raise UnsupportedMedia("The reference film has no picture.", field="reference")
    yield shown


def _check_size(width: int, height: int) -> None:
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise MediaTooLarge(
            f"The reference film has {width} x {height} pixels; at most {MAX_SIDE} x 1080 are read. Scale it down.",
            field="reference",
        )
