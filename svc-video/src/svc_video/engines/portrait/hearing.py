"""What is heard of speech, hop by hop: loudness, bands, hiss and pitch. Each hop is listened to once.

A row is one hop of 10 ms: see the column numbers. Pitch by autocorrelation of 43 ms at 8 kHz, divided by that of the
window (Boersma 1993), semitones above 100 Hz; NaN where nothing is voiced. About 25 us a hop.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from svc_video.speech import SAMPLES_PER_MS, Speech
from troupe.wire.media import SAMPLE_RATE

HOP_MS = 10
WINDOW = 512  # samples: 21 ms
FULL_SCALE = 32_768.0
SILENT_RMS = 0.004  # of full scale: -48 dB
USUAL_RMS = 0.11  # of loud speech: where the loudness scale starts from
RELEASE_S = 6.0  # how slowly the scale forgets a louder passage
KEPT_HOPS = 400  # behind the newest: 4 s
BATCH_HOPS = 24  # listened to at once where the sound is there: many at a time cost little more than one
LOW, OPEN, BACK, FRONT = (200.0, 600.0), (600.0, 1100.0), (700.0, 1700.0), (1700.0, 3200.0)
HISS, MIDDLE = (3500.0, 11_000.0), (300.0, 3000.0)
BANDS = (LOW, OPEN, BACK, FRONT, HISS, MIDDLE)
RMS_COLUMN, OPEN_COLUMN, SPREAD_COLUMN, HISS_COLUMN, MIDDLE_COLUMN, PITCH_COLUMN, SCALE_COLUMN = range(7)

PITCH_WINDOW = 1024  # samples: 43 ms, three periods of a low voice
DECIMATION = 3  # to 8 kHz
PITCH_HZ = (70.0, 400.0)
PITCH_REFERENCE_HZ = 100.0
VOICED = 0.5  # of the autocorrelation at lag 0
OCTAVE_COST = 0.12  # a lag twice as long must be this much better
HALF_MS = PITCH_WINDOW // 2 // SAMPLES_PER_MS + 1  # sound on both sides of a hop's middle that it needs

Vector = npt.NDArray[np.float64]


class Hearing:
    """Listens to one stream's sound, in order; not thread-safe."""

    def __init__(self, speech: Speech) -> None:
        self._speech = speech
        self._first = speech.start_ms // HOP_MS - KEPT_HOPS  # number of the first row
        # Nothing was heard before the first sample.
        self._rows = np.tile(self._silence(), (KEPT_HOPS - HALF_MS // HOP_MS - 1, 1))
        self._window = np.hanning(WINDOW)
        frequencies = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE)
        self._bands = np.stack([(frequencies >= low) & (frequencies < high) for low, high in BANDS], 1).astype(float)
        self._pitch = Pitch()

    def rows(self, first: int, last: int) -> Vector:
        """Hops `first` to `last` inclusive, (hops, 7); those whose sound still comes as far as it is there."""
        self._settle(last)
        first, settled = max(first, self._first), self._first + len(self._rows)
        kept = self._rows[first - self._first : last + 1 - self._first]
        if last < settled:
            return kept
        return np.concatenate([kept, self._listen(max(first, settled), last)])

    def heard_ms(self, most: float) -> float:
        """Up to which moment (at most `most`) the sound is there; `most` when everything has come."""
        if self._speech.ended:
            return most
        return min(most, self._speech.known_to(int(most) * SAMPLES_PER_MS) / SAMPLES_PER_MS)

    def _settle(self, last: int) -> None:
        """Keep the hops whose sound is all there."""
        start = self._first + len(self._rows)
        if start > last:
            return
        last += BATCH_HOPS
        known = int(self.heard_ms(last * HOP_MS + HALF_MS))
        stop = min(last, (known - HALF_MS) // HOP_MS)
        if stop < start:
            return
        self._rows = np.concatenate([self._rows, self._listen(start, stop)])
        if len(self._rows) > 2 * KEPT_HOPS:
            self._first += len(self._rows) - KEPT_HOPS
            self._rows = self._rows[-KEPT_HOPS:]

    def _listen(self, first: int, last: int) -> Vector:
        """Hops as rows; the scale goes on from the last one kept."""
        hop, half = HOP_MS * SAMPLES_PER_MS, PITCH_WINDOW // 2
        pcm = self._speech.pcm(first * hop - half, last * hop + half) / FULL_SCALE
        long = np.lib.stride_tricks.sliding_window_view(pcm, PITCH_WINDOW)[::hop]
        short = long[:, half - WINDOW // 2 : half + WINDOW // 2]
        power = np.square(np.abs(np.fft.rfft(short * self._window)))
        bands = power @ self._bands
        level = 10 * np.log10(bands + 1e-3)  # the floor is far below speech, so that silence has no shape
        rms = np.sqrt(np.einsum("ij,ij->i", short, short) / WINDOW)
        rows = np.empty((len(rms), SCALE_COLUMN + 1))
        rows[:, RMS_COLUMN] = rms
        rows[:, OPEN_COLUMN] = level[:, 1] - level[:, 0]
        rows[:, SPREAD_COLUMN] = level[:, 3] - level[:, 2]
        rows[:, HISS_COLUMN] = bands[:, 4] / (power.sum(axis=1) + 1e-9)
        rows[:, MIDDLE_COLUMN] = level[:, 5]
        rows[:, PITCH_COLUMN] = np.where(rms > SILENT_RMS, self._pitch.semitones(long), np.nan)
        rows[:, SCALE_COLUMN] = self._scales(rms)
        return rows

    def _scales(self, rms: Vector) -> list[float]:
        """How loud "loud" is at each hop: the loudest of the last seconds."""
        scales, loudest = [], float(self._rows[-1, SCALE_COLUMN])
        decay = HOP_MS / 1000 / RELEASE_S
        for value in rms.tolist():
            loudest = max(value, loudest + (USUAL_RMS / 2 - loudest) * decay, USUAL_RMS / 2)
            scales.append(loudest)
        return scales

    @staticmethod
    def _silence() -> Vector:
        row = np.zeros(SCALE_COLUMN + 1)
        row[MIDDLE_COLUMN] = 10 * np.log10(1e-3)
        row[PITCH_COLUMN] = np.nan
        row[SCALE_COLUMN] = USUAL_RMS
        return row


class Pitch:
    """The pitch of many windows of sound at once."""

    def __init__(self) -> None:
        rate = SAMPLE_RATE / DECIMATION
        self._length = PITCH_WINDOW // DECIMATION
        self._window = np.hanning(self._length)
        self._size = 512  # of the transform: holds every lag asked for without wrapping
        self._lags = np.arange(int(rate / PITCH_HZ[1]), int(rate / PITCH_HZ[0]) + 1)
        own = self._correlation(self._window[None])[0]
        self._own = own[self._lags] / own[0]
        self._cost = 1 - OCTAVE_COST * np.log2(self._lags / self._lags[0]) / np.log2(self._lags[-1] / self._lags[0])
        self._semitones = 12 * np.log2(rate / self._lags / PITCH_REFERENCE_HZ)

    def semitones(self, windows: Vector) -> Vector:
        """(n, PITCH_WINDOW) samples -> (n,) semitones above 100 Hz, NaN where unvoiced."""
        length = self._length * DECIMATION
        slow = windows[:, 0:length:DECIMATION] + windows[:, 1:length:DECIMATION] + windows[:, 2:length:DECIMATION]
        slow = (slow - slow.mean(axis=1, keepdims=True)) * self._window
        found = self._correlation(slow)
        likeness = found[:, self._lags] / ((found[:, :1] + 1e-9) * self._own)
        best = np.argmax(likeness * self._cost, axis=1)
        voiced = likeness[np.arange(len(best)), best] > VOICED
        return np.where(voiced, self._semitones[best], np.nan)

    def _correlation(self, windows: Vector) -> Vector:
        spectrum = np.fft.rfft(windows, self._size)
        return np.fft.irfft(np.square(np.abs(spectrum)), self._size)
