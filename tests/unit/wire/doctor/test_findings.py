from __future__ import annotations

import pytest

from troupe.wire.doctor.findings import Finding, State, from_json, to_json, weigh


def engine(name: str, state: State) -> Finding:
    return Finding("speech", name, state)


def needed(*engines: Finding, chosen: str, optional: tuple[str, ...] = ()) -> set[str]:
    return {each.name for each in weigh(engines, chosen.split(), optional) if each.needed}


XTTS, PIPER, FLITE = (engine(name, State.MISSING) for name in ("xtts", "piper", "flite"))
READY, TONE = engine("flite", State.OK), engine("tone", State.OK)


def test_findings_go_through_json_and_come_back() -> None:
    findings = [
        Finding("text", "vllm", State.BROKEN, "no memory", "free some", needed=True),
        Finding("a", "b", State.OK),
    ]
    assert from_json(to_json(findings)) == findings
    assert "\n" not in to_json(findings)


@pytest.mark.parametrize("line", ["", "nonsense", "{}x", "[1]", '[{"state": "OK"}]', '[{"state": "fine"}]', "3"])
def test_anything_else_is_a_value_error(line: str) -> None:
    with pytest.raises(ValueError, match=r"findings|Expecting|Extra data|valid State"):
        from_json(line)


def test_one_missing_engine_does_not_matter_while_another_is_ready() -> None:
    assert needed(XTTS, READY, chosen="xtts flite") == set()


def test_where_none_is_ready_each_that_was_chosen_is_needed() -> None:
    assert needed(XTTS, PIPER, FLITE, chosen="xtts flite") == {"xtts", "flite"}


def test_one_that_is_for_tests_serves_nobody_unless_it_alone_was_chosen() -> None:
    assert needed(XTTS, TONE, chosen="xtts tone") == {"xtts"}
    assert needed(TONE, chosen="tone") == set()


def test_a_broken_one_that_was_chosen_is_needed_and_others_are_not() -> None:
    broken = engine("xtts", State.BROKEN)
    assert needed(broken, READY, chosen="xtts flite") == {"xtts"}
    assert needed(broken, READY, chosen="flite") == set()
    assert needed(broken, READY, chosen="xtts flite", optional=("xtts",)) == set()


def test_only_what_is_needed_and_not_ok_fails() -> None:
    states = [(state, need) for state in State for need in (True, False)]
    failed = [(state, need) for state, need in states if Finding("a", "b", state, needed=need).failed]
    assert failed == [(State.MISSING, True), (State.BROKEN, True)]
