from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np
import psutil
import pytest

from svc_video.engines.sadtalker.footage import Bounds, frames_of
from troupe.wire.errors import MediaTooLarge, UnsupportedMedia


def film(frames: int, rate: int = 25, size: tuple[int, int] = (64, 48), container: str = "mp4") -> bytes:
    """Each frame as bright as its number says."""
    written = io.BytesIO()
    with av.open(written, "w", format=container) as output:
        stream = output.add_stream("libx264", rate=rate, options={"crf": "1", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for number in range(frames):
            grey = np.full((size[1], size[0], 3), 4 * number, np.uint8)
            picture = av.VideoFrame.from_ndarray(grey, format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, rate)
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
    return written.getvalue()


def shown(data: bytes) -> list[int]:
    return [round(float(frame.mean()) / 4) for frame in frames_of(data)]


def test_a_film_of_25_frames_a_second_is_itself() -> None:
    assert shown(film(30)) == list(range(30))
    assert next(frames_of(film(2))).shape == (48, 64, 3)


@pytest.mark.parametrize("container", ["matroska", "avi"])
def test_other_containers_are_read(container) -> None:
    assert len(shown(film(10, container=container))) == 10


def test_other_rates_are_shown_at_25() -> None:
    fast = shown(film(50, rate=50))
    assert abs(len(fast) - 25) <= 1
    assert fast == sorted(fast)
    slow = shown(film(10, rate=10))
    assert abs(len(slow) - 25) <= 3
    assert set(slow) == set(range(10))


@pytest.mark.parametrize("data", [b"", b"no film at all", film(5)[:200]])
def test_what_is_no_film_is_refused(data) -> None:
    with pytest.raises(UnsupportedMedia, match="MP4"):
        list(frames_of(data))


def test_a_playlist_is_no_film() -> None:
    with pytest.raises(UnsupportedMedia):
        list(frames_of(b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/hostname\n"))


def test_too_long_and_too_large_films_are_refused() -> None:
    with pytest.raises(MediaTooLarge, match=r"longer than 0\.5 s"):
        list(frames_of(film(30), Bounds(seconds=0.5)))
    with pytest.raises(MediaTooLarge, match="64 x 48 pixels; at most 50 x 20"):
        list(frames_of(film(2), Bounds(side=50, pixels=1_000)))


def test_who_has_seen_enough_leaves_no_process() -> None:
    before = set(psutil.Process().children())
    frames = frames_of(film(50))
    next(frames)
    frames.close()
    assert set(psutil.Process().children()) <= before
