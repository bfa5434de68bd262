"""What every job of a rung works with."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from gateway.providers.minimax.client import Client
from gateway.providers.minimax.clones import Clones
from gateway.providers.minimax.download import Downloads
from gateway.providers.minimax.prices import Prices
from gateway.providers.minimax.spend import Purse


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a task that takes minutes is asked about; seconds. Each wait is half again as long as the last."""

    first_s: float = 1.0
    longest_s: float = 10.0
    growth: float = 1.5
    patience: int = 5  # queries in a row that may fail before the task is given up


@dataclass(slots=True)
class Desk:
    """One rung's tools and counters."""

    client: Client
    downloads: Downloads
    model: str
    purse: Purse
    clones: Clones
    leave: Callable[[Coroutine[Any, Any, None]], None]  # does a last small thing when its call is over
    first_s: float = 30.0
    pace: Pace = field(default_factory=Pace)
    prices: Prices = field(default_factory=Prices)
    running: int = 0


Job = Callable[[Desk, AsyncGenerator[Any]], AsyncGenerator[Any]]
"""The inputs of a call in, its messages out; a string among them names the stage that the ticks tell."""
