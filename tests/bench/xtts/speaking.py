"""Our XTTS at work, for the speed bench: the decoder and the vocoder as the engine drives them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from svc_tts.engines.xtts import checkpoint
from svc_tts.engines.xtts.decoder import BatchDecoder, Sequence, Step
from svc_tts.engines.xtts.gpt import Gpt, read_gpt
from svc_tts.engines.xtts.latents import VoiceLatents
from svc_tts.engines.xtts.quantize import Probe, fitted
from svc_tts.engines.xtts.sampling import Sampling
from svc_tts.engines.xtts.vocoder import CHUNKS, Vocoder, VocoderStream, Window

NEVER = -1e4  # bias of the stop code


@dataclass(frozen=True, slots=True)
class Ours:
    """A loaded release; `form` says how the transformer's weights are kept."""

    gpt: Gpt
    vocoder: Vocoder
    voice: VoiceLatents
    form: str

    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        """The form that the engine would take on this device: the fastest near one on a CPU, bf16 on CUDA.

        Its sequences never stop by themselves: every one is as long as is asked.
        """
        read = checkpoint.load(folder, device)
        read.tensors["gpt.mel_head.bias"][read.config.gpt.stop_audio] = NEVER
        voice = next(iter(read.speakers.values()))
        voice = VoiceLatents(voice.conditioning.to(device), voice.speaker.to(device))
        if device == "cuda":
            gpt, form = read_gpt(read.tensors, read.config.gpt, device=device, dtype=torch.bfloat16), "bf16"
            return cls(gpt, Vocoder.of(read, torch.bfloat16), voice, form)
        found = fitted(read_gpt(read.tensors, read.config.gpt), Probe(list(range(30, 60)), voice.conditioning, slots=8))
        return cls(found.gpt, Vocoder.of(read), voice, f"{found.form}, {found.drift:.4f} nats per code from fp32")

    def sequence(self, ids: list[int], seed: int) -> Sequence:
        """These ids in the voice of the release."""
        return Sequence(ids, self.voice.conditioning, Sampling(seed=seed))

    def decoder(self, slots: int) -> BatchDecoder:
        """Warm, as a service's is."""
        made = BatchDecoder(self.gpt, slots)
        made.warm()
        return made

    def codes(self, decoder: BatchDecoder, ids: list[int], streams: int, codes: int) -> float:
        """Seconds for so many codes of so many sequences."""
        begun = self.now()
        for _ in self._steps(decoder, ids, streams, codes):
            pass
        return self.now() - begun

    def speak(self, decoder: BatchDecoder, ids: list[int], streams: int, codes: int) -> tuple[float, list[float]]:
        """Seconds for their sound too, streamed in the vocoder's chunks; and until each was heard first."""
        begun = self.now()
        mouths = [Mouth(self.vocoder.stream(self.voice.speaker), codes) for _ in range(streams)]
        first_s: dict[int, float] = {}
        for steps in self._steps(decoder, ids, streams, codes):
            windows = [(step.slot, window) for step in steps for window in mouths[step.slot].take(step.latent)]
            sounds = self.vocoder.decode_windows([window for _, window in windows])
            for (slot, _), sound in zip(windows, sounds, strict=True):
                if len(sound.cpu()):
                    first_s.setdefault(slot, time.perf_counter() - begun)
        return self.now() - begun, list(first_s.values())

    def _steps(self, decoder: BatchDecoder, ids: list[int], streams: int, codes: int) -> Iterator[list[Step]]:
        """All steps of new sequences in an empty decoder, which is empty again afterwards."""
        for seed in range(streams):
            decoder.admit(self.sequence(ids, seed))
        heard = dict.fromkeys(range(streams), 0)
        while heard:
            steps = decoder.step()
            yield steps
            for step in steps:
                heard[step.slot] += 1
                if heard[step.slot] == codes:
                    decoder.release(step.slot)
                    del heard[step.slot]

    def now(self) -> float:
        """Seconds, when the device has done all it was given."""
        if self.gpt.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()


@dataclass(slots=True)
class Mouth:
    """One stream: gathers latents until they are worth a window."""

    stream: VocoderStream
    codes: int  # that will come
    gathered: list[Tensor] = field(default_factory=list)
    windows: int = 0

    def take(self, latent: Tensor) -> list[Window]:
        """The windows that can be computed with one latent more."""
        self.gathered.append(latent)
        self.codes -= 1
        if self.codes and len(self.gathered) < CHUNKS[min(self.windows, len(CHUNKS) - 1)]:
            return []
        rows, self.gathered = torch.stack(self.gathered), []
        self.windows += 1
        return [self.stream.push(rows)] + ([] if self.codes else [self.stream.push(None)])
