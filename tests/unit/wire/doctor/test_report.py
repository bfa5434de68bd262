from __future__ import annotations

import json

import pytest

from troupe.wire.doctor.findings import Finding, State
from troupe.wire.doctor.report import LINE_WIDTH, summary, table, tell

WORD = Finding("speech", "espeak", State.OK, "a word", seconds=0.0082)
FRAME = Finding("video", "sadtalker", State.OK, "a frame", seconds=12.34)
PORT = Finding("gateway", "port 8000", State.BROKEN, "taken by process 7", "Stop that process.", needed=True)


def test_columns_line_up_and_what_to_do_stands_below() -> None:
    assert list(table([WORD, FRAME, PORT]))[:4] == [
        "OK       speech   espeak     a word, 8.2 ms",
        "OK       video    sadtalker  a frame, 12.3 s",
        "broken   gateway  port 8000  taken by process 7",
        "                             do: Stop that process.",
    ]


def test_the_last_line_sums_up() -> None:
    assert list(table([WORD, PORT]))[-1] == "1 OK, 0 missing, 1 broken. Needed, and not OK: gateway port 8000."
    assert summary([WORD]) == "1 OK, 0 missing, 0 broken. All that is needed works."
    assert summary([]) == "0 OK, 0 missing, 0 broken. All that is needed works."


def test_long_reasons_go_on_below_themselves_and_no_word_is_cut() -> None:
    path = "/a/very/long/path/" + "x" * 150
    lines = list(table([Finding("text", "vllm", State.MISSING, f"{'word ' * 60}{path}")]))
    first = lines[0].index("word")
    assert all(line[:first].strip() == "" for line in lines[1:-2])
    assert all(len(line) <= LINE_WIDTH for line in lines if path not in line)
    assert sum(path in line for line in lines) == 1


def test_a_finding_without_a_reason_is_its_name() -> None:
    assert next(table([Finding("text", "libgomp1", State.OK)])) == "OK       text  libgomp1"


@pytest.mark.parametrize(("findings", "status"), [([WORD], 0), ([WORD, PORT], 1)])
def test_the_status_and_one_line_of_json(
    findings: list[Finding], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tell(findings, as_json=True) == status
    (line,) = capsys.readouterr().out.splitlines()
    assert [row["name"] for row in json.loads(line)] == [finding.name for finding in findings]
    assert tell(findings, as_json=False) == status
    assert "OK       speech" in capsys.readouterr().out
