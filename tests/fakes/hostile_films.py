"""Films made to hurt: bombs, lies in headers, playlists by another name, two formats in one file."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Mapping
from fractions import Fraction

import av
import numpy as np

FTYP = b"\0\0\0\x18ftypisom\0\0\0\0isommp42"
EBML = b"\x1aE\xdf\xa3"
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://169.254.169.254/x.ts\n"
CONCAT = b"ffconcat version 1.0\nfile 'http://169.254.169.254/latest'\nfile '/etc/passwd'\n"
MPD = b'<?xml version="1.0"?><MPD><BaseURL>http://169.254.169.254/</BaseURL></MPD>'


def film(
    frames: int,
    codec: str = "libx264",
    container: str = "mp4",
    size: tuple[int, int] = (64, 48),
    *,
    rate: int = 25,
    gap_s: int = 0,
    options: Mapping[str, str] | None = None,
) -> bytes:
    """Grey pictures that grow brighter; `gap_s` before the last one."""
    written = io.BytesIO()
    with av.open(written, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, options=dict(options or {}))
        stream.width, stream.height, stream.pix_fmt = *size, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for number in range(frames):
            grey = np.full((size[1], size[0], 3), 4 * number % 256, np.uint8)
            picture = av.VideoFrame.from_ndarray(grey, format="rgb24")
            late = gap_s * rate if number == frames - 1 else 0
            picture.pts, picture.time_base = number + late, Fraction(1, rate)
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
    return written.getvalue()


def flipped(data: bytes, seed: int, share: float = 0.01) -> bytes:
    """With some bytes changed, anywhere."""
    chance, changed = random.Random(seed), bytearray(data)  # for a test
    for _ in range(max(1, round(share * len(data)))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def claims(width: int, height: int) -> bytes:
    """A film whose container says that its pictures have so many pixels."""
    data = bytearray(film(3))
    at = data.index(b"avc1") + 4 + 24
    data[at : at + 4] = width.to_bytes(2, "big") + height.to_bytes(2, "big")
    return bytes(data)


def deep() -> bytes:
    """Boxes in boxes, ten thousand deep."""
    inner = b""
    for _ in range(10_000):
        inner = (len(inner) + 8).to_bytes(4, "big") + b"moov" + inner
    return FTYP + inner


def sound() -> bytes:
    """An MP4 without a picture."""
    written = io.BytesIO()
    with av.open(written, "w", format="mp4") as output:
        stream = output.add_stream("aac", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16_000
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return written.getvalue()


REFUSED: Mapping[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "one byte": lambda: b"\0",
    "a head alone": lambda: FTYP,
    "an MP4 cut off in its head": lambda: film(5)[:200],
    "a Matroska of zeros": lambda: EBML + bytes(100_000),
    "an MP4 of noise": lambda: FTYP + random.Random(1).randbytes(100_000),  # for a test
    "boxes ten thousand deep": deep,
    "a box of 2**63 bytes": lambda: FTYP + b"\0\0\0\1moov" + b"\x7f" + b"\xff" * 7,
    "a playlist": lambda: PLAYLIST,
    "a list of files": lambda: CONCAT,
    "a manifest": lambda: MPD,
    "a playlist behind the head of an MP4": lambda: FTYP + PLAYLIST,
    "a list of files behind the head of a Matroska": lambda: EBML + CONCAT,
    "a playlist named AVI": lambda: b"RIFF\0\0\0\0AVI " + PLAYLIST,
    "sound alone": sound,
    "a codec that no camera writes": lambda: film(3, "ffv1", "matroska"),
    "a web page": lambda: b"<!DOCTYPE html><title>404</title>",
}
READ: Mapping[str, Callable[[], bytes]] = {
    "cut off at its end": lambda: film(20, container="matroska")[:-200],
    "a film that is a ZIP as well": lambda: film(20) + b"PK\x05\x06" + bytes(18),
    "an MP4 with a playlist after it": lambda: film(20) + PLAYLIST,
    "VP8 in WebM": lambda: film(20, "libvpx", "webm"),
    "VP9 in WebM": lambda: film(20, "libvpx-vp9", "webm"),
    "HEVC": lambda: film(20, "libx265", options={"x265-params": "log-level=none"}),
    "AV1": lambda: film(20, "libsvtav1", options={"preset": "12", "svtav1-params": "lp=1"}),
    "motion JPEG": lambda: film(20, "mjpeg", "avi"),
    "MPEG-4 part 2 in AVI": lambda: film(20, "mpeg4", "avi"),
}
