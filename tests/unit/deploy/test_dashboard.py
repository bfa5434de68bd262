"""The dashboard is what its table says, its panels do not overlap, and its queries are of metrics that there are."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy/grafana"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "dashboards/troupe.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
ASKED = (  # what the dashboard has to show
    *("Requests", "First token", "First audio", "First frame", "real-time factor", "frames per second"),
    *("Queue", "Fallbacks", "Breakers", "GPU memory", "gateway's own part"),
)


def test_it_is_current() -> None:
    program = f"import runpy; print(runpy.run_path({str(ROOT / 'tools/dashboard.py')!r})['render'](), end='')"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert json.loads(told.stdout) == DASHBOARD, "run `make dashboard`"


def test_all_that_was_asked_for_is_shown() -> None:
    titles = " | ".join(panel["title"] for panel in PANELS)
    assert [words for words in ASKED if words not in titles] == []


def test_panels_have_places_of_their_own() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    for one, other in combinations([panel["gridPos"] for panel in DASHBOARD["panels"]], 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)
        assert one["x"] + one["w"] <= 24


def test_every_metric_of_the_queries_is_one_that_a_part_has() -> None:
    told = "\n".join(target["expr"] for panel in PANELS for target in panel["targets"])
    named = {re.sub(r"_(bucket|total)$", "", name) for name in re.findall(r"\btroupe_\w+", told)}
    folders = ("protos/troupe/wire", "gateway/src", "svc-text/src", "svc-tts/src", "svc-video/src")
    sources = "\n".join(path.read_text() for folder in folders for path in (ROOT / folder).rglob("*.py"))
    assert {name for name in named if f'"{name}"' not in sources and f'"{name}_total"' not in sources} == set()


def test_grafana_is_given_the_source_that_the_panels_ask() -> None:
    (source,) = yaml.safe_load((FOLDER / "provisioning/datasources/prometheus.yml").read_text())["datasources"]
    assert {panel["datasource"]["uid"] for panel in PANELS} == {source["uid"]}
    (provider,) = yaml.safe_load((FOLDER / "provisioning/dashboards/troupe.yml").read_text())["providers"]
    assert provider["type"] == "file"
