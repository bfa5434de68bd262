"""The record without which no engine speaks with a cloned voice: who agreed to what, when, for which sample."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum

from troupe.wire.errors import InvalidArgument

MAX_SPEAKER, MAX_STATEMENT, MAX_SCOPE = 200, 2_000, 500  # characters
_CLOCK_SKEW_S = 86_400  # "today" may be tomorrow here

HOW = (
    "Record what the speaker agreed to: who they are and their statement (GiveConsent; over HTTP"
    " POST /voices/ID/consent), or clone again with it."
)
HOW_ON_AN_ENGINE = "It speaks as soon as an engine that clones is ready: xtts is one (docs/VOICES.md)."


class State(StrEnum):
    """What a cloned voice lacks before it may speak."""

    READY = "ready"
    AWAITING_CONSENT = "awaiting_consent"
    CONSENT_EXPIRED = "consent_expired"
    AWAITING_ENGINE = "awaiting_engine"


WHY = {
    State.READY: "",
    State.AWAITING_CONSENT: "the speaker's consent was not recorded; without it no engine may use the reference.",
    State.CONSENT_EXPIRED: "the speaker's consent has expired; no engine may use the reference any more.",
    State.AWAITING_ENGINE: "no engine of this service that clones is ready; the reference is kept for one that is.",
}
"""Why it cannot speak."""
REMEDY = {
    State.READY: "",
    State.AWAITING_CONSENT: HOW,
    State.CONSENT_EXPIRED: HOW,
    State.AWAITING_ENGINE: HOW_ON_AN_ENGINE,
}
"""What makes it speak."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a speaker agreed to."""

    speaker: str
    statement: str
    given_at_unix_s: int = 0
    scope: str = ""  # what the voice may be used for; empty = what the statement says
    expires_at_unix_s: int = 0  # 0 = it does not end
    # How it came here; filled in by the store.
    sample_sha256: str = ""  # the reference it was given for
    recorded_by: str = ""  # digest of the owner
    received_at_unix_s: int = 0

    def checked(self, now_s: float) -> Consent:
        """The same, tidied; raises `InvalidArgument` for half a consent, or one that is over or to come."""
        speaker, statement, scope = self.speaker.strip(), self.statement.strip(), self.scope.strip()
        if not (speaker and statement):
            raise InvalidArgument("A consent names the speaker and what they agreed to.", field="consent")
        for name, value, most in (
            ("speaker", speaker, MAX_SPEAKER),
            ("statement", statement, MAX_STATEMENT),
            ("scope", scope, MAX_SCOPE),
        ):
            if len(value) > most:
                raise InvalidArgument(f"The consent's {name} has at most {most} characters.", field=f"consent.{name}")
        given = self.given_at_unix_s or int(now_s)
        if not 0 < given <= now_s + _CLOCK_SKEW_S:
            raise InvalidArgument("A consent was given in the past, in Unix seconds.", field="consent.given_at_unix_s")
        if self.expires_at_unix_s and self.expires_at_unix_s <= now_s:
            raise InvalidArgument(
                "This consent has expired already. Send one that lasts, or 0 where it does not end.",
                field="consent.expires_at_unix_s",
            )
        return Consent(speaker, statement, given, scope, self.expires_at_unix_s)


def state_of(consent: Consent | None, sample_sha256: str, now_s: float | None = None) -> State:
    """How consent stands for that sample: `READY`, `AWAITING_CONSENT` or `CONSENT_EXPIRED`."""
    if consent is None or consent.sample_sha256 != sample_sha256:
        return State.AWAITING_CONSENT
    now_s = time.time() if now_s is None else now_s
    return State.CONSENT_EXPIRED if 0 < consent.expires_at_unix_s <= now_s else State.READY
