"""What is done to a sample where it is wanted: steady noise out, loudness to where engines expect it.

Noise: a Wiener filter whose a priori SNR is smoothed over time ("decision directed", Ephraim and Malah 1984), which
leaves no musical tones; the noise is what the quietest frames hold. Loudness: ITU-R BS.1770 by pyloudnorm, then a
limiter that looks ahead.
"""

from __future__ import annotations

import numpy as np

from svc_tts.voices.measure import Samples
from troupe.wire.media import SAMPLE_RATE

TARGET_LUFS = -20.0
LOUDNESS_LUFS = (-23.0, -18.0)  # what is within is left as it is
PEAK_DB = -1.0  # dBFS
_LOOK_AHEAD = round(0.005 * SAMPLE_RATE)  # samples
_SHORTEST_METERED_S = 0.4  # one block of BS.1770

_SIZE, _HOP = 1_024, 256  # samples of a frame, 43 and 11 ms
_NOISE_PERCENTILE = 10  # frames as quiet as that hold noise alone
_SMOOTHING = 0.97
_NOISE_WEIGHT = 1.2  # the quietest frames hold a little less than the mean noise
_FLOOR = 0.08  # -22 dB: what is left of the noise, so that pauses do not go dead
_NO_NOISE = 1e-12
_BATCH = 2_048  # frames in memory at once: 34 MB


def denoise(samples: Samples) -> Samples:
    """The sample (N,) without its steady noise."""
    padded = np.pad(samples, (_SIZE, _SIZE + -len(samples) % _HOP)).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _SIZE)[::_HOP]
    window = np.sqrt(np.hanning(_SIZE + 1)[:-1]).astype(np.float32)  # twice, it adds up to 2 at this hop
    noise = _noise(frames, window)
    clean = np.zeros(len(padded), np.float32)
    kept = np.zeros(_SIZE // 2 + 1)  # |clean spectrum|^2 of the frame before, in units of the noise
    for at in range(0, len(frames), _BATCH):
        spectra = np.fft.rfft(frames[at : at + _BATCH] * window)
        for at_frame, spectrum in enumerate(spectra):
            excess = np.square(np.abs(spectrum)) / noise
            prior = _SMOOTHING * kept + (1 - _SMOOTHING) * np.maximum(excess - 1, 0)
            gain = np.maximum(prior / (1 + prior), _FLOOR)
            kept = np.square(gain) * excess
            spectra[at_frame] = spectrum * gain
        for offset, frame in enumerate(np.fft.irfft(spectra) * window / 2, at):
            clean[offset * _HOP : offset * _HOP + _SIZE] += frame
    return np.asarray(clean[_SIZE : _SIZE + len(samples)], np.float32)


def level(samples: Samples) -> Samples:
    """The sample at a usual loudness, its peaks below `PEAK_DB`; what is too short to be metered only limited."""
    loudness = loudness_of(samples)
    gain_db = 0.0 if LOUDNESS_LUFS[0] <= loudness <= LOUDNESS_LUFS[1] else TARGET_LUFS - loudness
    return limit(samples * np.float32(10 ** (gain_db / 20))) if np.isfinite(gain_db) else samples


def loudness_of(samples: Samples) -> float:
    """Integrated loudness, LUFS; the target itself where it cannot be told."""
    if len(samples) < _SHORTEST_METERED_S * SAMPLE_RATE:
        return TARGET_LUFS
    import pyloudnorm  # type: ignore[import-untyped]  # noqa: PLC0415  # scipy comes with it: 0.3 s, where it is wanted

    return float(pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(samples.astype(np.float64)))


def limit(samples: Samples) -> Samples:
    """The sample with peaks turned down smoothly, 5 ms around each."""
    ceiling = 10 ** (PEAK_DB / 20)
    needed = np.minimum(1.0, ceiling / np.maximum(np.abs(samples), 1e-9))
    if needed.min(initial=1.0) == 1.0:
        return samples
    around = np.pad(_least(needed, 2 * _LOOK_AHEAD + 1), _LOOK_AHEAD // 2, mode="edge")
    # A mean of gains that are all low enough is low enough, and bends slowly.
    sums = np.cumsum(np.concatenate(([0.0], around.astype(np.float64))))
    gain = (sums[_LOOK_AHEAD:] - sums[:-_LOOK_AHEAD])[: len(samples)] / _LOOK_AHEAD
    return np.asarray(samples * gain, np.float32)


def _least(values: Samples, width: int) -> Samples:
    """The least of `width` values around each (van Herk 1992: running minima of blocks, from both sides)."""
    half = width // 2
    padded = np.pad(values, (half, half + -len(values) % width + width), constant_values=1.0)
    blocks = padded[: len(padded) // width * width].reshape(-1, width)
    ahead = np.minimum.accumulate(blocks, axis=1).ravel()
    behind = np.minimum.accumulate(blocks[:, ::-1], axis=1)[:, ::-1].ravel()
    return np.asarray(np.minimum(behind[: len(values)], ahead[width - 1 : width - 1 + len(values)]), np.float32)


def _noise(frames: np.ndarray[tuple[int, int], np.dtype[np.float32]], window: Samples) -> Samples:
    """Power spectrum of the noise, (bins,)."""
    power = np.array([np.square(frame).sum() for frame in frames])
    quiet = np.flatnonzero((power > 0) & (power <= np.percentile(power, _NOISE_PERCENTILE)))[:_BATCH]
    if not len(quiet):  # its pauses are empty: nothing shows what the noise is
        return np.full(_SIZE // 2 + 1, _NO_NOISE, np.float32)
    spectra = np.square(np.abs(np.fft.rfft(frames[quiet] * window)))
    return np.asarray(np.maximum(_NOISE_WEIGHT * spectra.mean(axis=0), _NO_NOISE), np.float32)
