"""The process that decodes a stranger's sound file: `python -m svc_tts.audio.decode_child FORMAT RATE MAX_SECONDS`.

It takes the file on standard input and gives PCM s16le mono on standard output, or a line of JSON on standard error and
a status. Its memory, processor time and files are bounded by rlimits; what it may open is one format, named by the
caller from the file's first bytes, so that a playlist or a picture never reaches a demuxer.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from typing import Any

_MEMORY = 1 << 30  # bytes of address space
_CPU_S = 10
_FILES = 32

EXIT_BROKEN, EXIT_TOO_LONG = 3, 4


def main() -> int:
    """Decode, or say why not."""
    form, rate, most_s = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    import av  # noqa: PLC0415  # its libraries are mapped before the limits are set

    av.logging.set_level(av.logging.PANIC)
    _limit()
    data = io.BytesIO(sys.stdin.buffer.read())
    try:
        with av.open(data, "r", format=form) as container:
            return _decode(container, rate, most_s)
    except (av.FFmpegError, ValueError, IndexError, MemoryError) as error:
        return _fail(EXIT_BROKEN, type(error).__name__)


def _decode(container: Any, rate: int, most_s: float) -> int:
    import av  # noqa: PLC0415  # as in main

    if not container.streams.audio:
        return _fail(EXIT_BROKEN, "no sound in it")
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
    left = round(most_s * rate)
    for frame in _frames(container):
        for piece in resampler.resample(frame):
            left -= piece.samples
            if left < 0:
                return _fail(EXIT_TOO_LONG, f"more than {most_s:g} s")
            sys.stdout.buffer.write(piece.to_ndarray().astype("<i2", copy=False).tobytes())
    sys.stdout.buffer.flush()
    return 0


def _frames(container: Any) -> Any:
    yield from container.decode(container.streams.audio[0])
    yield None  # what the resampler holds back


def _limit() -> None:
    for kind, most in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, _CPU_S),
        (resource.RLIMIT_NOFILE, _FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def _fail(status: int, why: str) -> int:
    sys.stderr.write(json.dumps({"why": why}))
    return status


if __name__ == "__main__":
    sys.exit(main())
