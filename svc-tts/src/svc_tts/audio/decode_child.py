"""The process that decodes a stranger's sound file: `python -m svc_tts.audio.decode_child FORMAT RATE MAX_SECONDS`.

It takes the file on standard input and gives PCM s16le mono on standard output, or a line of JSON on standard error and
a status. What it may use and call is bounded by `sandbox`. What it may open is one format, named by the caller from the
file's first bytes, so that a playlist never reaches a demuxer; and the codecs of sound only, so that a picture in a
file's metadata never reaches a decoder.
"""

from __future__ import annotations

import io
import sys
import wave
from collections.abc import Iterator
from typing import Any

from troupe.wire.sandbox import Limits, complain, enter

MEMORY_BYTES = 320 << 20  # of address space: 120 MiB are there before the file, which has 20 MiB
_CPU_S_AT_LEAST, _SOUND_S_PER_CPU_S = 2, 100  # mp3, aac and opus take a fifth of that on a slow core
RATES = range(4_000, 384_001)  # Hz
_MOST_CHANNELS = 64
_MOST_STREAMS = 16
_SOUND_CODECS = (
    *("mp3float", "mp3", "mp2float", "mp2", "aac", "aac_fixed", "alac", "flac", "opus", "vorbis", "libopus"),
    *("pcm_s8", "pcm_u8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be"),
    *("pcm_f32le", "pcm_f64le", "pcm_mulaw", "pcm_alaw", "adpcm_ima_wav", "adpcm_ms"),
)
_OPTIONS = {
    "codec_whitelist": ",".join(_SOUND_CODECS),
    "max_streams": str(_MOST_STREAMS),
    "probesize": str(1 << 20),
    "analyzeduration": "5000000",  # microseconds
}

EXIT_BROKEN, EXIT_TOO_LONG = 3, 4


class Unreadable(Exception):  # it ends here, in `main`
    """What is said of a file that is no good."""


def main() -> int:
    """Decode, or say why not."""
    form, rate, most_s = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    import av  # noqa: PLC0415  # its libraries are mapped before the limits are set

    av.logging.set_level(av.logging.PANIC)
    _rehearse()
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
    data = io.BytesIO(sys.stdin.buffer.read())
    for lacking in enter(Limits(MEMORY_BYTES, round(_CPU_S_AT_LEAST + most_s / _SOUND_S_PER_CPU_S))):
        complain(lacking=lacking)
    try:
        with av.open(data, "r", format=form, options=_OPTIONS, metadata_errors="ignore") as container:
            return _decode(container, resampler, round(most_s * rate))
    except MemoryError:
        return _fail(EXIT_BROKEN, "it asks for too much memory")
    except Unreadable as error:
        return _fail(EXIT_BROKEN, str(error))
    except (av.FFmpegError, ValueError, IndexError, OverflowError) as error:
        return _fail(EXIT_BROKEN, getattr(error, "strerror", None) or type(error).__name__)


def _rehearse() -> None:
    """Decode a sound of our own: PyAV imports much of itself only when it is used, and later no file opens."""
    import av  # noqa: PLC0415  # as in main

    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 8_000, 0, "NONE", "NONE"))
        sound.writeframes(bytes(320))
    with av.open(io.BytesIO(file.getvalue()), "r", format="wav", options=_OPTIONS) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=24_000)
        for frame in _frames(container, container.streams.audio[0]):
            resampler.resample(frame)


def _decode(container: Any, resampler: Any, most: int) -> int:
    """Write the sound as it comes; at most `most` samples of it."""
    if not container.streams.audio:
        raise Unreadable("no sound in it")
    stream, left = container.streams.audio[0], most
    # libav itself heeds its list of codecs only while it looks at what is in the file, not when PyAV decodes.
    if stream.codec_context is None or stream.codec_context.name not in _SOUND_CODECS:
        raise Unreadable("an unknown codec")
    stream.codec_context.thread_count = 1  # no thread starts in the sandbox
    for frame in _frames(container, stream):
        for piece in resampler.resample(frame):
            left -= piece.samples
            if left < 0:
                return _fail(EXIT_TOO_LONG, "too long")
            sys.stdout.buffer.write(memoryview(piece.planes[0])[: 2 * piece.samples])
    if left == most:
        raise Unreadable("no sound in it")
    sys.stdout.buffer.flush()
    return 0


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    for frame in container.decode(stream):
        if frame.sample_rate not in RATES:
            raise Unreadable(f"a sample rate of {frame.sample_rate} Hz; {RATES[0]} to {RATES[-1]} are read")
        if len(frame.layout.channels) > _MOST_CHANNELS:
            raise Unreadable(f"{len(frame.layout.channels)} channels; up to {_MOST_CHANNELS} are read")
        yield frame
    yield None  # what the resampler holds back


def _fail(status: int, why: str) -> int:
    complain(why=why)
    return status


if __name__ == "__main__":
    sys.exit(main())
