"""What docs/CAPACITY.md calls measured stands in docs/BENCHMARKS.md, and its arithmetic is right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

DOCS = Path(__file__).parents[3] / "docs"
PAGE, BENCHMARKS = ((DOCS / name).read_text() for name in ("CAPACITY.md", "BENCHMARKS.md"))
A100 = yaml.safe_load((DOCS.parent / "deploy/hardware/a100.yaml").read_text().replace("!override", ""))
CARD, WEIGHTS, TOKEN = 80e9, 40e9, 320 * 1024  # bytes: the card, Llama 3.1 70B in 4 bits, the cache of a token
CHAT = 2000  # tokens

MEASURED = (
    ("160.8 fps alone", r"\| fps \| 160\.8 \|"),
    ("4 streams took 67 % of one core", r"4 live streams .* server 67 % of the core"),
    ("62 times real time", r"\| flite .*\| 62 \|"),
    ("30 times real time", r"\| piper, random weights, 256 channels .*\| 30 \|"),
    ("real-time factor 1.33", r"real-time factor of one stream .*; 1\.33 \|"),
    ("first token 9 ms", r"first token / first sound \| 9 /"),
    ("take 3.0 µs of a core per delta", r"the gateway's providers .*\| 3\.0 "),
    ("44 µs with `TROUPE_TEXT_CONNECT=0`", r"the gateway's providers .*\| 44 "),
    ("214 MB, 252 MB with four live streams", r"PSS with the four \| 252 MB"),
    ("0.56 GB resident", r"0\.56 GB resident"),
)


@pytest.mark.parametrize(("told", "row"), MEASURED)
def test_what_it_calls_measured_is_a_row_of_the_benchmarks(told: str, row: str) -> None:
    assert told in PAGE
    assert re.search(row, BENCHMARKS)


def test_one_card_for_all_is_computed_from_the_share_that_compose_sets() -> None:
    environment = A100["services"]["svc-text"]["environment"]
    share = float(re.search(r":-([\d.]+)\}", environment["TROUPE_TEXT_VLLM_MEMORY_SHARE"])[1])
    tokens, chats = (
        int(each.replace(",", "")) for each in re.search(r"stay: ([\d,]+) tokens, (\d+) chats", PAGE).groups()
    )
    assert f"`TROUPE_TEXT_VLLM_MEMORY_SHARE={share}`" in PAGE
    assert tokens == pytest.approx((share * CARD - WEIGHTS) / TOKEN, rel=0.01)
    assert chats == tokens // CHAT


def test_the_costs_follow_from_the_streams() -> None:
    rows = dict(re.findall(r"^\| ([^|]+?) \| [^|]+ \| (\$[^|]+?) \|$", PAGE, re.MULTILINE))
    assert rows["processors only: `portrait`, `flite`, `extractive`"].startswith(f"${0.04 * (1 / 4 + 1 / 60):.3f}")
    assert rows["the same for a script made before it is played"] == f"${0.04 * (1 / 6.4 + 1 / 62):.3f}"
    assert rows["one A100 with `sadtalker` alone"].startswith(f"${2 / 5:.2f} to ${2 / 3:.2f}")
    assert rows["a Llama of 70 B on an A100, full"] == f"${2 / 47:.2f}"
