"""What the tests of alerts have in common: waiting until some fire and clear, callers, and which ones were shown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from tests.chaos.http1 import Cut, ask_once
from tests.chaos.load import Load
from tests.chaos.stage import Actor
from tests.monitoring.prometheus import Prometheus, Targets

FIRES_S = 40.0
CLEARS_S = 60.0
Watch = Callable[[Targets], Prometheus]
SHOWN: set[str] = set()
"""The alerts that have fired and cleared so far; `test_shown.py`, the last to run, compares them with the rules."""


async def fires(prometheus: Prometheus, *names: str) -> None:
    await prometheus.until(set(names), FIRES_S)


async def clears(prometheus: Prometheus, *names: str) -> None:
    await prometheus.until(set(names), CLEARS_S, quiet=True)
    SHOWN.update(names)


async def is_quiet(prometheus: Prometheus, *names: str) -> None:
    """None of them fires, now that every target has been asked twice."""
    assert not set(names) & await prometheus.firing()


def jobs(gateway: Actor, *texts: Actor) -> dict[str, list[str]]:
    return {"gateway": [gateway.http], "svc-text": [text.metrics for text in texts]}


@asynccontextmanager
async def chatting(gateway: Actor, **settings: float) -> AsyncIterator[None]:
    """Chats by the clock while the block runs."""
    async with Load(lambda: gateway.http, **({"rate": 8.0} | settings)).running():
        yield


async def ask(gateway: Actor, path: str, **body: object) -> int:
    """The status of one answer; 0 = it broke off."""
    with suppress(Cut):
        return (await ask_once(gateway.http, "POST", path, body))[0].status
    return 0
