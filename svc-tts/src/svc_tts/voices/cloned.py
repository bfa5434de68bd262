"""A cloned voice: what is known of it, and voice.json, where that stands."""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from svc_tts.engine import Gender
from svc_tts.voices.consent import Consent, State, state_of
from troupe.wire.errors import InvalidArgument

MAX_NAME = 100  # characters
_GIVEN_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{6,254}[A-Za-z0-9]")  # MiniMax's rule
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{2,255}")  # as ids were before
_MADE_UP_ID = re.compile(r"clone-[0-9a-f]{32}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}")  # BCP 47, as far as voices need it

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClonedVoice:
    """A reference, and what is known of it. Times are Unix seconds."""

    voice_id: str
    name: str
    language: str = ""  # BCP 47
    consent: Consent | None = None
    seconds: float = 0.0
    sample_sha256: str = ""  # of reference.wav
    created_unix_s: int = 0
    gender: Gender = Gender.UNKNOWN  # by the height of the voice: which preset is nearest
    past_consents: tuple[Consent, ...] = field(default=())  # those that `consent` replaced, the oldest first

    @property
    def state(self) -> State:
        """How consent stands now; whether an engine is there is not looked at."""
        return state_of(self.consent, self.sample_sha256)

    def to_json(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """From what is kept, also by an older or newer version; raises `ValueError` or `TypeError`."""
        known = _known(cls, json.loads(text))
        consent = known.pop("consent", None)
        known["past_consents"] = tuple(Consent(**_known(Consent, past)) for past in known.get("past_consents", ()))
        known["gender"] = Gender(known.get("gender", ""))
        # Before consents named their sample they could only be given together with it.
        older = {"sample_sha256": known.get("sample_sha256", "")}
        return cls(**known, consent=Consent(**older | _known(Consent, consent)) if consent else None)


def read_manifest(path: Path) -> ClonedVoice | None:
    """What stands in a voice.json; None where there is none, or none that can be read, which the log says."""
    try:
        return ClonedVoice.from_json(path.read_text())
    except FileNotFoundError:
        return None  # it was deleted meanwhile
    except (ValueError, TypeError, KeyError) as error:
        log.warning("a voice cannot be read and is left aside: %s", path, exc_info=error)
        return None


def write_manifest(path: Path, voice: ClonedVoice) -> None:
    """Whole or not at all, and on the disk before it counts: a consent is not lost with the power."""
    aside = path.with_suffix(".new")
    with aside.open("w") as file:
        file.write(voice.to_json())
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def checked_id(voice_id: str) -> str:
    """An id a caller chose; raises `InvalidArgument`."""
    if not _GIVEN_ID.fullmatch(voice_id):
        raise InvalidArgument(
            "A voice id has 8 to 256 letters, digits, - and _, begins with a letter and does not end in - or _.",
            field="voice_id",
        )
    return voice_id


def is_id(voice_id: str) -> bool:
    """Whether a cloned voice may have that id."""
    return bool(_ID.fullmatch(voice_id))


def made_up_id() -> str:
    """An id that cannot be guessed."""
    return f"clone-{secrets.token_hex(16)}"


def is_made_up(voice_id: str) -> bool:
    """Whether `made_up_id` gave it: it was a cloned voice, though perhaps no longer or somebody else's."""
    return bool(_MADE_UP_ID.fullmatch(voice_id.lower()))


def checked_name(name: str) -> str:
    """A name with single spaces; raises `InvalidArgument`."""
    name = " ".join(name.split())
    if len(name) > MAX_NAME or not name.isprintable():
        raise InvalidArgument(f"A voice's name has at most {MAX_NAME} printable characters.", field="name")
    return name


def checked_language(language: str) -> str:
    """A language tag, or nothing; raises `InvalidArgument`."""
    if language and not _LANGUAGE.fullmatch(language):
        raise InvalidArgument('A language is a tag like "en" or "en-US".', field="language")
    return language


def _known(kind: type[Any], told: Any) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise TypeError("not an object")
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in told.items() if name in names}
