"""What speech sounds like, 100 times a second: mel-frequency cepstra and loudness, of sound that arrives in pieces.

The same moment has the same frame number at every sample rate, so that two voices can be laid beside each other.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

HOP_S = 0.01  # between two frames
_WINDOW_S = 0.025
_FFT = 1024  # bins, at least a window at 32 kHz
_MELS, _CEPSTRA = 26, 12
_LOWEST_HZ, _HIGHEST_HZ = 80.0, 7_200.0  # below the half of every engine's rate
_PRE_EMPHASIS = 0.97
_FLOOR = 1e-2  # of power, full scale 1: no logarithm of nothing
_FULL_SCALE = 32_768.0

Matrix = npt.NDArray[np.float32]


class Cepstra:
    """Frames (n, 13) of one sound at `rate` Hz: cepstra 1..12, then the level in dB of full scale."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._length = round(_WINDOW_S * rate)
        self._held = np.zeros(self._length // 2, np.float32)  # frame 0 is centred on sample 0
        self._from = -(self._length // 2)  # number of the first sample held
        self._frames = 0

    def feed(self, pcm: bytes) -> Matrix:
        """The frames whose whole window is there now; `pcm` is s16le mono."""
        new = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / np.float32(_FULL_SCALE)
        self._held = np.concatenate((self._held, new))
        starts = self._starts(self._from + len(self._held))
        return self._take(starts)

    def finish(self) -> Matrix:
        """The last frames: silence follows."""
        return self.feed(bytes(2 * (self._length // 2)))

    def _starts(self, end: int) -> npt.NDArray[np.int64]:
        """Where in what is held the windows begin that end by sample `end`."""
        half = self._length // 2
        most = int((end - self._length + half) / (HOP_S * self._rate)) + 2
        numbers = np.arange(self._frames, max(self._frames, most))
        first = np.rint(numbers * HOP_S * self._rate).astype(np.int64) - half
        return np.asarray(first[first + self._length <= end] - self._from)

    def _take(self, starts: npt.NDArray[np.int64]) -> Matrix:
        if not len(starts):
            return np.zeros((0, _CEPSTRA + 1), np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(self._held, self._length)[starts]
        frames = _analysed(windows, self._rate)
        self._frames += len(starts)
        gone = max(0, int(starts[-1]))
        self._held = self._held[gone:]
        self._from += gone
        return frames


def _analysed(windows: Matrix, rate: int) -> Matrix:
    """(n, window) samples -> (n, 13)."""
    level = 10 * np.log10(np.mean(windows * windows, axis=1) + 1e-10)
    sharp = windows[:, 1:] - np.float32(_PRE_EMPHASIS) * windows[:, :-1]
    spectrum = np.fft.rfft(sharp * np.hamming(sharp.shape[1]).astype(np.float32), _FFT, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    logs = np.log(power @ _mel_bank(rate) + np.float32(_FLOOR))
    return np.concatenate((logs @ _cosines(), level[:, None]), axis=1).astype(np.float32)


@lru_cache(maxsize=16)
def _mel_bank(rate: int) -> Matrix:
    """(bins, mels): triangles of equal width on the mel scale."""
    edges = _hz(np.linspace(_mel(_LOWEST_HZ), _mel(_HIGHEST_HZ), _MELS + 2))[:, None]
    bins = np.fft.rfftfreq(_FFT, 1 / rate)
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(0, np.minimum(rising, falling)).T, np.float32)


@lru_cache(maxsize=1)
def _cosines() -> Matrix:
    """(mels, cepstra): the discrete cosine transform without its constant."""
    numbers, mels = np.arange(1, _CEPSTRA + 1), (np.arange(_MELS) + 0.5) / _MELS
    return np.asarray(np.cos(np.pi * mels[:, None] * numbers) * np.sqrt(2 / _MELS), np.float32)


def _mel(hz: float) -> float:
    return float(1127 * np.log1p(hz / 700))


def _hz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(700 * np.expm1(mel / 1127))
