"""A chain: its rungs in order, asked until one has begun to answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from gateway.routing.capability import SLOW
from gateway.routing.journey import Attempt, Journey
from gateway.routing.need import Modality, Need
from gateway.routing.observer import Fallback, Nobody, Observer
from gateway.routing.rung import Call, Rung
from gateway.routing.served import Served
from gateway.routing.verdict import Verdict

__all__ = ["Chain", "Fallback", "Observer", "Served"]

M = TypeVar("M")
log = logging.getLogger(__name__)


class Chain:
    """The primary, then its fallbacks, without repeats."""

    def __init__(
        self,
        modality: Modality,
        rungs: Iterable[Rung],
        *,
        unasked: Collection[str] = (),
        observer: Observer | None = None,
    ) -> None:
        self.modality = modality
        self.rungs: Sequence[Rung] = tuple({rung.name: rung for rung in rungs}.values())
        self.observer: Observer = observer or Nobody()
        # Rungs nobody named: passing over one that cannot serve is no fallback, and one that is slow comes last.
        self._unasked = frozenset(unasked)

    @property
    def ordered(self) -> Sequence[Rung]:
        """The rungs in the order in which they are asked now."""
        return sorted(self.rungs, key=self._put_off)

    def _put_off(self, rung: Rung) -> bool:
        info = rung.describe() if rung.name in self._unasked else None
        return info is not None and SLOW in info.features

    async def run(self, need: Need, call: Call[M]) -> Served[M]:
        """The first answer that begins. Raises `NoRungCanServe`, `AllRungsFailed` or what is the caller's own fault."""
        hedge_s = self._hedge_s(need) if call.hedged else 0.0
        if not hedge_s:
            return await self._one(need, call)
        return await self._hedged(need, call, hedge_s)

    async def _one(self, need: Need, call: Call[M]) -> Served[M]:
        served = self._journey(need, call)
        await served.begin()
        return served

    def _journey(self, need: Need, call: Call[M], avoid: Collection[str] = ()) -> Served[M]:
        journey = Journey(
            self.ordered,
            need,
            deadline=call.deadline,
            clock=call.deadline.clock,
            key=call.key,
            priority=call.priority,
            avoid=avoid,
        )
        return Served(self, journey, call)

    async def _hedged(self, need: Need, call: Call[M], hedge_s: float) -> Served[M]:
        """Ask once; where nothing has come after `hedge_s`, ask a second replica too and take what comes first."""
        first = self._journey(need, call)
        asked: dict[asyncio.Future[None], Served[M]] = {asyncio.ensure_future(first.begin()): first}
        try:
            await asyncio.wait(asked, timeout=hedge_s)
            if not any(each.done() for each in asked) and self._may_hedge(need):
                second = self._journey(need, call, avoid=[first.address] if first.address else [])
                asked[asyncio.ensure_future(second.begin())] = second
            return await _first_good(asked)
        finally:
            await _drop(asked)

    def _hedge_s(self, need: Need) -> float:
        able = next((rung for rung in self.ordered if rung.can_serve(need) is None), None)
        return able.policy.hedge_s if able is not None else 0.0

    def _may_hedge(self, need: Need) -> bool:
        """A second call is load like a retry's, so it is paid from the same budget."""
        able = next((rung for rung in self.ordered if rung.can_serve(need) is None), None)
        return able is not None and able.budget.spend()

    def told(self, attempts: Sequence[Attempt]) -> tuple[Attempt, ...]:
        """Those that a caller is told of: a rung nobody asked for and that cannot serve is passed over unnoticed."""
        return tuple(
            attempt
            for attempt in attempts
            if not (attempt.verdict is Verdict.SKIPPED and attempt.rung in self._unasked)
        )

    def announce(self, rung: Rung, attempts: Sequence[Attempt], reason: str, request_id: str) -> None:
        """Tell of a fallback, where a rung before this one was passed over or failed."""
        order = {each.name: place for place, each in enumerate(self.ordered)}
        if not any(order.get(attempt.rung, 0) < order[rung.name] for attempt in attempts):
            return
        log.warning("Using fallback provider: %s (%s) %s", rung.name, reason, request_id)
        self.observer.fell_back(Fallback(self.modality, rung.name, reason))


async def _first_good(asked: dict[asyncio.Future[None], Served[M]]) -> Served[M]:
    """The first answer that begins, taken out of those asked; when none does, what the last one raises."""
    while True:
        done, waiting = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            served = asked.pop(each)
            if each.exception() is None or not waiting:
                each.result()
                return served


async def _drop(asked: dict[asyncio.Future[None], Served[M]]) -> None:
    """Stop attempts that lost: whether still on their way or already begun."""
    for each in asked:
        each.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    for served in asked.values():
        await served.aclose()
