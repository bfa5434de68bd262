"""What was tried in vain, and the one error that tells of all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.routing.need import Modality, Need
from gateway.routing.rung import Rung
from gateway.routing.verdict import Verdict
from troupe.wire.errors import (
    AllRungsFailed,
    NoRungCanServe,
    Overloaded,
    RateLimited,
    StreamBroken,
    TroupeError,
    UnknownProvider,
    nearest,
)

COME_BACK_S = 1.0
"""When nobody said when to come back: breakers half-open after this long."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A rung that did not serve, and why; `error` is None where it was not even asked."""

    rung: str
    verdict: Verdict
    error: TroupeError | None
    why: str


def nobody(need: Need, rungs: Sequence[Rung], attempts: Sequence[Attempt]) -> TroupeError:
    """Why no rung served: all skipped, all full, or failed."""
    modality = need.modality
    if not rungs:
        return NoRungCanServe(
            f"No {modality} provider is configured. Set PROVIDER_{modality.upper()}, start its service."
        )
    # The same rung may stand in the list twice: passed over for its health, then tried after all.
    reasons = {attempt.rung: attempt.why for attempt in attempts}
    said = "; ".join(f"{rung}: {why}" for rung, why in reasons.items())
    asked = [attempt for attempt in attempts if attempt.verdict is not Verdict.SKIPPED]
    if not asked:
        return NoRungCanServe(f"No {modality} provider can serve this request. {said}", **reasons)
    tail = f" (only {', '.join(need.rungs)} was asked for)" if need.rungs else ""
    waits = [a.error.retry_after_s for a in asked if a.error is not None and a.error.retry_after_s]
    retry_s = min(waits, default=COME_BACK_S)
    if all(isinstance(attempt.error, Overloaded | RateLimited) for attempt in asked):
        return Overloaded(f"Every {modality} provider is full{tail}. {said}", retry_after_s=retry_s, **reasons)
    return AllRungsFailed(f"Every {modality} provider failed{tail}. {said}", retry_after_s=retry_s, **reasons)


def nobody_goes_on(attempts: Sequence[Attempt]) -> StreamBroken:
    """Why an answer that broke could not be continued."""
    reasons = {attempt.rung: attempt.why for attempt in attempts}
    said = "".join(f" {rung}: {why}" for rung, why in reasons.items())
    return StreamBroken(f"No other replica and no later provider can take over.{said}", **reasons)


def unknown(modality: Modality, name: str, rungs: Sequence[Rung]) -> UnknownProvider:
    """The caller named a rung that the chain does not have."""
    names = [rung.name for rung in rungs]
    known = ", ".join(names) or "none"
    return UnknownProvider(f'No {modality} provider "{name}"; the chain has: {known}.{nearest(name, names)}')
