"""The frames of a reference film, 25 for each second, decoded in a process of its own with bounded everything.

The nearest frame is taken where the film has another rate: what is measured is a head, and a head between two frames
is not in either. Everything here blocks. No torch.
"""

from __future__ import annotations

import contextlib
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np

from svc_video.engines.sadtalker.footage_child import EXIT_TOO_LARGE, EXIT_TOO_LONG, HEADER
from svc_video.engines.sadtalker.source import FPS, Rgb
from troupe.wire.errors import DeadlineExceeded, MediaTooLarge, TroupeError, UnsupportedMedia
from troupe.wire.pulse import BEAT_S, Pulse
from troupe.wire.sandbox import complaint, environment

CHILD = "svc_video.engines.sadtalker.footage_child"
KIND = "MP4, MOV, WebM, MKV or AVI"
HUNG_S = 5.0  # a decoder that uses no processor time for so long hangs; how much it may use is an rlimit
COMPLAINT_BYTES = 64 * 1024
MOST_LINE_PADDING = 256  # bytes


@dataclass(frozen=True, slots=True)
class Bounds:
    """The longest and the largest film that is followed."""

    seconds: float = 60.0  # after its end it is followed anew
    side: int = 1_920
    pixels: int = 1_920 * 1_080


USUAL_BOUNDS = Bounds()


def format_of(head: bytes) -> str:
    """Ffmpeg's name of the format that the first 12 bytes show; raises `UnsupportedMedia`."""
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}:
        return "mp4"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "matroska"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    raise _unreadable("no film by its first bytes")


def frames_of(film: bytes, bounds: Bounds = USUAL_BOUNDS) -> Iterator[Rgb]:
    """Upright RGB pictures (H, W, 3) of one size; raises `UnsupportedMedia`, `MediaTooLarge`, `DeadlineExceeded`."""
    told = (format_of(film[:12]), bounds.seconds, bounds.side, bounds.pixels)
    pipe = subprocess.PIPE
    process = subprocess.Popen(  # noqa: S603  # this very Python, and numbers
        [sys.executable, "-P", "-m", CHILD, *map(str, told)],
        env=dict(environment()),
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        bufsize=0,
        start_new_session=True,  # Ctrl-C drains the service first
    )
    feeding = threading.Thread(target=_feed, args=(process.stdin, film), name="sadtalker-footage", daemon=True)
    feeding.start()
    try:
        yield from _frames(process, bounds)
    finally:
        process.kill()
        process.wait()
        feeding.join()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def _feed(stdin: IO[bytes], film: bytes) -> None:
    with contextlib.suppress(OSError):  # it may end before it has read all: its status says why
        view = memoryview(film)
        while view:
            view = view[stdin.write(view) :]
    with contextlib.suppress(OSError):
        stdin.close()


def _frames(process: subprocess.Popen[bytes], bounds: Bounds) -> Iterator[Rgb]:
    """What the decoder gives. It has read a stranger's bytes, so nothing that it says is believed."""
    pipe = _Pipe(process)
    header = pipe.read(HEADER.size)
    if header is None:
        raise _judged(process, bounds) or _unreadable("no picture in it")
    width, height, line, turns = HEADER.unpack(header)
    _check(width, height, line, bounds)
    for _ in range(round(bounds.seconds * FPS) + 1):
        pixels = pipe.read(line * height)
        if pixels is None:
            if (refusal := _judged(process, bounds)) is not None:
                raise refusal
            return
        rows = np.frombuffer(pixels, np.uint8).reshape(height, line)[:, : 3 * width]
        yield np.ascontiguousarray(np.rot90(rows.reshape(height, width, 3), turns))
    raise _too_long(bounds)


class _Pipe:
    """What the decoder writes, in pieces of a known size; one that hangs is not waited for."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101  # always a pipe here
        self._out = process.stdout
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN)
        self._pulse, self._moved_at = Pulse(process.pid), time.monotonic()

    def read(self, size: int) -> bytearray | None:
        """That many bytes, or none at the end."""
        piece = bytearray(size)
        left = memoryview(piece)
        while left:
            self._await()
            got = self._out.readinto(left)  # type: ignore[attr-defined]  # a raw file, for it has no buffer
            if not got:
                return None
            left = left[got:]
        return piece

    def _await(self) -> None:
        self._moved_at = time.monotonic()
        while not self._poll.poll(BEAT_S * 1_000):
            if self._pulse.beats():
                self._moved_at = time.monotonic()
            elif time.monotonic() > self._moved_at + HUNG_S:
                message = "The decoder of the reference film did nothing for too long. Send another film."
                raise DeadlineExceeded(message, field="reference")


def _check(width: int, height: int, line: int, bounds: Bounds) -> None:
    if not (0 < width <= bounds.side and 0 < height <= bounds.side and width * height <= bounds.pixels):
        raise _too_large(f"{width} x {height} pixels", bounds)
    if not 3 * width <= line <= 3 * width + MOST_LINE_PADDING:
        raise _unreadable("the decoder broke")


def _judged(process: subprocess.Popen[bytes], bounds: Bounds) -> TroupeError | None:
    """What the decoder's end means; none where it came to the film's."""
    assert process.stderr is not None  # noqa: S101  # always a pipe here
    said = process.stderr.read(COMPLAINT_BYTES) or b""
    try:
        status = process.wait(HUNG_S)
    except subprocess.TimeoutExpired:
        return _unreadable("the decoder does not end")
    why = complaint(said)
    if status == EXIT_TOO_LONG:
        return _too_long(bounds)
    if status == EXIT_TOO_LARGE:
        return _too_large(why, bounds)
    return _unreadable(why) if status else None


def _unreadable(why: str) -> UnsupportedMedia:
    message = f"The reference film cannot be read ({why}). Send {KIND} with one video track."
    return UnsupportedMedia(message, field="reference")


def _too_long(bounds: Bounds) -> MediaTooLarge:
    message = f"The reference film is longer than {bounds.seconds:g} s. Cut it: it is followed anew after its end."
    return MediaTooLarge(message, field="reference")


def _too_large(what: str, bounds: Bounds) -> MediaTooLarge:
    most = f"{bounds.side} x {bounds.pixels // bounds.side}"
    return MediaTooLarge(f"The reference film has {what}; at most {most} are read. Scale it down.", field="reference")
