"""Alert rules and scrape configurations, judged by promtool: `make test-monitoring`."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.monitoring.rules import BY_NUMBERS, DEPLOY, RULES, alerts, hastened

from troupe.wire.errors import TABLE, NotSupported


def promtool(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = ["promtool", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)


def test_the_rules_and_what_is_scraped_are_well_formed() -> None:
    done = promtool("check", "config", DEPLOY / "prometheus/prometheus.yml")
    assert done.returncode == 0, done.stderr
    assert f"{len(alerts())} rules found" in done.stdout


def test_every_alert_is_quiet_fires_and_is_quiet_again() -> None:
    done = promtool("test", "rules", BY_NUMBERS)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", [rule["alert"] for rule in alerts()])
def test_those_numbers_notice_a_rule_that_never_fires(name: str, tmp_path: Path) -> None:
    text = RULES.read_text()
    before, _, after = text.partition(f"- alert: {name}\n        expr: ")
    first, _, rest = after.partition("\n")
    assert first, name
    lines = rest if first != ">-" else "\n".join(rest.split("\n")[2:])
    (tmp_path / "rules").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "rules/troupe.yml").write_text(f"{before}- alert: {name}\n        expr: vector(1) > 2\n{lines}")
    by_numbers = yaml.safe_load(BY_NUMBERS.read_text())
    by_numbers["tests"] = [each for each in by_numbers["tests"] if each["name"] == name]
    (tmp_path / "tests/troupe.yml").write_text(yaml.safe_dump(by_numbers))
    done = promtool("test", "rules", tmp_path / "tests/troupe.yml")
    assert done.returncode != 0
    assert name in done.stdout + done.stderr


def test_grpc_errors_are_those_that_are_no_callers_fault() -> None:
    (rule,) = (rule for rule in alerts() if rule["alert"] == "TroupeGrpcErrors")
    ours = {leaf.code for leaf, row in TABLE.items() if row.http >= 500} - {NotSupported.code}
    assert set(re.search(r'code=~"([^"]+)"', rule["expr"])[1].split("|")) == ours


def test_the_hastened_rules_are_the_same_but_for_time(tmp_path: Path) -> None:
    (tmp_path / "fast.yml").write_text(hastened(RULES.read_text()))
    assert promtool("check", "rules", tmp_path / "fast.yml").returncode == 0
    assert [rule["alert"] for rule in alerts(tmp_path / "fast.yml")] == [rule["alert"] for rule in alerts()]
    assert all(rule.get("for", "0s") == "0s" for rule in alerts(tmp_path / "fast.yml"))
