import pytest

from gateway.providers.minimax import faults
from gateway.providers.minimax.faults import RULES, Scope
from gateway.routing.verdict import Verdict, judge
from troupe.wire.errors import AccessError, BodyTooLarge, EngineFailed, InvalidArgument, Overloaded, row

NOTES = (
    1000, 1001, 1002, 1004, 1008, 1013, 1024, 1026, 1027, 1033, 1039, 1041, 1042, 1043, 1044, 2013, 20132, 2037, 2038,
    2039, 2042, 2045, 2048, 2049, 2056, 2061,
)  # fmt: skip


@pytest.mark.parametrize("code", [*NOTES, 4711])
def test_every_code_has_a_leaf_a_sentence_and_a_next_step(code):
    error = faults.of_base(code, "said so")
    assert not isinstance(error, AccessError)  # it is not the caller's key that MiniMax refused
    assert error.message.endswith(f"(code {code}: said so).")
    assert error.details["minimax_code"] == str(code)
    assert row(error).http >= 400


@pytest.mark.parametrize("code", [1026, 1027, 1042, 1043, 1044, 2013, 2037, 2039, 2048])
def test_what_the_caller_can_mend(code):
    assert judge(faults.of_base(code, "")) is Verdict.CALLERS


@pytest.mark.parametrize(
    "code", [1000, 1001, 1002, 1004, 1008, 1013, 1024, 1033, 1039, 1041, 2045, 2049, 2056, 2061, 9]
)
def test_what_another_rung_may_serve(code):
    assert judge(faults.of_base(code, "")) is Verdict.FAILED


@pytest.mark.parametrize("code", [1002, 1039, 1041, 2045])
def test_limits_pause_the_rung(code):
    error = faults.of_base(code, "", retry_after_s=30)
    assert isinstance(error, Overloaded)
    assert error.retry_after_s == 30
    assert RULES[code].scope is Scope.RUNG


@pytest.mark.parametrize("code", [1004, 1008, 2049, 2056])
def test_what_concerns_the_account_pauses_all_of_it_for_minutes(code):
    assert RULES[code].scope is Scope.ACCOUNT
    assert RULES[code].pause_s >= 300
    assert faults.rule_of(faults.of_base(code, "")) is RULES[code]


@pytest.mark.parametrize(
    ("status", "leaf", "scope"),
    [
        (400, InvalidArgument, Scope.NOBODY), (401, EngineFailed, Scope.ACCOUNT), (402, EngineFailed, Scope.ACCOUNT),
        (403, EngineFailed, Scope.ACCOUNT), (404, EngineFailed, Scope.NOBODY), (408, EngineFailed, Scope.NOBODY),
        (413, BodyTooLarge, Scope.NOBODY), (422, InvalidArgument, Scope.NOBODY), (429, Overloaded, Scope.RUNG),
        (500, EngineFailed, Scope.NOBODY), (502, EngineFailed, Scope.NOBODY), (503, Overloaded, Scope.RUNG),
        (529, Overloaded, Scope.RUNG), (302, EngineFailed, Scope.NOBODY),
    ],
)  # fmt: skip
def test_http_statuses(status, leaf, scope):
    error = faults.of_http(status, "")
    assert type(error) is leaf
    rule = faults.rule_of(error)
    assert (rule.scope if rule else Scope.NOBODY) is scope


def test_a_native_code_inside_says_more_than_the_status():
    assert type(faults.of_http(400, "rate limit (1002)")) is Overloaded
    assert type(faults.of_http(500, "invalid params (2013)")) is InvalidArgument
    assert type(faults.of_http(500, "about (99999)")) is EngineFailed


def test_what_minimax_says_is_short_and_on_one_line():
    said = faults.printable("a\nb\x00c\u202e" + "x" * 1000)
    assert "\n" not in said
    assert "\u202e" not in said
    assert len(said) <= 201
