"""One line of what a doctor found, as it goes from a service's doctor to the gateway's, and what decides the verdict.

`python -m svc_x doctor --json` and `troupe doctor --json` print one line: a JSON array, each finding with all fields.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

FOR_TESTS = frozenset({"echo", "tone", "still"})
"""Engines that are always ready and serve nobody."""


class State(StrEnum):
    """How something is: it works, it is not here, or it is here and does not work."""

    OK = "OK"
    MISSING = "missing"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    part: str  # text, speech, video, gateway; machine = what all parts on it share
    name: str
    state: State
    reason: str = ""  # what it is, or why it is not
    remedy: str = ""  # what to do; one sentence or one command
    needed: bool = False  # unless it is OK, the exit status is 1
    seconds: float | None = None  # what was really made took so long

    @property
    def ok(self) -> bool:
        """Whether it works."""
        return self.state is State.OK

    @property
    def failed(self) -> bool:
        """Whether the mesh, or this part of it, cannot do without."""
        return self.needed and not self.ok


def to_json(findings: Iterable[Finding]) -> str:
    """One line."""
    return json.dumps([asdict(finding) for finding in findings])


def from_json(line: str) -> list[Finding]:
    """What `to_json` wrote; raises `ValueError` for anything else."""
    try:
        told = json.loads(line)
        return [Finding(**(row | {"state": State(row["state"])})) for row in told]
    except (TypeError, KeyError) as error:
        raise ValueError(f"These are no findings: {line[:80]}") from error


def weigh(engines: Sequence[Finding], chosen: Collection[str], optional: Collection[str] = ()) -> list[Finding]:
    """The same, each with whether it is needed.

    A chain goes on to its next engine, so one that is missing matters only where no other is ready. One that was
    chosen, is here and does not work is needed, unless it is `optional`: its work is done elsewhere, in a cloud.
    """
    serving = set(chosen) - FOR_TESTS or set(chosen)
    able = any(engine.ok for engine in engines if engine.name in serving)
    return [replace(each, needed=_needed(each, serving, optional, able=able)) for each in engines]


def _needed(engine: Finding, serving: Collection[str], optional: Collection[str], *, able: bool) -> bool:
    broken = engine.state is State.BROKEN and engine.name not in optional
    return engine.name in serving and (broken or not able)
