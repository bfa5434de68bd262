"""The report for a person: a table, what to do about each line that is not OK, and one line that sums up."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Sequence

from troupe.wire.doctor.findings import Finding, State, to_json

STATE_WIDTH = max(len(state) for state in State)
LINE_WIDTH = 118  # columns; what is longer goes on below itself
LEAST_WIDTH = 40  # columns of a reason, however long the names are
MS = 1e3


def tell(findings: Sequence[Finding], *, as_json: bool) -> int:
    """Print the findings; the exit status is 1 where something that is needed failed."""
    lines = [to_json(findings)] if as_json else table(findings)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 1 if any(finding.failed for finding in findings) else 0


def table(findings: Sequence[Finding]) -> Iterator[str]:
    """The lines, the last of which sums up."""
    part = max((len(finding.part) for finding in findings), default=0)
    name = max((len(finding.name) for finding in findings), default=0)
    for finding in findings:
        lead = f"{finding.state:{STATE_WIDTH}}  {finding.part:{part}}  {finding.name:{name}}  "
        yield from _wrapped(lead, _reason(finding))
        if finding.remedy:
            yield from _wrapped(" " * len(lead), f"do: {finding.remedy}")
    yield ""
    yield summary(findings)


def summary(findings: Sequence[Finding]) -> str:
    """How many of each, and whether that will do."""
    counts = ", ".join(f"{sum(each.state is state for each in findings)} {state}" for state in State)
    failed = [f"{each.part} {each.name}" for each in findings if each.failed]
    if failed:
        return f"{counts}. Needed, and not OK: {', '.join(failed)}."
    return f"{counts}. All that is needed works."


def _reason(finding: Finding) -> str:
    if finding.seconds is None:
        return finding.reason
    took = f"{finding.seconds:.1f} s" if finding.seconds >= 1 else f"{finding.seconds * MS:.1f} ms"
    return f"{finding.reason}, {took}"


def _wrapped(lead: str, text: str) -> list[str]:
    width = max(LINE_WIDTH, len(lead) + LEAST_WIDTH)
    wrapped = textwrap.wrap(
        text,
        width,
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapped or [lead.rstrip()]
