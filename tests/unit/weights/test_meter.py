from __future__ import annotations

import io

import pytest

from troupe.weights.meter import Meter, amount


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_log_gets_a_line_every_few_seconds() -> None:
    out, clock = io.StringIO(), Clock()
    meter = Meter(out, clock)
    meter.begin("Fetching x", 0, 100_000_000)
    for tenth in range(1, 121):
        clock.now = 100.0 + tenth / 10
        meter.reach(tenth * 500_000)
    meter.end()
    lines = out.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[0] == "Fetching x   0 %  0 MB of 100 MB"
    assert lines[1] == "Fetching x  25 %  25 MB of 100 MB  5.0 MB/s  0:15 to go"
    assert "\r" not in out.getvalue()


def test_a_terminal_gets_a_bar_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    out, clock = Terminal(), Clock()
    meter = Meter(out, clock)
    meter.begin("Fetching x", 50_000_000, 100_000_000)
    for step in range(1, 501):
        clock.now = 100.0 + step / 100
        meter.reach(50_000_000 + step * 100_000)
    meter.say("done")
    drawn = out.getvalue().split("\r")
    assert 40 <= len(drawn) <= 60
    assert "[############............]" in drawn[1]
    assert "[########################] 100 %  100 MB of 100 MB  10.0 MB/s  in 0:05" in drawn[-1]
    assert out.getvalue().endswith("\033[K\ndone\n")
    assert out.getvalue().count("\n") == 2


def test_a_narrow_terminal_never_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    for columns, bar in ((120, True), (79, False), (20, False)):
        monkeypatch.setenv("COLUMNS", str(columns))
        out, clock = Terminal(), Clock()
        meter = Meter(out, clock)
        meter.begin("Fetching llama-3.2-3b.gguf", 0, 2_019_377_696)
        clock.now += 10
        meter.reach(100_000_000)
        last = out.getvalue().rpartition("\r")[2].removesuffix("\033[K")
        assert len(last) < columns
        assert ("[#" in last) == bar


def test_the_rate_is_that_of_this_run() -> None:
    out, clock = io.StringIO(), Clock()
    meter = Meter(out, clock)
    meter.begin("x", 90_000_000, 100_000_000)
    clock.now += 6
    meter.reach(91_200_000)
    assert "0.2 MB/s  0:44 to go" in out.getvalue()


def test_a_long_way_is_told_in_hours() -> None:
    out, clock = io.StringIO(), Clock()
    meter = Meter(out, clock)
    meter.begin("x", 0, 5_000_000_000)
    clock.now += 10
    meter.reach(5_000_000)
    assert "2 h 46 min to go" in out.getvalue()


def test_nothing_at_all_is_no_division_by_zero() -> None:
    out = io.StringIO()
    Meter(out).begin("x", 0, 0)
    assert "0 %" in out.getvalue()


def test_amounts() -> None:
    assert (amount(491_400_032), amount(4_920_739_232), amount(0)) == ("491 MB", "4.92 GB", "0 MB")
