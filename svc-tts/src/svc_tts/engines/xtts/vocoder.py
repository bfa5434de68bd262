"""From the transformer's latents to sound: all at once, or in pieces that are exactly the same sound.

A stream emits what later latents cannot change any more: its frames, less `reach` frames (139 ms) of context. What it
then computes is a `Window`; windows of many utterances go through the network together (`decode_windows`). Windows of
one kind make a batch; on a GPU they are padded to few kinds, which changes nothing of their sound.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional

from svc_tts.engines.xtts.checkpoint import Checkpoint
from svc_tts.engines.xtts.config import XttsConfig
from svc_tts.engines.xtts.frames import Frames
from svc_tts.engines.xtts.generator import Generator

CHUNKS = (8, 8, 12, 16, 20, 28, 40)
"""Codes worth gathering before each window of a stream, the last one from then on.

The first 8 give 0.2 s of sound; later windows are longer, because each one computes its context again.
"""


GPU_BUCKET = 16
"""Wanted frames of a window are padded to a multiple of it on a GPU; a CPU gains nothing from batches."""


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of an utterance that can be computed now."""

    frames: Tensor  # (F, width)
    speaker: Tensor  # (512,)
    lead: int  # frames of context at the beginning
    trail: int  # and at the end
    first: bool  # the utterance begins with it
    last: bool  # and ends with it

    @property
    def wanted(self) -> int:
        """Frames that become sound."""
        return len(self.frames) - self.lead - self.trail

    @property
    def kind(self) -> tuple[int, int, int]:
        """Windows of one kind are computed together."""
        return len(self.frames), self.lead, self.trail

    def padded(self, bucket: int) -> Window:
        """With the wanted frames a multiple of `bucket`, where an end of it is no end of the utterance.

        Frames are added beyond the context there, where the wanted ones do not hear them.
        """
        short = -self.wanted % bucket
        if not short or (self.first and self.last):
            return self
        before, after = (short, 0) if self.last else (0, short)
        return replace(self, frames=functional.pad(self.frames, (0, 0, before, after)))

    def sound_of(self, padded: Tensor, hop: int) -> Tensor:
        """Its own part of the sound that the padded one gave."""
        samples = self.wanted * hop
        return padded[len(padded) - samples :] if self.last else padded[:samples]


class Vocoder:
    """The generator of one release, and how latents become its frames."""

    def __init__(self, generator: Generator, config: XttsConfig, *, bucket: int | None = None) -> None:
        self.generator = generator
        self.config = config
        on_gpu = generator.conv_pre.weight.device.type != "cpu"
        self.bucket = bucket or (GPU_BUCKET if on_gpu else 1)

    @classmethod
    def of(cls, checkpoint: Checkpoint, dtype: torch.dtype = torch.float32) -> Self:
        """On the device where the checkpoint's tensors are; sound is fp32 whatever the dtype of the network."""
        return cls(Generator.of(checkpoint, dtype), checkpoint.config)

    def decode(self, latents: Tensor, speaker: Tensor, *, speed: float = 1.0) -> Tensor:
        """Latents (T, width) and a speaker (512,) -> the whole wave (N,) at 24 kHz, -1..1; faster where speed > 1."""
        frames = Frames(self.config, speed).push(latents.float(), last=True)
        return self.decode_windows([Window(frames, speaker, 0, 0, first=True, last=True)])[0]

    def stream(self, speaker: Tensor, *, speed: float = 1.0) -> VocoderStream:
        """The same in pieces."""
        return VocoderStream(self, speaker, speed=speed)

    @torch.inference_mode()
    def decode_windows(self, windows: Sequence[Window]) -> list[Tensor]:
        """The wave of each window, (samples,); windows of one kind in one call of the network."""
        kinds: dict[tuple[int, int, int], list[int]] = defaultdict(list)
        padded = [window.padded(self.bucket) for window in windows]
        waves = [window.frames.new_zeros(0) for window in windows]
        for index, window in enumerate(padded):
            if window.wanted:
                kinds[window.kind].append(index)
        for members in kinds.values():
            for index, sound in zip(members, self._together([padded[index] for index in members]), strict=True):
                waves[index] = windows[index].sound_of(sound, self.config.rates.hop)
        return waves

    def _together(self, windows: list[Window]) -> Tensor:
        """Windows of one kind -> (windows, samples)."""
        dtype = self.generator.conv_pre.weight.dtype
        frames = torch.stack([window.frames for window in windows]).transpose(1, 2)
        speakers = torch.stack([window.speaker for window in windows])
        return self.generator(frames.to(dtype), speakers.to(dtype), windows[0].lead, windows[0].trail)


class VocoderStream:
    """One utterance in pieces: what `feed` and `finish` give is, joined, what `decode` gives for the whole."""

    def __init__(self, vocoder: Vocoder, speaker: Tensor, *, speed: float = 1.0) -> None:
        self._vocoder = vocoder
        self._speaker = speaker
        self._steps = Frames(vocoder.config, speed)
        self._held: Tensor | None = None  # frames that are not emitted yet, and the context before them
        self._lead = 0  # how many of them are context
        self._cut = False  # whether frames before them were let go of
        self._width = vocoder.config.vocoder.latent_width

    def feed(self, latents: Tensor) -> Tensor:
        """More latents (n, width) -> the sound that became certain, (samples,); it may be empty."""
        return self._vocoder.decode_windows([self.push(latents)])[0]

    def finish(self) -> Tensor:
        """The rest of the sound."""
        return self._vocoder.decode_windows([self.push(None)])[0]

    def push(self, latents: Tensor | None, *, last: bool = False) -> Window:
        """What `feed` would compute, to be computed together with others'. `last`, or None, ends the utterance."""
        last = last or latents is None
        rows = self._speaker.new_zeros((0, self._width)) if latents is None else latents
        rows = rows.float()
        new = self._steps.push(rows, last=last)
        held = new if self._held is None else torch.cat((self._held, new))
        reach = self._vocoder.generator.reach
        trail = 0 if last else min(reach, len(held) - self._lead)
        window = Window(held, self._speaker, self._lead, trail, first=not self._cut, last=last)
        emitted = len(held) - trail
        kept = max(0, emitted - reach)
        self._held, self._lead, self._cut = held[kept:], emitted - kept, self._cut or kept > 0
        return window
