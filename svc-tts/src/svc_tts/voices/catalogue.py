"""Which voice of an engine speaks for the voice that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from svc_tts.engine import Engine, EngineFacts, EngineVoice, Gender
from svc_tts.frontend.language import base
from svc_tts.voices.seed import SEED_VOICES
from svc_tts.voices.store import ClonedVoice, VoiceStore
from troupe.wire.errors import UnknownVoice, UnsupportedLanguage, VoiceUnusable, nearest

_GENDER_WEIGHT, _REGION_WEIGHT = 2, 1  # a woman's voice with another accent is nearer than a man's


@dataclass(frozen=True, slots=True)
class VoiceWish:
    """What a caller asked for."""

    voice_id: str = ""
    language: str = ""  # BCP 47; empty = the voice's own
    gender: Gender = Gender.UNKNOWN
    owner: str = ""
    allow_substitute: bool = False


@dataclass(frozen=True, slots=True)
class Casting:
    """Who speaks, in which language, and whether for somebody else."""

    voice: EngineVoice
    language: str
    substituted: bool = False


class Catalogue:
    """All voices that this service knows."""

    def __init__(self, engines: Mapping[str, Engine], store: VoiceStore) -> None:
        self._engines = engines  # asked each time: voices come and go
        self._store = store

    def voices_of(self, engine: str) -> tuple[EngineVoice, ...]:
        """That engine's own voices, as they are now."""
        return self._engines[engine].voices() if engine in self._engines else ()

    def language_of(self, wish: VoiceWish) -> str:
        """The language that the wish itself tells; empty where only the text can."""
        if wish.language:
            return wish.language
        known = self._known().get(wish.voice_id.casefold())
        if known is not None:
            return known.language
        cloned = self._store.find(wish.owner, wish.voice_id) if wish.voice_id else None
        return cloned.language if cloned else ""

    def cast(self, engine: str, wish: VoiceWish, language: str) -> Casting:
        """The voice of `engine` for that wish; raises `UnknownVoice`, `VoiceUnusable` or `UnsupportedLanguage`."""
        own = {voice.voice_id.casefold(): voice for voice in self.voices_of(engine)}
        if not wish.voice_id:
            return Casting(self._nearest(engine, language, wish.gender), language)
        asked = own.get(wish.voice_id.casefold())
        if asked is not None and self._reads(engine, asked, language):
            return Casting(asked, language)
        gender = self._stand_in_gender(wish)
        return Casting(self._nearest(engine, language, gender), language, substituted=True)

    def _known(self) -> dict[str, EngineVoice]:
        """Every voice that is nobody's own, by its id whatever the case."""
        engines = (voice for name in self._engines for voice in self.voices_of(name))
        return {voice.voice_id.casefold(): voice for voice in (*SEED_VOICES, *engines)}

    def _stand_in_gender(self, wish: VoiceWish) -> Gender:
        """The gender another voice must have to stand in for the one wished; raises where none may."""
        known = self._known().get(wish.voice_id.casefold())
        if known is not None:
            return known.gender
        cloned = self._store.find(wish.owner, wish.voice_id)
        if cloned is not None:
            return _stand_in_for_clone(cloned, wish)
        if wish.language and wish.gender:
            return wish.gender  # the caller knows the voice even if we do not
        hint = nearest(wish.voice_id, [voice.voice_id for voice in self._known().values()])
        raise UnknownVoice(
            f'No voice "{wish.voice_id}".{hint} The list of voices has them all.', voice_id=wish.voice_id
        )

    def _nearest(self, engine: str, language: str, gender: Gender) -> EngineVoice:
        voices = self.voices_of(engine)
        same = [voice for voice in voices if self._reads(engine, voice, language)]
        if not same:
            languages = [voice.language for voice in voices if voice.language] or self._engines[engine].facts.languages
            spoken = ", ".join(dict.fromkeys(languages))
            raise UnsupportedLanguage(
                f'{engine} has no voice for "{language}". It speaks: {spoken}.', language=language
            )
        return max(same, key=lambda voice: _likeness(voice, language, gender))  # the first of equals

    def _reads(self, engine: str, voice: EngineVoice, language: str) -> bool:
        return speaks(self._engines[engine].facts, voice, language)


def speaks(facts: EngineFacts, voice: EngineVoice, language: str) -> bool:
    """Whether that voice of an engine reads that language; a voice without one of its own reads all the engine's."""
    own = (voice.language,) if voice.language else facts.languages
    return not facts.languages or base(language) in {base(each) for each in own}


def _likeness(voice: EngineVoice, language: str, gender: Gender) -> int:
    same_gender = not gender or voice.gender is gender
    same_region = voice.language.lower() == language.replace("_", "-").lower()
    return _GENDER_WEIGHT * same_gender + _REGION_WEIGHT * same_region


def _stand_in_for_clone(cloned: ClonedVoice, wish: VoiceWish) -> Gender:
    if not wish.allow_substitute:
        raise VoiceUnusable(
            f'The voice "{cloned.voice_id}" is stored and cannot speak: {cloned.why} Set allow_substitute to let'
            " another voice speak for it.",
            voice_id=cloned.voice_id,
        )
    return wish.gender
