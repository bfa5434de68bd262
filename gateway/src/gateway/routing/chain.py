"""A chain: its rungs in order, each asked until one has begun to answer.

The simple version that the routing issue fills in: rungs that cannot serve are skipped with their reason, healthy ones
are asked before troubled ones, an attempt that fails before its first byte falls through to the next rung, and what
fails after it is the caller's to hear. The seam stays: `Rung.report` takes every outcome, `Rung.trouble` orders.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gateway.routing.need import Modality, Need
from gateway.routing.rung import Call, Outcome, Rung, RungStream
from gateway.routing.verdict import Verdict, judge
from troupe.wire.errors import (
    AllRungsFailed,
    DeadlineExceeded,
    NoRungCanServe,
    StreamBroken,
    TroupeError,
    UnknownProvider,
    nearest,
)

M = TypeVar("M")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A rung that did not serve, and why."""

    rung: str
    verdict: Verdict
    error: TroupeError | None
    why: str


@dataclass(frozen=True, slots=True)
class Fallback:
    """A rung that serves in place of those before it."""

    modality: Modality
    rung: str
    reason: str


def ignore(_fallback: Fallback) -> None:
    """For chains nobody watches."""


@dataclass(slots=True)
class Served(Generic[M]):
    """An answer that has begun: which rung gives it, what went before, and the messages from the first on."""

    rung: Rung
    attempts: tuple[Attempt, ...]
    _stream: RungStream[M]
    _call: Call[M]
    _first: list[M] = field(default_factory=list)

    @property
    def beginning(self) -> tuple[M, ...]:
        """What has come and was not read yet: at first, everything up to the first byte."""
        return tuple(self._first)

    @property
    def fallback_reason(self) -> str:
        """Why a rung before this one did not serve; empty when none had to be passed over."""
        return "; ".join(f"{attempt.rung}: {attempt.why}" for attempt in self.attempts)

    def __aiter__(self) -> Served[M]:
        """Itself."""
        return self

    async def __anext__(self) -> M:
        """The next message; reports to the rung how it ended."""
        if self._first:
            return self._first.pop(0)
        try:
            return await anext(self._stream)
        except StopAsyncIteration:
            self.rung.report(Outcome())
            raise
        except TroupeError as error:
            if self._call.input_error() is None:
                self.rung.report(Outcome(error))
            raise

    def abort(self, error: TroupeError) -> None:
        """Stop the work; whoever reads gets this error."""
        self._stream.abort(error)

    async def aclose(self) -> None:
        """Stop the work if it has not ended."""
        await self._stream.aclose()


class Chain:
    """The primary, then its fallbacks, without repeats."""

    def __init__(
        self,
        modality: Modality,
        rungs: Iterable[Rung],
        *,
        unasked: Collection[str] = (),
        on_fallback: Callable[[Fallback], None] = ignore,
    ) -> None:
        self.modality = modality
        self.rungs: Sequence[Rung] = tuple({rung.name: rung for rung in rungs}.values())
        self._unasked = frozenset(unasked)  # rungs nobody named: passing over one that cannot serve is no fallback
        self._on_fallback = on_fallback

    async def run(self, need: Need, call: Call[M]) -> Served[M]:
        """The first answer that begins. Raises `NoRungCanServe`, `AllRungsFailed` or what is the caller's own fault."""
        attempts, able = self.sort(need)
        for rung in able:
            if call.deadline.remaining() <= 0:
                raise DeadlineExceeded("The time for this request was used up before a provider could begin.")
            opened = await _attempt(rung, call)
            if isinstance(opened, Served):
                opened.attempts = tuple(each for each in attempts if not self._unnoticed(each))
                self._announce(opened, call.request_id)
                return opened
            attempts.append(opened)
        raise self._nobody(need, attempts)

    def sort(self, need: Need) -> tuple[list[Attempt], list[Rung]]:
        """The rungs that are skipped, and those to ask: healthy ones first, each group in the chain's order."""
        skipped, healthy, troubled = [], [], []
        for rung in self._named(need):
            reason = rung.can_serve(need)
            if reason is not None:
                skipped.append(Attempt(rung.name, Verdict.SKIPPED, None, reason))
            elif rung.trouble() is not None:
                troubled.append(rung)
            else:
                healthy.append(rung)
        passed_over = [
            Attempt(rung.name, Verdict.FAILED, None, rung.trouble() or "it was in trouble")
            for rung in troubled
            if healthy
        ]
        # A troubled rung stays a last resort: what is known of it may be a second old.
        return skipped + passed_over, healthy + troubled

    def _named(self, need: Need) -> Sequence[Rung]:
        if not need.rung:
            return self.rungs
        named = [rung for rung in self.rungs if need.rung in {rung.name, rung.engine}]
        if not named:
            names = [rung.name for rung in self.rungs]
            known = ", ".join(names) or "none"
            hint = nearest(need.rung, names)
            raise UnknownProvider(f'No {self.modality} provider "{need.rung}"; the chain has: {known}.{hint}')
        return named

    def _unnoticed(self, attempt: Attempt) -> bool:
        return attempt.verdict is Verdict.SKIPPED and attempt.rung in self._unasked

    def _announce(self, served: Served[M], request_id: str) -> None:
        order = [rung.name for rung in self.rungs]
        place = order.index(served.rung.name)
        if not any(order.index(attempt.rung) < place for attempt in served.attempts):
            return
        log.warning("Using fallback provider: %s (%s) %s", served.rung.name, served.fallback_reason, request_id)
        self._on_fallback(Fallback(self.modality, served.rung.name, served.fallback_reason))

    def _nobody(self, need: Need, attempts: Sequence[Attempt]) -> TroupeError:
        if not self.rungs:
            return NoRungCanServe(
                f"No {self.modality} provider is configured. Set PROVIDER_{self.modality.upper()}, start its service."
            )
        tried = [attempt for attempt in attempts if attempt.error is not None]
        # The same rung may stand in the list twice: passed over for its health, then tried after all.
        reasons = {attempt.rung: attempt.why for attempt in attempts}
        said = "; ".join(f"{rung}: {why}" for rung, why in reasons.items())
        if all(attempt.verdict is Verdict.SKIPPED for attempt in attempts):
            return NoRungCanServe(f"No {self.modality} provider can serve this request. {said}", **reasons)
        retry = next((a.error.retry_after_s for a in tried if a.error and a.error.retry_after_s), 1.0)
        tail = f" (only {need.rung} was asked for)" if need.rung else ""
        return AllRungsFailed(f"Every {self.modality} provider failed{tail}. {said}", retry_after_s=retry, **reasons)


async def _attempt(rung: Rung, call: Call[M]) -> Served[M] | Attempt:
    """Ask one rung, up to its first byte."""
    stream: RungStream[M] = rung.open(call)
    first: list[M] = []
    try:
        async for message in stream:
            first.append(message)
            if call.commits(message):
                return Served(rung, (), stream, call, first)
        ended: TroupeError = StreamBroken(f"{rung.name} ended without an answer.")
    except TroupeError as error:
        ended = error
    except BaseException:
        await stream.aclose()
        raise
    await stream.aclose()
    if (broken_input := call.input_error()) is not None:
        raise broken_input
    rung.report(Outcome(ended))
    verdict = judge(ended)
    if verdict is Verdict.CALLERS:
        raise ended
    log.info("provider %s did not serve: %s: %s", rung.name, ended.code, ended.message)
    return Attempt(rung.name, verdict, ended, ended.message)
