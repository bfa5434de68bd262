"""From a voice to the vector of 512 that colours the vocoder: a residual network over mel frames.

ResNet-34 with squeeze-and-excitation and attentive statistics pooling (H/ASP, arXiv:2009.14153). As in its original
code, the first convolution of each block is followed by ReLU *before* batch norm. Parameters carry the release's names;
pre-emphasis, window and mel filters come from the release too.
"""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from svc_tts.engines.xtts import layout
from svc_tts.engines.xtts.checkpoint import Checkpoint
from svc_tts.engines.xtts.config import SpeakerSizes
from svc_tts.engines.xtts.signal import mel_spectrogram, power_spectrogram

RATE = 16000  # Hz
FFT = 512
HOP = 160
FLOOR = 1e-6  # added to mel power before the logarithm
SMALLEST_VARIANCE = 1e-5


class SqueezeExcitation(nn.Module):
    """Scales each channel by what all of its places say together (arXiv:1709.01507)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = channels // layout.SQUEEZE
        self.fc = nn.Sequential(nn.Linear(channels, squeezed), nn.ReLU(), nn.Linear(squeezed, channels), nn.Sigmoid())

    def forward(self, image: Tensor) -> Tensor:
        """(B, C, mels, frames) -> the same."""
        return image * self.fc(image.mean(dim=(2, 3)))[:, :, None, None]


class ResidualBlock(nn.Module):
    """Two convolutions with a way around them."""

    def __init__(self, inputs: int, filters: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, filters, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(filters)
        self.se = SqueezeExcitation(filters)
        self.downsample: nn.Module = nn.Identity()
        if stride > 1 or inputs != filters:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, filters, 1, stride, bias=False), nn.BatchNorm2d(filters))

    def forward(self, image: Tensor) -> Tensor:
        """(B, C, mels, frames) -> (B, filters, mels / stride, frames / stride)."""
        inner = self.bn1(functional.relu(self.conv1(image)))
        return functional.relu(self.se(self.bn2(self.conv2(inner))) + self.downsample(image))


class Spectrogram(nn.Module):
    """Mel power of the pre-emphasised wave, with the release's own tables."""

    def __init__(self, mels: int) -> None:
        super().__init__()
        shapes = {"emphasis": (1, 1, 2), "window": (400,), "filters": (FFT // 2 + 1, mels)}
        for name, shape in shapes.items():
            self.register_buffer(name, torch.zeros(shape))

    def forward(self, wave: Tensor) -> Tensor:
        """(batch, n) at 16 kHz -> (batch, mels, 1 + n // 160)."""
        padded = functional.pad(wave[:, None], (1, 0), "reflect")
        emphasised = functional.conv1d(padded, self.emphasis)[:, 0]
        return mel_spectrogram(power_spectrogram(emphasised, fft=FFT, hop=HOP, window=self.window), self.filters)


SPECTROGRAM_NAMES = {
    "torch_spec.0.filter": "torch_spec.emphasis",
    "torch_spec.1.spectrogram.window": "torch_spec.window",
    "torch_spec.1.mel_scale.fb": "torch_spec.filters",
}


class SpeakerEncoder(nn.Module):
    """Sound to a speaker's vector."""

    def __init__(self, sizes: SpeakerSizes) -> None:
        super().__init__()
        first, flat = sizes.filters[0], sizes.filters[-1] * (sizes.mels // 8)
        self.torch_spec = Spectrogram(sizes.mels)
        self.conv1 = nn.Conv2d(1, first, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(first)
        inputs = first
        for stage, (filters, blocks) in enumerate(zip(sizes.filters, sizes.blocks, strict=True), start=1):
            strides = [1 if stage == 1 else 2, *(1 for _ in range(blocks - 1))]
            self.add_module(f"layer{stage}", _stage(inputs, filters, strides))
            inputs = filters
        self.attention = nn.Sequential(
            nn.Conv1d(flat, sizes.attention, 1),
            nn.ReLU(),
            nn.BatchNorm1d(sizes.attention),
            nn.Conv1d(sizes.attention, flat, 1),
            nn.Softmax(dim=2),
        )
        self.fc = nn.Linear(2 * flat, sizes.width)

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Self:
        """The network of that release, on the device where its tensors are."""
        with torch.device("meta"):
            network = cls(checkpoint.config.speaker)
        held = checkpoint.under(layout.SPEAKER)
        network.load_state_dict({SPECTROGRAM_NAMES.get(name, name): held[name] for name in held}, assign=True)
        return network.eval().requires_grad_(requires_grad=False)

    @torch.inference_mode()
    def embed(self, wave: Tensor) -> Tensor:
        """A wave (n,) or (batch, n) at 16 kHz -> (512,) or (batch, 512), of length 1.

        A wave must hold at least 257 samples (16 ms); more than a second is wise.
        """
        vectors = self(wave.reshape(-1, wave.shape[-1]))
        return functional.normalize(vectors, dim=1).reshape(*wave.shape[:-1], -1)

    def forward(self, wave: Tensor) -> Tensor:
        """(batch, n) -> (batch, 512), before it is brought to length 1."""
        image = functional.instance_norm((self.torch_spec(wave) + FLOOR).log())[:, None]
        image = self.bn1(functional.relu(self.conv1(image)))
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            image = stage(image)
        frames = image.flatten(1, 2)  # (B, filters * mels / 8, frames / 8)
        weights = self.attention(frames)
        mean = (frames * weights).sum(dim=2)
        variance = (frames.square() * weights).sum(dim=2) - mean.square()
        return self.fc(torch.cat((mean, variance.clamp(min=SMALLEST_VARIANCE).sqrt()), dim=1))


def _stage(inputs: int, filters: int, strides: list[int]) -> nn.Sequential:
    widths = [inputs, *(filters for _ in strides)]
    return nn.Sequential(
        *(ResidualBlock(width, filters, stride) for width, stride in zip(widths, strides, strict=False))
    )
