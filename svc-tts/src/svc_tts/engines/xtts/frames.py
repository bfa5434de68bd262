"""Latents of codes to frames of the vocoder: linear interpolation by absolute position, so that no cut shows.

A code lasts 1024 samples at 22.05 kHz, a frame 256 at 24 kHz: latents are interpolated by 4, then by 24000 / 22050;
another speed stretches them first. Each step places output `d` at `(d + 0.5) / scale - 0.5` of its input, counted from
the beginning of the utterance and in fp32 as PyTorch's `interpolate` does it: a stream computes the very numbers that
the whole would have had, however it is cut.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from svc_tts.engines.xtts.config import XttsConfig

SLOWEST = 0.05  # of normal speed


def scales(config: XttsConfig, speed: float = 1.0) -> tuple[float, ...]:
    """The steps from latents to frames: outputs per input of each."""
    rates = config.rates
    steps = (1.0 / max(speed, SLOWEST), config.gpt.code_stride / rates.hop, rates.output / rates.input)
    return tuple(step for step in steps if step != 1.0)


class Stretch:
    """One step, fed in pieces: rows (n, width) in, rows (about n * scale, width) out."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._step = np.float32(1.0 / scale)
        self._held: Tensor | None = None  # the inputs that may still be needed
        self._before = 0  # inputs let go of
        self._made = 0  # outputs

    def push(self, rows: Tensor, *, last: bool) -> Tensor:
        """The outputs that became known; after the `last` piece, all that remained."""
        held = rows if self._held is None else torch.cat((self._held, rows))
        inputs = self._before + held.shape[0]
        end = self._end(inputs, last=last)
        made = self._between(held, self._made, end)
        self._made = max(end, self._made)
        needed = max(0, min(self._input_of(self._made) - self._before, held.shape[0] - 1))
        self._held, self._before = held[needed:], self._before + needed
        return made

    def _input_of(self, output: int) -> int:
        """The earlier of the two inputs that an output lies between."""
        return int(max(self._step * np.float32(output + 0.5) - np.float32(0.5), np.float32(0)))

    def _end(self, inputs: int, *, last: bool) -> int:
        """How many outputs that many inputs determine."""
        end = math.floor(inputs * self._scale)
        while not last and end > self._made and self._input_of(end - 1) + 1 > inputs - 1:
            end -= 1
        return end

    def _between(self, held: Tensor, start: int, end: int) -> Tensor:
        if end <= start:
            return held[:0]
        outputs = torch.arange(start, end, dtype=torch.float32, device=held.device)
        places = ((outputs + 0.5) * float(self._step) - 0.5).clamp(min=0)
        earlier = places.long()
        share = (places - earlier)[:, None].to(held.dtype)
        first = (earlier - self._before).clamp(max=held.shape[0] - 1)
        second = (first + 1).clamp(max=held.shape[0] - 1)
        return held[first] * (1 - share) + held[second] * share


class Frames:
    """All steps of one utterance, fed in pieces: latents (n, width) in, frames (m, width) out."""

    def __init__(self, config: XttsConfig, speed: float = 1.0) -> None:
        self._steps = [Stretch(scale) for scale in scales(config, speed)]

    def push(self, latents: Tensor, *, last: bool = False) -> Tensor:
        """The frames that became known."""
        for step in self._steps:
            latents = step.push(latents, last=last)
        return latents
