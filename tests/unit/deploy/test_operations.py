"""docs/OPERATIONS.md explains every alert, with what to do, and names only panels that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/OPERATIONS.md").read_text()
RULES = yaml.safe_load((ROOT / "deploy/prometheus/rules/troupe.yml").read_text())
ALERTS = [rule["alert"] for group in RULES["groups"] for rule in group["rules"]]
SECTIONS = dict(re.findall(r"^### (Troupe\w+)\n\n(.*?)(?=\n#|\Z)", PAGE, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_has_a_section_with_what_to_do(name: str) -> None:
    assert "`" in SECTIONS[name] or "[Scale](#scale)" in SECTIONS[name]


def test_no_section_is_of_an_alert_that_is_gone() -> None:
    assert list(SECTIONS) == ALERTS


def test_the_panels_it_names_exist() -> None:
    dashboard = json.loads((ROOT / "deploy/grafana/dashboards/troupe.json").read_text())
    titles = " | ".join(panel["title"].lower() for panel in dashboard["panels"])
    named = set(re.findall(r"(?<!\*)\*([A-Z][^*\n]+)\*(?!\*)", PAGE))
    assert named
    assert [name for name in named if name.lower() not in titles] == []


def test_what_it_looks_for_in_the_gateways_log_is_written_there() -> None:
    sources = "\n".join(path.read_text() for path in (ROOT / "gateway/src/gateway").rglob("*.py"))
    greps = re.findall(r"`docker compose logs gateway \| grep (?:-E )?\"([^\"]+)\"`", PAGE)
    phrases = {phrase for grep in greps for phrase in grep.split("|")}
    assert {" status=5", "broke off", "did not serve"} <= phrases
    assert [phrase for phrase in phrases if phrase.removesuffix("5") not in sources] == []
