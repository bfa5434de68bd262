from __future__ import annotations

import pytest

from svc_tts.voices.consent import Consent, State, state_of
from troupe.wire.errors import InvalidArgument

NOW = 1_800_000_000.0


def test_a_consent_is_tidied_and_dated() -> None:
    told = Consent(" Ada ", " I agree. ", scope=" audiobooks ").checked(NOW)
    assert told == Consent("Ada", "I agree.", int(NOW), "audiobooks")


@pytest.mark.parametrize(
    ("consent", "words"),
    [
        (Consent("", "I agree"), "names the speaker"),
        (Consent("Ada", "  "), "names the speaker"),
        (Consent("A" * 201, "I agree"), "speaker has at most 200"),
        (Consent("Ada", "x" * 2001), "statement has at most 2000"),
        (Consent("Ada", "I agree", scope="x" * 501), "scope has at most 500"),
        (Consent("Ada", "I agree", int(NOW) + 200_000), "in the past"),
        (Consent("Ada", "I agree", -5), "in the past"),
        (Consent("Ada", "I agree", expires_at_unix_s=int(NOW) - 1), "expired already"),
    ],
)
def test_what_is_wrong_with_a_consent_is_told(consent: Consent, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        consent.checked(NOW)


def test_consent_is_for_one_sample_and_a_time() -> None:
    consent = Consent("Ada", "I agree", 5, expires_at_unix_s=100, sample_sha256="aa")
    assert state_of(None, "aa") is State.AWAITING_CONSENT
    assert state_of(consent, "bb", 50) is State.AWAITING_CONSENT
    assert state_of(consent, "aa", 99) is State.READY
    assert state_of(consent, "aa", 100) is State.CONSENT_EXPIRED
    assert state_of(Consent("Ada", "I agree", 5, sample_sha256="aa"), "aa", 1e12) is State.READY
