"""The mel spectrogram SadTalker's networks hear, column by column while the sound comes.

Wav2Lip's: pre-emphasis, 50 ms Hann windows every 12.5 ms, magnitudes, 80 Slaney mels of 55 to 7,600 Hz, decibels, all
clipped to -4..4. Column k is centred on sample 200 k, with silence before and after the sound (librosa's default), and
depends on nothing but its own 800 samples: a stream gives what the whole clip gives. No torch here.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from svc_video.engines.sadtalker.resampling import RATE, Wave

Columns = npt.NDArray[np.float32]  # (n, 80)

HOP = 200  # samples at 16 kHz
WINDOW = 800  # samples; also the length of the transform
HALF = WINDOW // 2
MELS = 80
LOWEST_HZ, HIGHEST_HZ = 55.0, 7_600.0
PREEMPHASIS = 0.97  # of the sample before is taken away
FLOOR_DB, REFERENCE_DB = -100.0, 20.0
EDGE = 4.0  # values are in -4..4

LINEAR_HZ = 200 / 3  # Hz per mel of Slaney's scale, below
BEND_HZ = 1_000.0  # above this the scale is logarithmic
LOG_STEP = math.log(6.4) / 27


class MelStream:
    """Wave at 16 kHz in, columns out. `first` is the number of the first sample that will be fed."""

    def __init__(self, first: int = 0) -> None:
        self.first = -(-first // HOP)  # number of the first column given
        self.given = self.first
        self.samples = first  # number of the sample up to which sound is here
        self._base = self.first * HOP - HALF
        self._held: Wave = np.zeros(first - self._base)  # from sample `_base` on, after the pre-emphasis
        self._before = 0.0  # the last sample fed

    def feed(self, wave: Wave) -> Columns:
        """The columns that are complete with these samples."""
        if len(wave) == 0:
            return np.zeros((0, MELS), np.float32)
        sharpened = wave - PREEMPHASIS * np.concatenate(([self._before], wave[:-1]))
        self._before = float(wave[-1])
        self.samples += len(wave)
        self._held = np.concatenate((self._held, sharpened))
        return self._give(self.given + max(0, len(self._held) - WINDOW + HOP) // HOP)

    def end(self) -> Columns:
        """The last columns, the last of them centred on the end of the sound."""
        until = self.samples // HOP + 1
        missing = (until - 1) * HOP + HALF - self._base - len(self._held)
        self._held = np.concatenate((self._held, np.zeros(max(0, missing))))
        return self._give(until)

    def _give(self, until: int) -> Columns:
        if until <= self.given:
            return np.zeros((0, MELS), np.float32)
        count = until - self.given
        frames = np.lib.stride_tricks.sliding_window_view(self._held, WINDOW)[: count * HOP : HOP]
        columns = _levels(np.abs(np.fft.rfft(frames * _hann(), axis=1)) @ mel_filters())
        self._held, self._base = self._held[count * HOP :].copy(), self._base + count * HOP
        self.given = until
        return columns


def mel_spectrogram(wave: Wave) -> Columns:
    """All columns of a clip at 16 kHz: (n,) -> (1 + n // 200, 80)."""
    stream = MelStream()
    return np.concatenate((stream.feed(wave), stream.end()))


def _levels(magnitudes: npt.NDArray[np.float64]) -> Columns:
    """Magnitudes of mels as the networks want them."""
    decibels = 20 * np.log10(np.maximum(10 ** (FLOOR_DB / 20), magnitudes)) - REFERENCE_DB
    return np.clip(2 * EDGE * (decibels - FLOOR_DB) / -FLOOR_DB - EDGE, -EDGE, EDGE).astype(np.float32)


@lru_cache(maxsize=1)
def _hann() -> Wave:
    """The periodic Hann window."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)


@lru_cache(maxsize=1)
def mel_filters() -> npt.NDArray[np.float64]:
    """Triangles on Slaney's mel scale, each of unit area in Hz: (401, 80)."""
    lowest, highest = (_mel(hertz) for hertz in (LOWEST_HZ, HIGHEST_HZ))
    edges = np.array([_hertz(mel) for mel in np.linspace(lowest, highest, MELS + 2)])
    bins = np.arange(HALF + 1) * (RATE / WINDOW)
    widths = np.diff(edges)
    slopes = edges[None] - bins[:, None]
    triangles = np.minimum(-slopes[:, :-2] / widths[:-1], slopes[:, 2:] / widths[1:]).clip(min=0)
    return (triangles * (2 / (edges[2:] - edges[:-2]))).astype(np.float32).astype(np.float64)


def _mel(hertz: float) -> float:
    if hertz < BEND_HZ:
        return hertz / LINEAR_HZ
    return BEND_HZ / LINEAR_HZ + math.log(hertz / BEND_HZ) / LOG_STEP


def _hertz(mel: float) -> float:
    bend = BEND_HZ / LINEAR_HZ
    return mel * LINEAR_HZ if mel < bend else BEND_HZ * math.exp(LOG_STEP * (mel - bend))
