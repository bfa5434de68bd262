"""The rungs of the MiniMax cloud: one per chain, one address each, paused and capped by what calls have seen."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from gateway.providers.minimax import faults
from gateway.providers.minimax.account import Account
from gateway.providers.minimax.clones import Clones
from gateway.providers.minimax.desk import Desk, Job
from gateway.providers.minimax.gate import PausedGate
from gateway.providers.minimax.jobs import JOBS, TICKS, profile
from gateway.providers.minimax.models import model_for
from gateway.providers.minimax.pause import Pause
from gateway.providers.minimax.spend import Purse, Spend
from gateway.providers.minimax.stream import CloudStream
from gateway.routing.budget import RetryBudget
from gateway.routing.capability import obstacle
from gateway.routing.need import Modality, Need
from gateway.routing.pool import Pool
from gateway.routing.rung import Call, Policy
from troupe.v1.engine_pb2 import EngineInfo
from troupe.wire.errors import NotSupported, TroupeError

ENGINE = "minimax"
NO_KEY = "no MINIMAX_API_KEY"


@dataclass(slots=True)
class MinimaxRung:
    """One modality of the MiniMax cloud. Its health is written by calls: a paid API is not probed."""

    name: str
    modality: Modality
    account: Account
    policy: Policy
    desk: Desk
    pool: Pool
    gate: PausedGate
    budget: RetryBudget
    pause: Pause
    info: EngineInfo = field(init=False)
    cloud: bool = True

    def __post_init__(self) -> None:
        self.info = profile(self.modality, self.desk)
        self.pool.set_addresses([self.account.host])

    @property
    def engine(self) -> str:
        """As requests name it."""
        return ENGINE

    def describe(self) -> EngineInfo:
        """What the rung can do. Clones are not among its voices: each belongs to a key, which lists its own."""
        self.info.outstanding = self.desk.running
        return self.info

    def unusable(self) -> str | None:
        """Without a key."""
        return None if self.account.has_key else NO_KEY

    def trouble(self) -> str | None:
        """Paused by what MiniMax said, or ejected."""
        return self.account.pause.why or self.pause.why or self.pool.trouble(ENGINE)

    def can_serve(self, need: Need) -> str | None:
        """Why it must be skipped: no key, not among its abilities, or its cap for today is used up."""
        return self.unusable() or obstacle(self.describe(), need) or self.desk.purse.obstacle(self._least(need))

    def open(self, call: Call[Any], address: str, timeout_s: float) -> CloudStream[Any]:
        """One attempt. While the rung is paused or over its cap nothing is sent."""
        inputs = call.inputs(self)
        job = JOBS[self.modality].get(call.method)
        return CloudStream(
            lambda: self._work(call, job, inputs, address),
            inputs,
            timeout_s=timeout_s,
            first_s=timeout_s if self.modality is Modality.VIDEO else self.policy.first_s,
            commits=call.commits,
            tick=TICKS.get(call.method),
            ended=self._note,
        )

    async def _work(
        self, call: Call[Any], job: Job | None, inputs: AsyncGenerator[Any], _address: str
    ) -> AsyncGenerator[Any]:
        if job is None:
            raise NotSupported(f"MiniMax has no {call.method} here.")
        self.gate.check()
        self.desk.running += 1
        try:
            async with aclosing(job(self.desk, inputs)) as messages:
                async for message in messages:
                    yield message
        finally:
            self.desk.running -= 1

    def _least(self, need: Need) -> float:
        return self.desk.prices.least(self.modality, need.text_chars, self.desk.model)

    def _note(self, error: TroupeError | None) -> None:
        """Remember how an attempt ended."""
        if error is None:
            self.account.pause.over()
            self.pause.over()
            return
        rule = faults.rule_of(error)
        if rule is not None and rule.scope is not faults.Scope.NOBODY:
            pause = self.account.pause if rule.scope is faults.Scope.ACCOUNT else self.pause
            pause.hold(rule.pause_s, error, at_least=error.retry_after_s or 0.0)


def make_rung(  # noqa: PLR0917  # in the order in which an assembly has them
    modality: Modality,
    name: str,
    account: Account,
    policy: Policy,
    spend: Spend,
    clock: Callable[[], float] = time.monotonic,
    *,
    model: str = "",
) -> MinimaxRung:
    """The rung of that chain; `model` is PROVIDER_<RUNG>_MODEL, used where it is a model of this modality."""
    pause = Pause(clock)
    purse = Purse(spend, name, policy.cap_usd_day)
    return MinimaxRung(
        name=name,
        modality=modality,
        account=account,
        policy=policy,
        desk=Desk(
            client=account.client,
            downloads=account.downloads,
            model=model_for(modality, model),
            purse=purse,
            clones=Clones(),
            leave=account.leave,
            first_s=policy.first_s,
        ),
        pool=Pool(clock),
        gate=PausedGate(clock, (account.pause, pause)),
        budget=RetryBudget(clock),
        pause=pause,
    )
