"""The chart of docs/CAPACITY.md, in small."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from tests.bench.capacity import BUSY
from tests.bench.spread_chart import chance, draw, simulated

SVG = "{http://www.w3.org/2000/svg}"


def test_chance_is_all_replicas_with_their_mean() -> None:
    line = chance(1000)
    assert sum(line.counts) == pytest.approx(1000, rel=0.001)
    assert sum(calls * count for calls, count in enumerate(line.counts)) / 1000 == pytest.approx(BUSY, rel=0.005)
    assert line.busiest == 11


def test_one_gateway_that_sees_all_spreads_better_than_chance() -> None:
    line = simulated(1, replicas=40, seconds=3.0)
    assert sum(line.counts) == pytest.approx(40)
    assert line.busiest < chance(40).busiest


def test_the_picture_is_xml_with_a_line_for_each() -> None:
    drawn = ET.fromstring(draw([chance(1000), chance(1000)]))
    assert len(drawn.findall(f"{SVG}polyline")) == 2
    names = [text.text for text in drawn.findall(f"{SVG}text") if "busiest" in (text.text or "")]
    assert names == ["chance alone: the busiest replica holds 11.0"] * 2
