"""The table of behaviours: what a chat means, whichever engine answers it.

Each row is a function that asks a subject (`subject.Subject`) and judges what comes. `needs` are features as `Describe`
tells them: where an engine lacks one, the behaviour is *declared absent*, and for the features in `REFUSED` the same
request must be refused by that feature's name, before the engine sees it. A new engine runs the table with a fixture of
its own; `tests/vllm` does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from tests.behaviours.subject import Subject

from troupe.wire.errors import NotSupported

REFUSED = frozenset(
    {
        "tools", "tool_choice", "logprobs", "logit_bias", "n", "documents", "json_schema", "continue", "grammar",
        "extra_sampling",
    }
)  # fmt: skip
"""Without these it would be another answer; `seed` and `reasoning` are wishes, and `count_tokens` is a task."""

Check = Callable[[Subject], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One row."""

    name: str
    check: Check
    needs: tuple[str, ...] = ()


BEHAVIOURS: list[Behaviour] = []


def behaviour(*needs: str) -> Callable[[Check], Check]:
    """Put a function into the table under its own name."""

    def put(check: Check) -> Check:
        BEHAVIOURS.append(Behaviour(check.__name__, check, needs))
        return check

    return put


def rows(name: str, cases: dict[str, Check], *needs: str) -> None:
    """Put a family of checks into the table."""
    BEHAVIOURS.extend(Behaviour(f"{name}: {case}", check, needs) for case, check in cases.items())


async def shows(row: Behaviour, subject: Subject) -> None:
    """Pass where the subject behaves so, or declares that it does not and refuses what it must."""
    missing = [feature for feature in row.needs if feature not in subject.features]
    if not missing:
        await row.check(subject)
    elif REFUSED.intersection(missing):
        with pytest.raises(NotSupported, match="has no"):
            await row.check(subject)
