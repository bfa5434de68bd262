"""From an engine's PCM to the bytes a caller asked for, with the exact time of every sample.

Each sentence is resampled by itself and flushed at its end, so the sound given out by then is exactly the sound made:
`position_ms` at a sentence's end is where another rung would go on.

Where an engine makes MP3 of exactly the format asked for and nothing is to be changed, its frames go through as they
are (`as_frames`). Each utterance of it is a stream of its own, whose first frame borrows nothing from frames before it
(the bit reservoir is empty), and pauses are frames that need no other: so the joined frames decode as one stream, and
the time is counted in frames.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import soxr

from svc_tts.audio.encode import make_encoder
from svc_tts.audio.format import AudioFormat
from svc_tts.audio.limiter import Limiter
from svc_tts.audio.mp3_frames import SAMPLES_PER_FRAME, count_frames, silent_frame

Samples = npt.NDArray[np.float32]
"""Samples in the range of s16. soxr dithers what it is given as integers: silence would not be silent."""


class Timeline:
    """The sound of one answer."""

    def __init__(self, fmt: AudioFormat, gain: float = 1.0, *, as_frames: bool = False) -> None:
        self._fmt = fmt
        self._gain = gain
        self._louder = 1.0  # of the utterance
        self._silent_frame = silent_frame(fmt.sample_rate, fmt.bitrate) if as_frames else b""
        self._owed = 0  # samples of silence asked for that did not fill a frame, or were given too many
        self._encoder = make_encoder(fmt)
        self._limiter: Limiter | None = None
        self._resampler: soxr.ResampleStream | None = None
        self._samples = 0  # given out so far, at the format's rate

    @property
    def position_s(self) -> float:
        """Seconds of sound so far."""
        return self._samples / self._fmt.sample_rate

    def begin(self, rate: int, gain: float = 1.0) -> None:
        """An utterance of an engine at `rate` Hz begins here; `gain` is its own, beside that of the whole answer."""
        self._louder = self._gain * gain
        self._limiter = Limiter(rate) if self._louder > 1.0 else None
        same = rate == self._fmt.sample_rate
        self._resampler = None if same else soxr.ResampleStream(rate, self._fmt.sample_rate, 1, dtype="float32")

    def feed(self, pcm: bytes) -> bytes:
        """Sound of that utterance: PCM s16le mono at the engine's rate."""
        samples: Samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) * np.float32(self._louder)
        if self._limiter is not None:
            samples = self._limiter.feed(samples)
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples)
        return self._encode(samples)

    def frames(self, mp3: bytes) -> bytes:
        """Whole frames of that utterance, in the format asked for: they go through as they are."""
        self._samples += count_frames(mp3) * SAMPLES_PER_FRAME
        return mp3

    def end(self) -> bytes:
        """The utterance is over: what the limiter and the resampler held back."""
        last: Samples = self._limiter.finish() if self._limiter is not None else np.zeros(0, np.float32)
        if self._resampler is not None:
            last = self._resampler.resample_chunk(last, last=True)
        self._limiter = self._resampler = None
        rest = self._encode(last) if len(last) else b""
        return rest + self._finish_stream() if self._silent_frame else rest

    def silence(self, seconds: float) -> bytes:
        """That much silence."""
        if self._silent_frame:
            return self._silent_frames(round(seconds * self._fmt.sample_rate))
        return self._encode(np.zeros(round(seconds * self._fmt.sample_rate), np.float32))

    def close(self) -> bytes:
        """The end of the whole answer: what the encoder held back."""
        return self._encoder.flush()

    def _silent_frames(self, samples: int) -> bytes:
        """The nearest number of frames; what they are too long or too short is made up for by the next silence."""
        self._owed += samples
        number = max(0, round(self._owed / SAMPLES_PER_FRAME))
        self._owed -= number * SAMPLES_PER_FRAME
        self._samples += number * SAMPLES_PER_FRAME
        return self._silent_frame * number

    def _finish_stream(self) -> bytes:
        """All that our own encoder holds, where it was fed at all: frames that are not its own may follow."""
        rest = self._encoder.flush()
        self._encoder = make_encoder(self._fmt)
        return rest

    def _encode(self, samples: Samples) -> bytes:
        self._samples += len(samples)
        whole = np.clip(np.rint(samples), -32768, 32767).astype("<i2")
        return self._encoder.feed((np.repeat(whole, 2) if self._fmt.channels == 2 else whole).tobytes())
