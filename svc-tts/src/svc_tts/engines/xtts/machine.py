"""What the scheduler needs of the networks: a decoder of codes and a vocoder, both for many takes at once.

`scheduler` and `take` see nothing else, so that they are tested without torch. `networks` is the real one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from svc_tts.engines.xtts.guard import Expectation, Wave

Latent = Any
"""What the decoder makes beside a code, and the vocoder reads; opaque here."""


class OutOfMemory(Exception):  # not an error of ours: what the machine has is used up
    """The device's memory did not suffice; nothing that was being made can go on."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How codes are drawn; None = as config.json says."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """As much of an utterance as goes through the decoder in one go."""

    ids: tuple[int, ...]  # tokens of its text
    expected: Expectation


@dataclass(frozen=True, slots=True)
class Script:
    """An utterance, ready to be made."""

    number: int
    passages: tuple[Passage, ...]
    voice: Any  # latents; opaque here
    sampling: Sampling = Sampling()
    seed: int = 0
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Start:
    """A passage that enters the decoder."""

    ids: tuple[int, ...]
    voice: Any
    sampling: Sampling
    seed: int


@dataclass(frozen=True, slots=True)
class Step:
    """One code of one slot."""

    slot: int
    latent: Latent
    stopped: bool  # the passage ends with it


class Stream(Protocol):
    """The sound of one passage as it grows; opaque to the scheduler."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Latents that go through the vocoder."""

    stream: Stream
    latents: Sequence[Latent]
    last: bool  # nothing follows


class Machine(Protocol):
    """The networks on their device; every method may raise `OutOfMemory`."""

    @property
    def slots(self) -> int:
        """Passages decoded at once."""

    @property
    def rate(self) -> int:
        """Of the sound, Hz."""

    def admit(self, starts: Sequence[Start]) -> list[int]:
        """Put passages into free slots; which."""

    def step(self) -> list[Step]:
        """One code for every slot in use."""

    def release(self, slot: int) -> None:
        """Free it."""

    def open(self, voice: Any, speed: float) -> Stream:
        """The sound of a new passage."""

    def render(self, feeds: Sequence[Feed]) -> list[Wave]:
        """What can be heard now of each; in one call where the device likes that."""
