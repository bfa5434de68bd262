"""What an engine that embeds can do besides."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

from troupe.wire.progress import Progress

T = TypeVar("T")


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


async def together(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What each of them gives, in their order; the first that fails ends the others and is raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
