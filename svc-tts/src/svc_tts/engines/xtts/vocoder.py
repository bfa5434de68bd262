"""From the transformer's latents to sound: all at once, or in pieces that are exactly the same sound.

A stream emits what later latents cannot change any more: its frames, less `reach` frames (139 ms) of context. What it
then computes is a `Window`; windows of many utterances go through the network together (`decode_windows`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from svc_tts.engines.xtts.checkpoint import Checkpoint
from svc_tts.engines.xtts.config import XttsConfig
from svc_tts.engines.xtts.frames import Frames
from svc_tts.engines.xtts.generator import Generator

CHUNKS = (8, 8, 12, 16, 20, 28, 40)
"""Codes worth gathering before each window of a stream, the last one from then on.

The first 8 give 0.2 s of sound; later windows are longer, because each one computes its context again.
"""


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of an utterance that can be computed now."""

    frames: Tensor  # (F, width)
    speaker: Tensor  # (512,)
    lead: int  # frames of context at the beginning
    trail: int  # and at the end

    @property
    def kind(self) -> tuple[int, int, int]:
        """Windows of one kind are computed together."""
        return len(self.frames), self.lead, self.trail


class Vocoder:
    """The generator of one release, and how latents become its frames."""

    def __init__(self, generator: Generator, config: XttsConfig) -> None:
        self.generator = generator
        self.config = config

    @classmethod
    def of(cls, checkpoint: Checkpoint, dtype: torch.dtype = torch.float32) -> Self:
        """On the device where the checkpoint's tensors are; sound is fp32 whatever the dtype of the network."""
        return cls(Generator.of(checkpoint, dtype), checkpoint.config)

    def decode(self, latents: Tensor, speaker: Tensor, *, speed: float = 1.0) -> Tensor:
        """Latents (T, width) and a speaker (512,) -> the whole wave (N,) at 24 kHz, -1..1; faster where speed > 1."""
        frames = Frames(self.config, speed).push(latents, last=True)
        return self.decode_windows([Window(frames, speaker, 0, 0)])[0]

    def stream(self, speaker: Tensor, *, speed: float = 1.0) -> VocoderStream:
        """The same in pieces."""
        return VocoderStream(self, speaker, speed=speed)

    @torch.inference_mode()
    def decode_windows(self, windows: Sequence[Window]) -> list[Tensor]:
        """The wave of each window, (samples,); windows of one kind in one call of the network."""
        kinds: dict[tuple[int, int, int], list[int]] = defaultdict(list)
        for index, window in enumerate(windows):
            kinds[window.kind].append(index)
        waves: dict[int, Tensor] = {}
        for (length, lead, trail), members in kinds.items():
            if length == lead + trail:
                waves.update({index: windows[index].frames.new_zeros(0, dtype=torch.float32) for index in members})
                continue
            dtype = self.generator.conv_pre.weight.dtype
            frames = torch.stack([windows[index].frames for index in members]).transpose(1, 2)
            speakers = torch.stack([windows[index].speaker for index in members])
            sound = self.generator(frames.to(dtype), speakers.to(dtype), lead, trail)
            waves.update(zip(members, sound, strict=True))
        return [waves[index] for index in range(len(windows))]


class VocoderStream:
    """One utterance in pieces: what `feed` and `finish` give is, joined, what `decode` gives for the whole."""

    def __init__(self, vocoder: Vocoder, speaker: Tensor, *, speed: float = 1.0) -> None:
        self._vocoder = vocoder
        self._speaker = speaker
        self._steps = Frames(vocoder.config, speed)
        self._held: Tensor | None = None  # frames that are not emitted yet, and the context before them
        self._lead = 0  # how many of them are context
        self._width = vocoder.config.vocoder.latent_width

    def feed(self, latents: Tensor) -> Tensor:
        """More latents (n, width) -> the sound that became certain, (samples,); it may be empty."""
        return self._vocoder.decode_windows([self.push(latents)])[0]

    def finish(self) -> Tensor:
        """The rest of the sound."""
        return self._vocoder.decode_windows([self.push(None)])[0]

    def push(self, latents: Tensor | None) -> Window:
        """What `feed` would compute, to be computed together with others'; None ends the utterance."""
        rows = self._speaker.new_zeros((0, self._width)) if latents is None else latents
        new = self._steps.push(rows, last=latents is None)
        held = new if self._held is None else torch.cat((self._held, new))
        reach = self._vocoder.generator.reach
        trail = 0 if latents is None else min(reach, len(held) - self._lead)
        window = Window(held, self._speaker, self._lead, trail)
        emitted = len(held) - trail
        kept = max(0, emitted - reach)
        self._held, self._lead = held[kept:], emitted - kept
        return window
