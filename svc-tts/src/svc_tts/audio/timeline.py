"""From an engine's PCM to the bytes a caller asked for, with the exact time of every sample.

Each sentence is resampled by itself and flushed at its end, so the sound given out by then is exactly the sound made:
`position_ms` at a sentence's end is where another rung would go on.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import soxr

from svc_tts.audio.encode import make_encoder
from svc_tts.audio.format import AudioFormat
from svc_tts.audio.limiter import Limiter

Samples = npt.NDArray[np.float32]
"""Samples in the range of s16. soxr dithers what it is given as integers: silence would not be silent."""


class Timeline:
    """The sound of one answer."""

    def __init__(self, fmt: AudioFormat, gain: float = 1.0) -> None:
        self._fmt = fmt
        self._gain = gain
        self._encoder = make_encoder(fmt)
        self._limiter: Limiter | None = None
        self._resampler: soxr.ResampleStream | None = None
        self._samples = 0  # given out so far, at the format's rate

    @property
    def position_s(self) -> float:
        """Seconds of sound so far."""
        return self._samples / self._fmt.sample_rate

    def begin(self, rate: int) -> None:
        """An utterance of an engine at `rate` Hz begins here."""
        self._limiter = Limiter(rate) if self._gain > 1.0 else None
        same = rate == self._fmt.sample_rate
        self._resampler = None if same else soxr.ResampleStream(rate, self._fmt.sample_rate, 1, dtype="float32")

    def feed(self, pcm: bytes) -> bytes:
        """Sound of that utterance: PCM s16le mono at the engine's rate."""
        samples: Samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) * np.float32(self._gain)
        if self._limiter is not None:
            samples = self._limiter.feed(samples)
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples)
        return self._encode(samples)

    def end(self) -> bytes:
        """The utterance is over: what the limiter and the resampler held back."""
        rest: Samples = self._limiter.finish() if self._limiter is not None else np.zeros(0, np.float32)
        if self._resampler is not None:
            rest = self._resampler.resample_chunk(rest, last=True)
        self._limiter = self._resampler = None
        return self._encode(rest) if len(rest) else b""

    def silence(self, seconds: float) -> bytes:
        """That much silence."""
        return self._encode(np.zeros(round(seconds * self._fmt.sample_rate), np.float32))

    def close(self) -> bytes:
        """The end of the whole answer: what the encoder held back."""
        return self._encoder.flush()

    def _encode(self, samples: Samples) -> bytes:
        self._samples += len(samples)
        whole = np.clip(np.rint(samples), -32768, 32767).astype("<i2")
        return self._encoder.feed((np.repeat(whole, 2) if self._fmt.channels == 2 else whole).tobytes())
