"""Which of a chat's tools may be called, and which must be."""

from __future__ import annotations

from collections.abc import Sequence

from svc_text.engine import Tool
from troupe.wire.errors import InvalidArgument

AUTO, NONE, REQUIRED = "auto", "none", "required"
MODES = (AUTO, NONE, REQUIRED)


def chosen(tools: Sequence[Tool], choice: str, *, named: bool) -> tuple[Sequence[Tool], str]:
    """The tools to show, and the choice: a mode or, where whoever is asked knows that (`named`), a tool's name.

    Where it does not, a tool that must be called is the only one it is shown. Raises `InvalidArgument` for a tool that
    is not there.
    """
    if choice in {"", *MODES}:
        return tools, choice or AUTO
    one = [tool for tool in tools if tool.name == choice]
    if not one:
        known = ", ".join(tool.name for tool in tools)
        raise InvalidArgument(f"tool_choice is {choice!r}; allowed: {', '.join(MODES)}, or one of {known}.")
    return (tools, choice) if named else (one, REQUIRED)
