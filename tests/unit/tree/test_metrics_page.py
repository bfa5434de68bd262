"""docs/HTTP.md tells of every metric the parts have, and of none that is gone."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOURCES = ("protos/troupe/wire", "gateway/src", "svc-text/src", "svc-tts/src", "svc-video/src")
NO_METRICS = {"troupe_engine", "troupe_rung", "troupe_error"}  # keys of a log's line; the root of the errors' tree
ROW = re.compile(r"`((?:troupe)?_[a-z_]+)(?:\{[^}]*\})?`")


def made() -> set[str]:
    """Names in the sources; a counter's end, `_total`, is the exporter's."""
    files = [path for folder in SOURCES for path in (ROOT / folder).rglob("*.py")]
    named = {name for path in files for name in re.findall(r'"(troupe_[a-z_]+[a-z])"', path.read_text())}
    return {name.removesuffix("_total") for name in named} - NO_METRICS


def told() -> set[str]:
    """Names of the page; `_x` after `troupe_a_b` in a row is `troupe_a_x`."""
    names = set()
    for line in (ROOT / "docs/HTTP.md").read_text().splitlines():
        whole = ""
        for name in ROW.findall(line.split("|")[1] if line.startswith("| `troupe_") else line):
            whole = name if name.startswith("troupe_") else whole
            names.add(name if whole == name else "_".join(whole.split("_")[:2]) + name)
    return {name.removesuffix("_total") for name in names if name.startswith("troupe_")}


def test_the_page_and_the_parts_name_the_same_metrics() -> None:
    assert made() ^ told() == set()
