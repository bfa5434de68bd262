"""MP3 as it comes from Microsoft -> whole frames, or PCM.

The decoder is libavcodec's, in this process: the bytes are Microsoft's and come over TLS, not a stranger's file. A
frame takes it some 20 us, so it works where it is asked and not in a thread.
"""

from __future__ import annotations

from typing import Any

import av
import av.error
import numpy as np

from svc_tts.audio.mp3_frames import FrameReader
from svc_tts.engine import Piece
from troupe.wire.errors import EngineFailed, UnsupportedMedia

_SPOILT_FRAMES = 8  # in a row: more than a damaged packet


class Sound:
    """The sound of one utterance."""

    def __init__(self, *, as_it_is: bool) -> None:
        self._reader = FrameReader()
        self._decoder = None if as_it_is else _Decoder()

    def feed(self, data: bytes) -> Piece:
        """What is whole by now; raises `EngineFailed` where it is no MP3."""
        try:
            frames = self._reader.feed(data)
        except UnsupportedMedia as error:
            raise EngineFailed(f"Microsoft sent sound that cannot be read: {error.message}", reason="spoilt") from error
        if self._decoder is None:
            return Piece(mp3=b"".join(frames))
        return Piece(pcm=b"".join(map(self._decoder.decode, frames)))


class _Decoder:
    """Frames -> PCM s16le mono 24 kHz; every frame gives 576 samples."""

    def __init__(self) -> None:
        self._codec: Any = av.CodecContext.create("mp3", "r")
        self._spoilt = 0

    def decode(self, frame: bytes) -> bytes:
        """Its samples; a damaged frame has none."""
        try:
            sounds = self._codec.decode(av.Packet(frame))
        except av.error.InvalidDataError as error:
            self._spoilt += 1
            if self._spoilt > _SPOILT_FRAMES:
                raise EngineFailed("Microsoft sent sound that cannot be decoded.", reason="spoilt") from error
            return b""
        self._spoilt = 0
        return b"".join(_s16(sound.to_ndarray()) for sound in sounds)


def _s16(samples: Any) -> bytes:
    """(1, n) of s16 or of float -1..1, as the decoder has it -> bytes."""
    if samples.dtype != np.int16:
        samples = np.clip(np.rint(samples * 32768), -32768, 32767).astype("<i2")
    return bytes(samples.tobytes())
