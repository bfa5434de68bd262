"""The one voice table: an id -> language, gender and the voice each engine gives it.

The seed's ten ids and MiniMax's system voice ids resolve from day one, whatever engine serves: where an engine has no
voice of that id, the nearest one of the same language and gender speaks, and that is said (`voice_substituted`).
Ids are told apart without regard to case. Cloned voices stand in no table: they belong to a key (scenes/clones.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.minimax_voices import MINIMAX_VOICES
from gateway.routing.capability import primary
from troupe.v1.engine_pb2 import (
    GENDER_FEMALE,
    GENDER_MALE,
    GENDER_NEUTRAL,
    GENDER_UNSPECIFIED,
    VOICE_STATE_UNSPECIFIED,
    EngineInfo,
    Gender,
    VoiceState,
)
from troupe.v1.engine_pb2 import Voice as WireVoice
from troupe.wire.errors import UnknownVoice, nearest

GENDERS: Mapping[str, Gender] = {"female": GENDER_FEMALE, "male": GENDER_MALE, "neutral": GENDER_NEUTRAL}
GENDER_NAMES: Mapping[Gender, str] = {gender: name for name, gender in GENDERS.items()}

MAX_SAID = 80
"""Characters of an unknown id that an error repeats."""

# id, name, language, gender: the seed's table
SEED_VOICES = (
    ("en-US-AriaNeural", "Aria", "en-US", "female"),
    ("en-US-GuyNeural", "Guy", "en-US", "male"),
    ("en-US-JennyNeural", "Jenny", "en-US", "female"),
    ("en-GB-SoniaNeural", "Sonia", "en-GB", "female"),
    ("en-GB-RyanNeural", "Ryan", "en-GB", "male"),
    ("zh-CN-XiaoxiaoNeural", "Xiaoxiao", "zh-CN", "female"),
    ("zh-CN-YunxiNeural", "Yunxi", "zh-CN", "male"),
    ("ja-JP-NanamiNeural", "Nanami", "ja-JP", "female"),
    ("es-ES-ElviraNeural", "Elvira", "es-ES", "female"),
    ("fr-FR-DeniseNeural", "Denise", "fr-FR", "female"),
)


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice as callers know it."""

    voice_id: str
    name: str
    language: str  # BCP 47
    gender: Gender = GENDER_UNSPECIFIED
    source: str = "troupe"  # whose id it is: "edge" (the seed's), "minimax", or the engine that has it
    engines: Mapping[str, str] = field(default_factory=dict)  # engine -> the id it knows the voice by
    cloned: bool = False
    # Of a cloned voice: `engines` are those of the service that keeps it, these are those that can speak with it.
    speakers: frozenset[str] = frozenset()
    state: VoiceState = VOICE_STATE_UNSPECIFIED
    created_at: int = 0  # Unix seconds


@dataclass(frozen=True, slots=True)
class Casting:
    """Which of an engine's voices speaks; an empty id leaves the choice to the engine."""

    voice_id: str
    substituted: bool


class VoiceTable:
    """The table, and what the engines say they have."""

    def __init__(self, voices: Iterable[Voice] | None = None) -> None:
        self._voices = {voice.voice_id.casefold(): voice for voice in (voices if voices is not None else built_in())}

    def __iter__(self) -> Iterator[Voice]:
        """The table's own voices."""
        return iter(self._voices.values())

    def all(self, infos: Iterable[EngineInfo]) -> list[Voice]:
        """The table's voices, then the engines' own. No clones: those are for their owners to see."""
        return list(self._everything(infos).values())

    def find(self, voice_id: str, language: str, infos: Sequence[EngineInfo]) -> Voice | None:
        """The voice of that id; without one, the engine's own choice; None = neither the table nor an engine has it."""
        if not voice_id:
            # Nothing was asked for, so nothing is substituted: each engine's default is its clearest voice.
            return Voice(voice_id="", name="", language=language)
        key = voice_id.casefold()
        return self._voices.get(key) or self._everything(infos).get(key)

    def unknown(
        self, voice_id: str, infos: Iterable[EngineInfo], own: Iterable[str] = (), why: str = ""
    ) -> UnknownVoice:
        """The error for an id that nobody has; it names the nearest of all voices and of the caller's `own` ids."""
        ids = [*(voice.voice_id for voice in self.all(infos)), *own]
        asked = voice_id[:MAX_SAID]
        return UnknownVoice(
            f'No voice "{asked}".{nearest(asked, ids)} GET /api/voices lists them.{why}', voice_id=asked
        )

    def _everything(self, infos: Iterable[EngineInfo]) -> dict[str, Voice]:
        everything = dict(self._voices)
        for info in infos:
            for voice in info.voices:
                if not voice.cloned:
                    everything.setdefault(voice.voice_id.casefold(), from_wire(voice, info.name))
        return everything


def cast(voice: Voice, language: str, info: EngineInfo | None) -> Casting:
    """The voice of this engine that speaks for `voice`: its own, else the nearest by language and gender."""
    if info is None or not voice.voice_id:
        return Casting(voice.voice_id, substituted=False)
    theirs = {each.voice_id: each for each in info.voices if each.usable or not each.why}
    known_as = voice.engines.get(info.name, voice.voice_id)
    keeps_it = info.name in voice.engines if voice.cloned else not theirs
    if keeps_it or known_as in theirs:
        return Casting(known_as, substituted=False)
    others = [each for each in theirs.values() if not each.cloned]  # a clone is somebody's own
    if not others:
        return Casting("", substituted=True)
    best = max(others, key=lambda each: _likeness(each, voice, language))
    return Casting(best.voice_id, substituted=True)


def _likeness(candidate: WireVoice, voice: Voice, language: str) -> tuple[bool, bool, bool]:
    wanted = language or voice.language
    return (
        primary(candidate.language) == primary(wanted),
        candidate.gender == voice.gender,
        candidate.language.casefold() == wanted.casefold(),
    )


def from_wire(voice: WireVoice, engine: str) -> Voice:
    """A voice that an engine has of its own."""
    return Voice(voice.voice_id, voice.name or voice.voice_id, voice.language, voice.gender, engine)


def built_in() -> list[Voice]:
    """The seed's voices and MiniMax's system voices."""
    seed = [
        Voice(voice_id, name, language, GENDERS[gender], "edge", {"edge": voice_id})
        for voice_id, name, language, gender in SEED_VOICES
    ]
    system = [
        Voice(voice_id, name, language, GENDERS[gender], "minimax", {"minimax": voice_id})
        for voice_id, name, language, gender in MINIMAX_VOICES
    ]
    return seed + system
