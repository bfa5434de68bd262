"""One question to a chain, one message for an answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.routing.chain import Chain
from gateway.routing.need import Need
from gateway.routing.rung import Call, Rung

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Answer(Generic[M]):
    """What was asked for, and who answered."""

    value: M
    provider: str


async def only(chain: Chain, need: Need, call: Call[M]) -> Answer[M]:
    """The one message of the first rung that answers. Raises what the chain raises."""
    served = await chain.run(need, call)
    try:
        return Answer(await anext(served), served.rung.name)
    finally:
        await served.aclose()


def once(request: M) -> Callable[[Rung], AsyncGenerator[M]]:
    """The inputs of a call that sends the same message to every rung."""

    async def inputs(_rung: Rung) -> AsyncGenerator[M]:
        yield request

    return inputs
