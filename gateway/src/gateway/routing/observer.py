"""Who counts what chains do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gateway.routing.need import Modality


@dataclass(frozen=True, slots=True)
class Fallback:
    """A rung that serves in place of those before it."""

    modality: Modality
    rung: str
    reason: str


class Observer(Protocol):
    """What happens in chains, told as it happens."""

    def attempted(self, modality: Modality, rung: str, code: str) -> None:
        """An attempt ended; `code` is "ok" or the leaf's."""
        ...

    def first_byte_of(self, modality: Modality, rung: str, seconds: float) -> None:
        """An attempt gave its first byte after this long."""
        ...

    def fell_back(self, fallback: Fallback) -> None:
        """A rung serves in place of those before it."""
        ...

    def resumed(self, modality: Modality, rung: str) -> None:
        """An answer that broke goes on there."""
        ...

    def refused(self, modality: Modality, code: str) -> None:
        """A request ended without a first byte."""
        ...


class Nobody:
    """For chains that nobody watches."""

    def attempted(self, modality: Modality, rung: str, code: str) -> None:
        """Not counted."""

    def first_byte_of(self, modality: Modality, rung: str, seconds: float) -> None:
        """Not counted."""

    def fell_back(self, fallback: Fallback) -> None:
        """Not counted."""

    def resumed(self, modality: Modality, rung: str) -> None:
        """Not counted."""

    def refused(self, modality: Modality, code: str) -> None:
        """Not counted."""
