"""The alert rules of deploy/prometheus, and the same rules for tests that cannot wait for minutes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus/rules/troupe.yml"
BY_NUMBERS = DEPLOY / "prometheus/tests/troupe.yml"
WINDOW_S = 8
"""In place of every window of minutes; sixteen scrapes of the tests."""
RESTARTS_S = 30
"""Three starts of a process take longer."""


def alerts(path: Path = RULES) -> list[dict[str, Any]]:
    """Every alert, as it is written."""
    groups = yaml.safe_load(path.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def hastened(text: str) -> str:
    """The same rules, with windows of seconds and no wait before an alert fires: the expressions stay."""
    text = text.replace("[15m]", f"[{RESTARTS_S}s]")
    text = re.sub(r"\[\d+m\]", f"[{WINDOW_S}s]", text)
    return re.sub(r"^( +for:) \d+m$", r"\1 0s", text, flags=re.MULTILINE)
