"""Which voice of an engine speaks for the voice that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from svc_tts.engine import Engine, EngineFacts, EngineVoice, Gender, VoiceReference
from svc_tts.frontend.language import base
from svc_tts.voices.cloned import ClonedVoice, is_made_up
from svc_tts.voices.consent import HOW_ON_AN_ENGINE, REMEDY, WHY, State
from svc_tts.voices.seed import SEED_VOICES
from svc_tts.voices.store import VoiceStore
from troupe.wire.errors import ConsentMissing, UnknownVoice, UnsupportedLanguage, VoiceUnusable, nearest

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
    reference: VoiceReference | None = None  # of a cloned voice that speaks for itself
    why: State | None = None  # what the cloned voice lacks for which another one speaks


class Catalogue:
    """All voices that this service knows. Ids are told apart without regard to case."""

    def __init__(self, engines: Mapping[str, Engine], store: VoiceStore) -> None:
        self._engines = engines
        self._cloning = {name: engine.facts.languages for name, engine in engines.items() if engine.facts.clones}
        self._store = store
        self._known = {voice.voice_id.casefold(): voice for voice in SEED_VOICES}
        self._listed: dict[str, tuple[EngineVoice, ...]] = {}
        self._look()

    def voices_of(self, engine: str) -> tuple[EngineVoice, ...]:
        """That engine's own voices, as they are now; those that it once had stay known."""
        voices = self._engines[engine].voices() if engine in self._engines else ()
        if self._listed.get(engine) is not voices:
            self._listed[engine] = voices
            self._known = self._known | {voice.voice_id.casefold(): voice for voice in voices}
        return voices

    def preset(self, voice_id: str) -> EngineVoice | None:
        """The voice of an engine, or of the first release, that has that id."""
        self._look()
        return self._known.get(voice_id.casefold())

    def nearest_preset(self, language: str, gender: Gender) -> EngineVoice:
        """The voice that is most like one of that language and gender; of equals one of the first release."""
        self._look()
        voices = tuple(voice for voice in self._known.values() if not voice.retired)
        same = [voice for voice in voices if base(voice.language) == base(language or voices[0].language)]
        return max(same or voices, key=lambda voice: _likeness(voice, language, gender))

    def language_of(self, wish: VoiceWish) -> str:
        """The language that the wish itself tells; empty where only the text can."""
        if wish.language:
            return wish.language
        known = self.preset(wish.voice_id)
        if known is not None:
            return known.language
        cloned = self.clone_of(wish)
        return cloned.language if cloned else ""

    def clone_of(self, wish: VoiceWish) -> ClonedVoice | None:
        """The caller's own cloned voice that is wished; reads the disk now and then."""
        if not wish.voice_id or self.preset(wish.voice_id):
            return None
        return self._store.find(wish.owner, wish.voice_id)

    def cast(self, engine: str, wish: VoiceWish, language: str) -> Casting:
        """The voice of `engine` for that wish.

        Raises `UnknownVoice`, `ConsentMissing`, `VoiceUnusable` or `UnsupportedLanguage`.
        """
        if not wish.voice_id:
            return Casting(self._nearest(engine, language, wish.gender), language)
        own = next((each for each in self.voices_of(engine) if _is(each, wish.voice_id) and not each.retired), None)
        if own is not None and self._reads(engine, own, language):
            return Casting(own, language)
        cloned = self.clone_of(wish)
        if cloned is not None:
            return self._cast_clone(engine, cloned, wish, language)
        gender = self._stand_in_gender(wish)
        return Casting(self._nearest(engine, language, gender), language, substituted=True)

    def _cast_clone(self, engine: str, cloned: ClonedVoice, wish: VoiceWish, language: str) -> Casting:
        """A cloned voice speaks for itself, or is refused; another one speaks for it only where that is allowed."""
        lacking = self._lacking(engine, cloned)
        if lacking is State.READY:
            self._check_reads(engine, language)
            voice = EngineVoice(cloned.voice_id, cloned.name, cloned.language or language, cloned.gender)
            reference = self._store.reference(wish.owner, cloned.voice_id)
            return Casting(voice, language, reference=reference)
        if not wish.allow_substitute:
            raise self._refusal(engine, cloned, lacking)
        stand_in = self._nearest(engine, language, wish.gender or cloned.gender)
        return Casting(stand_in, language, substituted=True, why=lacking)

    def _lacking(self, engine: str, cloned: ClonedVoice) -> State:
        """What keeps that engine from speaking with it; `READY` where nothing does."""
        state = cloned.state
        return State.AWAITING_ENGINE if state is State.READY and engine not in self._cloning else state

    def _refusal(self, engine: str, cloned: ClonedVoice, lacking: State) -> ConsentMissing | VoiceUnusable:
        allow = "Set allow_substitute to let another voice speak for it meanwhile."
        said = f'The voice "{cloned.voice_id}" is stored and cannot speak: '
        if lacking is State.AWAITING_ENGINE:
            others = ", ".join(self._cloning)
            why = f"{engine} does not clone. " + (f"Ask for {others}." if others else HOW_ON_AN_ENGINE)
            return VoiceUnusable(f"{said}{why} {allow}", voice_id=cloned.voice_id, state=lacking)
        return ConsentMissing(
            f"{said}{WHY[lacking]} {REMEDY[lacking]} {allow}", voice_id=cloned.voice_id, state=lacking, field="consent"
        )

    def _check_reads(self, engine: str, language: str) -> None:
        languages = self._cloning[engine]
        if languages and base(language) not in {base(each) for each in languages}:
            raise UnsupportedLanguage(
                f'{engine} does not read "{language}". It reads: {", ".join(languages)}.', language=language
            )

    def _look(self) -> None:
        """Learn of voices that have come since."""
        for name in self._engines:
            self.voices_of(name)

    def _stand_in_gender(self, wish: VoiceWish) -> Gender:
        """The gender another voice must have to stand in for the one wished; raises where none may."""
        known = self.preset(wish.voice_id)
        if known is not None:
            return known.gender
        if wish.language and wish.gender and (wish.allow_substitute or not is_made_up(wish.voice_id)):
            return wish.gender  # the caller knows the voice even if we do not
        own = (voice.voice_id for voice in self._store.all_of(wish.owner))
        hint = nearest(wish.voice_id[:80], [*(voice.voice_id for voice in self._known.values()), *own])
        raise UnknownVoice(
            f'No voice "{wish.voice_id[:80]}".{hint} The list of voices has them all.', voice_id=wish.voice_id[:80]
        )

    def _nearest(self, engine: str, language: str, gender: Gender) -> EngineVoice:
        voices = [voice for voice in self.voices_of(engine) if not voice.retired]
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


def _is(voice: EngineVoice, voice_id: str) -> bool:
    return voice.voice_id.casefold() == voice_id.casefold()


def _likeness(voice: EngineVoice, language: str, gender: Gender) -> int:
    same_gender = not gender or voice.gender is gender
    same_region = voice.language.lower() == language.replace("_", "-").lower()
    return _GENDER_WEIGHT * same_gender + _REGION_WEIGHT * same_region
