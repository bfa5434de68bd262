"""What a scenario measured, as a table that a person reads in the log of the tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.chaos.load import Outcome, failures, percentile

SLACK = 5
"""CI judges times at five times the goal: two shared, noisy cores. The goals themselves are judged by the bench."""


@dataclass(slots=True)
class Figures:
    """Rows of name, value and goal; printed when the scenario is over, well or badly."""

    title: str
    write: Callable[[str], None]
    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def note(self, name: str, value: float | str, goal: str = "") -> None:
        """Add a row."""
        self.rows.append((name, f"{value:,.3g}" if isinstance(value, float) else str(value), goal))

    def ms(self, name: str, seconds: float, goal: str = "") -> None:
        """Add a time."""
        self.rows.append((name, f"{seconds * 1000:,.0f} ms", goal))

    def load(self, outcomes: Sequence[Outcome]) -> None:
        """Add what a load saw."""
        for kind in ("stream", "request"):
            some = [outcome for outcome in outcomes if outcome.kind == kind]
            if some:
                self.note(f"{kind}s, of them failed", f"{len(some)}, {sum(not each.good for each in some)}")
                first = [each.first_s if kind == "stream" else each.took_s for each in some if each.good]
                what = "first token" if kind == "stream" else "latency"
                self.ms(f"{kind}: {what} p50", percentile(first, 0.5))
                self.ms(f"{kind}: {what} p99", percentile(first, 0.99))
                self.ms(f"{kind}: {what} worst", max(first, default=0.0))
        for why, times in failures(outcomes).most_common(8):
            self.note(f"  {why}", times)

    def show(self) -> None:
        """Write the table."""
        self.write(f"\n{self.title}")
        width = max((len(name) for name, _, _ in self.rows), default=0)
        for name, value, goal in self.rows:
            self.write(f"  {name:{width}}  {value:>14}{f'   goal {goal}' if goal else ''}")
