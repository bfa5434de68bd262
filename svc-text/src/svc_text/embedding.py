"""What an engine that embeds can do besides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from troupe.wire.progress import Progress


@dataclass(frozen=True, slots=True)
class Embedded:
    """One vector per text, each of length 1 unless the model says otherwise."""

    vectors: tuple[tuple[float, ...], ...]
    prompt_tokens: int
    model: str


@runtime_checkable
class Embedder(Protocol):
    """An engine that turns texts into vectors too; its facts then have the task "embed"."""

    async def embed(self, inputs: Sequence[str], dimensions: int, progress: Progress) -> Embedded:
        """A vector per text; `dimensions` 0 = the model's own. Raises `NotSupported` or `InvalidArgument`."""
