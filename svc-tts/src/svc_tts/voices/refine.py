"""What is done to a sample where it is wanted: steady noise out, loudness to where engines expect it.

Noise: a Wiener filter whose a priori SNR is smoothed over time ("decision directed", Ephraim and Malah 1984), which
leaves no musical tones; the noise is what the quietest frames hold. Loudness and peaks are the business of `audio`.
"""

from __future__ import annotations

import numpy as np

from svc_tts.audio.limiter import Limiter
from svc_tts.audio.loudness import loudness
from svc_tts.voices.measure import Samples
from troupe.wire.media import SAMPLE_RATE

TARGET_LUFS = -20.0
LOUDNESS_LUFS = (-23.0, -18.0)  # what is within is left as it is
PEAK_DB = -1.0  # dBFS
_SHORTEST_METERED_S = 0.4  # one block of BS.1770
_FULL_SCALE = 32_768.0  # samples here are -1..1, those of `audio` in the range of s16

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
    """The sample at a usual loudness, its peaks below `PEAK_DB`; silence and what is too short to be metered stay."""
    if len(samples) < _SHORTEST_METERED_S * SAMPLE_RATE:
        return samples
    measured = loudness(samples * _FULL_SCALE, SAMPLE_RATE)
    if measured is None:
        return samples
    gain_db = 0.0 if LOUDNESS_LUFS[0] <= measured <= LOUDNESS_LUFS[1] else TARGET_LUFS - measured
    limiter = Limiter(SAMPLE_RATE, _FULL_SCALE * 10 ** (PEAK_DB / 20))
    made = limiter.feed(samples * np.float32(_FULL_SCALE * 10 ** (gain_db / 20)))
    return np.asarray(np.concatenate((made, limiter.finish())) / _FULL_SCALE, np.float32)


def _noise(frames: np.ndarray[tuple[int, int], np.dtype[np.float32]], window: Samples) -> Samples:
    """Power spectrum of the noise, (bins,)."""
    power = np.array([np.square(frame).sum() for frame in frames])
    quiet = np.flatnonzero((power > 0) & (power <= np.percentile(power, _NOISE_PERCENTILE)))[:_BATCH]
    if not len(quiet):  # its pauses are empty: nothing shows what the noise is
        return np.full(_SIZE // 2 + 1, _NO_NOISE, np.float32)
    spectra = np.square(np.abs(np.fft.rfft(frames[quiet] * window)))
    return np.asarray(np.maximum(_NOISE_WEIGHT * spectra.mean(axis=0), _NO_NOISE), np.float32)
