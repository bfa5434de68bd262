"""Sound before the networks: resampling and mel spectrograms, in plain PyTorch and equal to what XTTS was trained with.

Both follow the definitions that torchaudio documents (`functional.resample`, `transforms.MelSpectrogram`) with the
values XTTS uses; tests/bench/xtts compares them. Waves are (..., samples) of fp32 in -1..1.
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

RESAMPLING_ZEROS = 6  # zero crossings of the sinc on each side
RESAMPLING_ROLLOFF = 0.99  # of the lower of the two Nyquist frequencies
STYLE_RATE = 22050  # Hz
STYLE_FFT = 2048
STYLE_WINDOW = 1024
STYLE_HOP = 256
STYLE_MELS = 80
STYLE_TOP_HZ = 8000.0
QUIETEST = 1e-5  # mel power below which the logarithm is cut off


def resample(wave: Tensor, source: int, target: int) -> Tensor:
    """The wave at another rate (Hz): Hann-windowed sinc, (..., n) -> (..., ceil(n * target / source))."""
    if source == target:
        return wave
    divisor = math.gcd(source, target)
    source, target = source // divisor, target // divisor
    kernel, reach = _sinc_kernel(source, target)
    flat = wave.reshape(-1, 1, wave.shape[-1])
    padded = functional.pad(flat, (reach, reach + source))
    phases = functional.conv1d(padded, kernel.to(wave), stride=source)  # (waves, target, n / source)
    whole = phases.transpose(1, 2).flatten(1)
    length = -(-target * wave.shape[-1] // source)
    return whole[:, :length].reshape(*wave.shape[:-1], length)


@lru_cache(maxsize=16)
def _sinc_kernel(source: int, target: int) -> tuple[Tensor, int]:
    """One filter per output phase, (target, 1, taps), and its reach in samples; computed in fp64."""
    cutoff = min(source, target) * RESAMPLING_ROLLOFF
    reach = math.ceil(RESAMPLING_ZEROS * source / cutoff)
    taps = torch.arange(-reach, reach + source, dtype=torch.float64) / source
    phases = -torch.arange(target, dtype=torch.float64)[:, None] / target
    at = ((taps + phases) * cutoff).clamp(-RESAMPLING_ZEROS, RESAMPLING_ZEROS)
    window = torch.cos(at * (math.pi / RESAMPLING_ZEROS / 2)) ** 2
    kernel = torch.sinc(at) * window * (cutoff / source)
    return kernel[:, None].float(), reach


def power_spectrogram(wave: Tensor, *, fft: int, hop: int, window: Tensor) -> Tensor:
    """(batch, n) -> (batch, fft / 2 + 1, 1 + n // hop), frames centred, edges mirrored."""
    spectrum = torch.stft(wave, fft, hop, window.shape[0], window, center=True, pad_mode="reflect", return_complex=True)
    return spectrum.abs().square()


def mel_spectrogram(power: Tensor, filters: Tensor) -> Tensor:
    """(batch, bins, frames) -> (batch, mels, frames)."""
    return (power.transpose(-1, -2) @ filters).transpose(-1, -2)


def mel_filters(*, bins: int, mels: int, rate: int, top_hz: float) -> Tensor:
    """Triangles on the HTK mel scale, each of unit area in Hz (Slaney): (bins, mels)."""
    highest = 2595.0 * math.log10(1.0 + top_hz / 700.0)
    edges = 700.0 * (10.0 ** (torch.linspace(0.0, highest, mels + 2) / 2595.0) - 1.0)
    hertz = torch.linspace(0, rate // 2, bins)
    widths = edges[1:] - edges[:-1]
    slopes = edges[None] - hertz[:, None]
    rising = -slopes[:, :-2] / widths[:-1]
    falling = slopes[:, 2:] / widths[1:]
    triangles = torch.minimum(rising, falling).clamp(min=0.0)
    return triangles * (2.0 / (edges[2:] - edges[:-2]))


@lru_cache(maxsize=8)
def _style_tables(device: torch.device) -> tuple[Tensor, Tensor]:
    filters = mel_filters(bins=STYLE_FFT // 2 + 1, mels=STYLE_MELS, rate=STYLE_RATE, top_hz=STYLE_TOP_HZ)
    return torch.hann_window(STYLE_WINDOW).to(device), filters.to(device)


def style_mel(wave: Tensor, stats: Tensor) -> Tensor:
    """What the conditioning encoder hears: (batch, n) at 22.05 kHz -> (batch, 80, frames), logarithms over `stats`."""
    window, filters = _style_tables(wave.device)
    mel = mel_spectrogram(power_spectrogram(wave, fft=STYLE_FFT, hop=STYLE_HOP, window=window), filters)
    return mel.clamp(min=QUIETEST).log() / stats[:, None]
