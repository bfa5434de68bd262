"""The process that decodes a stranger's film: `python -m svc_video.engines.sadtalker.footage_child FORMAT SECONDS SIDE
PIXELS`.

It takes the film on standard input and gives, on standard output, `HEADER` and then frames of RGB, 25 for each second,
all of that size; or a line of JSON on standard error and a status. What it may use and call is bounded by
`troupe.wire.sandbox`. What it may open is one format, named by the caller from the film's first bytes, so that a
playlist never reaches a demuxer; and the codecs that cameras and browsers write, no others.
"""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Iterator
from itertools import count
from typing import Any

from troupe.wire.sandbox import Limits, complain, enter

FPS = 25  # `source.FPS`; what is imported here is short, numpy alone takes 100 MiB of address space
HEADER = struct.Struct("<IIII")  # width, height, bytes of a line, quarter turns to the left that make it upright
MEMORY_BYTES = 512 << 20  # of address space: 130 MiB are there before the film, and 17 frames of 1080p that H.264 keeps
EXIT_BROKEN, EXIT_TOO_LONG, EXIT_TOO_LARGE = 3, 4, 5
CODECS = ("h264", "hevc", "vp8", "vp9", "libdav1d", "mpeg4", "mjpeg")
_CPU_S_AT_LEAST, _CPU_S_PER_FILM_S = 2, 2  # 60 frames of 1080p in HEVC take a slow core one
_MOST_STREAMS = 16
_REHEARSED = (64, 48)


class Unreadable(Exception):  # it ends here, in `main`
    """What is said of a film that is no good, and with which status."""

    def __init__(self, why: str, status: int = EXIT_BROKEN) -> None:
        super().__init__(why)
        self.status = status


class Film:
    """One film, opened, at most so long and so large."""

    def __init__(self, data: bytes, form: str, seconds: float, side: int, pixels: int) -> None:
        self._data, self._form = data, form
        self._seconds, self._side, self._pixels = seconds, side, pixels

    def frames(self) -> Iterator[Any]:
        """RGB frames of one size; raises `Unreadable` and what PyAV raises."""
        import av  # noqa: PLC0415  # as in main

        with av.open(io.BytesIO(self._data), "r", format=self._form, options=self._options()) as container:
            if not container.streams.video:
                raise Unreadable("no picture in it")
            track = container.streams.video[0]
            if track.codec_context is None or track.codec_context.name not in CODECS:
                raise Unreadable("a codec that is not read here")  # libav itself heeds its list only while it probes
            self._check_size(track.codec_context)
            track.codec_context.options = {"max_pixels": str(self._pixels)}
            track.codec_context.thread_count = 1  # no thread starts in the sandbox
            track.thread_type = "NONE"
            yield from self._in_one_size(self._at_25(self._timed(container.decode(track))))

    def _options(self) -> dict[str, str]:
        return {
            "codec_whitelist": ",".join(CODECS),
            "max_streams": str(_MOST_STREAMS),
            "probesize": str(1 << 20),
            "analyzeduration": "5000000",  # microseconds
        }

    def _timed(self, frames: Iterator[Any]) -> Iterator[tuple[float, Any]]:
        for number, frame in enumerate(frames):
            self._check_size(frame)
            yield float(frame.time) if frame.time is not None else number / FPS, frame

    def _at_25(self, frames: Iterator[tuple[float, Any]]) -> Iterator[Any]:
        """Each frame as often as it is the last one begun in the middle of a 25th of a second."""
        wanted = count()
        number = next(wanted)
        shown: Any = None
        start: float | None = None
        for at, frame in frames:
            start = at if start is None else start
            while shown is not None and (number + 0.5) / FPS < at - start:
                if number / FPS >= self._seconds:
                    raise Unreadable("too long", EXIT_TOO_LONG)
                yield shown
                number = next(wanted)
            shown = frame
        if shown is None:
            raise Unreadable("no picture in it")
        yield shown

    def _in_one_size(self, frames: Iterator[Any]) -> Iterator[Any]:
        size: tuple[int, int] | None = None
        for frame in frames:
            size = size or (frame.width, frame.height)
            yield frame.reformat(*size, format="rgb24", threads=1)

    def _check_size(self, frame: Any) -> None:
        if max(frame.width, frame.height) > self._side or frame.width * frame.height > self._pixels:
            raise Unreadable(f"{frame.width} x {frame.height} pixels", EXIT_TOO_LARGE)


def main() -> int:
    """Decode, or say why not."""
    form, seconds, side, pixels = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    import av  # noqa: PLC0415  # its libraries are mapped before the limits are set

    av.logging.set_level(av.logging.PANIC)
    _rehearse()
    film = Film(sys.stdin.buffer.read(), form, seconds, side, pixels)
    for lacking in enter(Limits(MEMORY_BYTES, round(_CPU_S_AT_LEAST + _CPU_S_PER_FILM_S * seconds))):
        complain(lacking=lacking)
    try:
        _give(film)
    except MemoryError:
        return _fail(EXIT_BROKEN, "it asks for too much memory")
    except Unreadable as error:
        return _fail(error.status, str(error))
    except BrokenPipeError:  # whoever asked has seen enough
        return EXIT_BROKEN
    except (av.FFmpegError, ValueError, IndexError, OverflowError) as error:
        return _fail(EXIT_BROKEN, getattr(error, "strerror", None) or type(error).__name__)
    return 0


def _give(film: Film) -> None:
    out = sys.stdout.buffer
    for number, frame in enumerate(film.frames()):
        plane = frame.planes[0]
        if number == 0:
            out.write(HEADER.pack(frame.width, frame.height, plane.line_size, frame.rotation // 90 % 4))
        out.write(memoryview(plane)[: frame.height * plane.line_size])
    out.flush()


def _rehearse() -> None:
    """Write and read a film of our own: PyAV imports much of itself only when it is used, and later no file opens."""
    import av  # noqa: PLC0415  # as in main

    width, height = _REHEARSED
    written = io.BytesIO()
    with av.open(written, "w", format="avi") as output:
        track: Any = output.add_stream("mjpeg", rate=FPS)
        track.width, track.height, track.pix_fmt = width, height, "yuvj420p"
        output.mux(track.encode(av.VideoFrame(width, height, "yuvj420p")))
        output.mux(track.encode(None))
    for frame in Film(written.getvalue(), "avi", 1.0, width, width * height).frames():
        memoryview(frame.planes[0])


def _fail(status: int, why: str) -> int:
    complain(why=why)
    return status


if __name__ == "__main__":
    sys.exit(main())
