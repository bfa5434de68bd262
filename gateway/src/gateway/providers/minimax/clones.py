"""Whose a cloned voice is. One MiniMax account serves every key of the house, so the id itself names the owner.

A clone is kept at MiniMax as `<name>-<mark of the key>`: a restart forgets nothing, and a stranger's id is unknown.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Sequence

from troupe.v1.engine_pb2 import GENDER_NEUTRAL, Voice
from troupe.wire.errors import InvalidArgument, UnknownVoice

ID_RULE = re.compile(r"^[A-Za-z][A-Za-z0-9_-]{6,254}[A-Za-z0-9]$")
"""MiniMax's: 8 to 256 characters, a letter first, no - or _ at the end."""
MARK_CHARS = 12
_MARK = re.compile(r"-tr([0-9a-f]{12})$")


def mark(key_id: str) -> str:
    """The end of the ids that belong to a key."""
    return "-tr" + hashlib.sha256(b"troupe.minimax.clone:" + key_id.encode()).hexdigest()[:MARK_CHARS]


def is_clone(voice_id: str) -> bool:
    """Whether the house made it."""
    return bool(_MARK.search(voice_id))


def is_owned(voice_id: str, key_id: str) -> bool:
    """Whether it belongs to this key."""
    return voice_id.endswith(mark(key_id))


def new_id(wanted: str, key_id: str) -> str:
    """An id for a clone of this key. Raises `InvalidArgument` for what MiniMax would not take."""
    if wanted and is_clone(wanted) and is_owned(wanted, key_id):
        return wanted
    name = f"{wanted or 'voice-' + secrets.token_hex(6)}{mark(key_id)}"
    if is_clone(wanted) or not ID_RULE.match(name) or (wanted and not wanted[-1].isalnum()):
        raise InvalidArgument(
            f'voice_id "{wanted[:80]}" is not allowed: it begins with a letter, holds only A-Z, a-z, 0-9, - and _, '
            f"does not end with - or _, and has at most {256 - len(mark(''))} characters.",
            field="voice_id",
        )
    return name


def check_owner(voice_id: str, key_id: str) -> None:
    """Raise `UnknownVoice` for a stranger's clone."""
    if is_clone(voice_id) and not is_owned(voice_id, key_id):
        raise UnknownVoice(f'No voice "{voice_id[:80]}".')


def as_voice(voice_id: str, name: str = "", language: str = "") -> Voice:
    """A clone as the rung offers it; no system voice is of neutral gender, so none is mistaken for it."""
    return Voice(
        voice_id=voice_id,
        name=name or _MARK.sub("", voice_id),
        language=language,
        gender=GENDER_NEUTRAL,
        engine="minimax",
        cloned=True,
        usable=True,
    )


class Clones:
    """Clones that this process made and MiniMax has not listed yet: it lists a clone after its first use."""

    def __init__(self) -> None:
        self._unlisted: dict[str, Voice] = {}

    def add(self, voice: Voice) -> None:
        """One that was made now."""
        self._unlisted[voice.voice_id] = voice

    def remove(self, voice_id: str) -> None:
        """One that was deleted."""
        self._unlisted.pop(voice_id, None)

    def with_unlisted(self, listed: Iterable[Voice]) -> Sequence[Voice]:
        """What MiniMax lists, then what it will list."""
        seen = list(listed)
        for voice in seen:
            self.remove(voice.voice_id)
        return [*seen, *self._unlisted.values()]
