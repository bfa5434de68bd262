"""The machine of the scheduler, for real: the decoder and the vocoder on their device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from svc_tts.engines.xtts import config, decoder, sampling
from svc_tts.engines.xtts.guard import Wave
from svc_tts.engines.xtts.latents import VoiceLatents
from svc_tts.engines.xtts.machine import Feed, OutOfMemory, Sampling, Start, Step
from svc_tts.engines.xtts.vocoder import Vocoder, VocoderStream

_NO_MEMORY = (
    "not enough memory",
    "can't allocate memory",
    "Cannot allocate memory",
    "could not create a primitive",  # oneDNN's word for it
)
"""How torch says on a CPU what is an error of its own kind on CUDA."""


class Networks:
    """Decoder and vocoder of one release."""

    def __init__(self, batch: decoder.BatchDecoder, vocoder: Vocoder, defaults: config.Sampling, slots: int) -> None:
        self._batch = batch
        self._vocoder = vocoder
        self._defaults = defaults
        self.slots = slots
        self.rate = vocoder.config.rates.output

    def admit(self, starts: Sequence[Start]) -> list[int]:
        """Put passages into free slots; their prompts are read by the next steps."""
        with _memory():
            return [self._batch.admit(self._sequence(start)) for start in starts]

    def step(self) -> list[Step]:
        """One code for every slot whose prompt is read."""
        with _memory():
            return [Step(step.slot, step.latent, step.stopped) for step in self._batch.step()]

    def release(self, slot: int) -> None:
        """Free it."""
        self._batch.release(slot)

    def open(self, voice: VoiceLatents, speed: float) -> VocoderStream:
        """The sound of a new passage."""
        return self._vocoder.stream(voice.speaker, speed=speed)

    @torch.inference_mode()
    def render(self, feeds: Sequence[Feed]) -> list[Wave]:
        """The windows of all in one call, and one copy from the device."""
        with _memory():
            windows = [_stream(feed).push(torch.stack(list(feed.latents)), last=feed.last) for feed in feeds]
            waves = self._vocoder.decode_windows(windows)
            together = torch.cat(waves).float().cpu()
        return [part.numpy() for part in together.split([len(wave) for wave in waves])]

    def _sequence(self, start: Start) -> decoder.Sequence:
        return decoder.Sequence(start.ids, start.voice.conditioning, self._sampling(start.sampling, start.seed))

    def _sampling(self, asked: Sampling, seed: int) -> sampling.Sampling:
        usual = self._defaults
        return sampling.Sampling(
            temperature=usual.temperature if asked.temperature is None else asked.temperature,
            top_k=usual.top_k if asked.top_k is None else asked.top_k,
            top_p=usual.top_p if asked.top_p is None else asked.top_p,
            repetition_penalty=(
                usual.repetition_penalty if asked.repetition_penalty is None else asked.repetition_penalty
            ),
            seed=seed,
        )


def _stream(feed: Feed) -> VocoderStream:
    """To the scheduler it is opaque; it was opened here."""
    assert isinstance(feed.stream, VocoderStream)  # noqa: S101  # `open` makes no other
    return feed.stream


@contextmanager
def _memory() -> Iterator[None]:
    """What torch says when there is none, in the scheduler's terms."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        torch.cuda.empty_cache()
        raise OutOfMemory(_first_line(error)) from error
    except RuntimeError as error:
        if not any(words in str(error) for words in _NO_MEMORY):
            raise
        raise OutOfMemory(_first_line(error)) from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
