import pytest

from gateway.routing.verdict import Blame, Verdict, blame, judge
from troupe.wire.errors import (
    AllRungsFailed,
    Cancelled,
    CannotConnect,
    DeadlineExceeded,
    Draining,
    EngineFailed,
    EngineMissing,
    Internal,
    NoFace,
    Overloaded,
    QuotaExceeded,
    RateLimited,
    StreamBroken,
    Unauthenticated,
    UnsupportedLanguage,
)


def test_the_verdicts() -> None:
    assert {judge(error("x")) for error in (NoFace, Cancelled)} == {Verdict.CALLERS}
    assert {judge(error("x")) for error in (UnsupportedLanguage, EngineMissing)} == {Verdict.SKIPPED}
    failed = (CannotConnect, Overloaded, AllRungsFailed, Unauthenticated, RateLimited, QuotaExceeded)
    assert {judge(error("x")) for error in failed} == {Verdict.FAILED}


@pytest.mark.parametrize(
    ("error", "whose"),
    [
        (CannotConnect("refused"), Blame.ADDRESS),
        (Draining("going"), Blame.ADDRESS),
        (StreamBroken("cut", lost="connection"), Blame.ADDRESS),
        (StreamBroken("ended early"), Blame.ENGINE),
        (EngineFailed("broke"), Blame.ENGINE),
        (Internal("defect"), Blame.ENGINE),
        (DeadlineExceeded("late"), Blame.ENGINE),
        (Overloaded("full"), Blame.NOBODY),
        (RateLimited("slow down"), Blame.NOBODY),
        (NoFace("none"), Blame.NOBODY),
        (Cancelled("left"), Blame.NOBODY),
        (UnsupportedLanguage("no"), Blame.NOBODY),
    ],
)
def test_who_is_to_blame(error, whose) -> None:
    assert blame(error) is whose
