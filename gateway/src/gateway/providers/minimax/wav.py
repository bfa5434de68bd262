"""The head of a WAV file: all that stands between pcm and wav."""

from __future__ import annotations

import struct

from troupe.wire.media import SAMPLE_BYTES, SAMPLE_RATE

UNKNOWN_SIZE = 0xFFFFFFFF  # of a file whose end is not known yet
PCM_TAG = 1
_HEAD = struct.Struct("<4sI4s4sIHHIIHH4sI")


def wav_head(size: int | None = None, *, sample_rate: int = SAMPLE_RATE, channels: int = 1) -> bytes:
    """The head for `size` bytes of s16le; None = not known yet."""
    block = SAMPLE_BYTES * channels
    data = UNKNOWN_SIZE if size is None else size
    whole = UNKNOWN_SIZE if size is None else size + _HEAD.size - 8
    form = (b"fmt ", 16, PCM_TAG, channels, sample_rate, sample_rate * block, block, 8 * SAMPLE_BYTES)
    return _HEAD.pack(b"RIFF", whole, b"WAVE", *form, b"data", data)
