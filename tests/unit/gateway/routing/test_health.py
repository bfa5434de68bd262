from gateway.routing.health import COOL_DOWN_S, CallHealth
from gateway.routing.rung import Outcome
from gateway.routing.verdict import Verdict, judge
from troupe.wire.errors import (
    AllRungsFailed,
    Cancelled,
    CannotConnect,
    EngineFailed,
    EngineMissing,
    NoFace,
    Overloaded,
    UnsupportedLanguage,
)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_failure_cools_a_rung_down_for_a_moment() -> None:
    clock = Clock()
    health = CallHealth(clock)
    assert health.trouble() is None
    health.report(Outcome(CannotConnect("gone")))
    clock.now += 0.5
    assert health.trouble() == "it failed 0.5 s ago: gone"
    clock.now += COOL_DOWN_S
    assert health.trouble() is None


def test_a_good_end_clears_it_at_once() -> None:
    health = CallHealth(Clock())
    health.report(Outcome(EngineFailed("broke")))
    health.report(Outcome())
    assert health.trouble() is None


def test_what_is_not_the_rungs_fault_leaves_it_healthy() -> None:
    health = CallHealth(Clock())
    for error in (NoFace("none"), Cancelled("left"), UnsupportedLanguage("no")):
        health.report(Outcome(error))
    assert health.trouble() is None


def test_the_verdicts() -> None:
    assert {judge(error("x")) for error in (NoFace, Cancelled)} == {Verdict.CALLERS}
    assert {judge(error("x")) for error in (UnsupportedLanguage, EngineMissing)} == {Verdict.SKIPPED}
    assert {judge(error("x")) for error in (CannotConnect, Overloaded, AllRungsFailed)} == {Verdict.FAILED}
