"""What the service asks of the process that holds XTTS."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Load:
    """What to load, and how to run it."""

    checkpoint: str  # folder
    device: str  # auto, cpu, cuda, cuda:1
    precision: str  # auto, fp32, bf16, int8
    streams: int  # utterances computed at once; 0 = by the device


@dataclass(frozen=True, slots=True)
class Sample:
    """The recording of a cloned voice."""

    key: str  # changes with owner, voice and sample
    wav: str  # PCM s16le mono 24 kHz
    folder: str  # where what is computed of it is kept


@dataclass(frozen=True, slots=True)
class Line:
    """One utterance to speak; a setting that is None is as the model's config.json says."""

    text: str
    language: str  # two letters
    speaker: str = ""  # one of the checkpoint's own; empty beside a sample
    sample: Sample | None = None
    speed: float = 1.0
    seed: int = 0
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None

    def message(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def of(cls, message: dict[str, Any]) -> Line:
        """Out of JSON."""
        sample = message["sample"]
        return cls(**message | {"sample": Sample(**sample) if sample else None})
