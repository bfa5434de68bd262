from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from svc_tts.engine import Engine, EngineContext, EngineFacts, EngineVoice, Gender, load_engine
from svc_tts.voices.catalogue import Casting, Catalogue, VoiceWish
from svc_tts.voices.seed import SEED_VOICES
from svc_tts.voices.store import ClonedVoice, VoiceStore
from troupe.wire.errors import UnknownVoice, UnsupportedLanguage, VoiceUnusable
from troupe.wire.media import SAMPLE_RATE

ENGINES: dict[str, Engine] = {name: load_engine(name, EngineContext(1, 1.0)) for name in ("flite", "espeak", "tone")}


@pytest.fixture
def store(tmp_path: Path) -> VoiceStore:
    return VoiceStore(tmp_path)


@pytest.fixture
def catalogue(store: VoiceStore) -> Catalogue:
    return Catalogue(ENGINES, store)


@pytest.mark.parametrize("seed", SEED_VOICES, ids=lambda voice: voice.voice_id)
@pytest.mark.parametrize("engine", ["espeak", "tone"])
def test_the_seeds_ten_work_everywhere(catalogue: Catalogue, seed, engine: str) -> None:
    wish = VoiceWish(seed.voice_id)
    assert catalogue.language_of(wish) == seed.language
    casting = catalogue.cast(engine, wish, seed.language)
    assert casting.substituted
    assert casting.voice.gender is seed.gender
    assert casting.language == seed.language
    if engine == "espeak":
        assert casting.voice.language == seed.language


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("en-US-AriaNeural", "flite-slt"),
        ("en-US-GuyNeural", "flite-rms"),
        ("en-GB-SoniaNeural", "flite-slt"),
        ("en-GB-RyanNeural", "flite-awb"),
    ],
)
def test_gender_counts_more_than_accent(catalogue: Catalogue, wanted: str, given: str) -> None:
    wish = VoiceWish(wanted)
    assert catalogue.cast("flite", wish, catalogue.language_of(wish)).voice.voice_id == given


def test_an_own_voice_speaks_for_itself(catalogue: Catalogue) -> None:
    casting = catalogue.cast("flite", VoiceWish("flite-kal16"), "en-US")
    assert (casting.voice.voice_id, casting.substituted) == ("flite-kal16", False)


def test_no_wish_is_no_substitution(catalogue: Catalogue) -> None:
    casting = catalogue.cast("espeak", VoiceWish(gender=Gender.FEMALE), "de-DE")
    assert (casting.voice.voice_id, casting.substituted) == ("espeak-de-de-f", False)


def test_a_language_without_region_finds_a_voice(catalogue: Catalogue) -> None:
    assert catalogue.cast("espeak", VoiceWish(), "pt").voice.language == "pt-BR"


def test_another_engines_voice_is_stood_in_for(catalogue: Catalogue) -> None:
    casting = catalogue.cast("espeak", VoiceWish("flite-slt"), "en-US")
    assert (casting.voice.voice_id, casting.substituted) == ("espeak-en-us-f", True)


def test_an_unknown_voice_names_the_nearest(catalogue: Catalogue) -> None:
    with pytest.raises(UnknownVoice, match='Did you mean "en-US-AriaNeural"'):
        catalogue.cast("espeak", VoiceWish("en-US-AriaNeurall"), "en-US")


def test_an_unknown_voice_with_language_and_gender_is_stood_in_for(catalogue: Catalogue) -> None:
    wish = VoiceWish("male-qn-qingse", "zh-CN", Gender.MALE)
    casting = catalogue.cast("espeak", wish, "zh-CN")
    assert (casting.voice.voice_id, casting.substituted) == ("espeak-zh-cn-m", True)
    with pytest.raises(UnknownVoice):
        catalogue.cast("espeak", VoiceWish("male-qn-qingse", "zh-CN"), "zh-CN")


def test_a_language_nobody_speaks_is_told(catalogue: Catalogue) -> None:
    with pytest.raises(UnsupportedLanguage, match="en-US, en-GB"):
        catalogue.cast("flite", VoiceWish(), "fr-FR")


def test_a_clone_is_never_replaced_unasked(catalogue: Catalogue, store: VoiceStore) -> None:
    store.add("alice", ClonedVoice("my-voice", "A", "en-GB"), np.zeros(SAMPLE_RATE, "<i2").tobytes())
    wish = VoiceWish("my-voice", owner="alice")
    assert catalogue.language_of(wish) == "en-GB"
    with pytest.raises(VoiceUnusable, match="allow_substitute"):
        catalogue.cast("espeak", wish, "en-GB")
    allowed = VoiceWish("my-voice", gender=Gender.FEMALE, owner="alice", allow_substitute=True)
    assert catalogue.cast("espeak", allowed, "en-GB").substituted
    with pytest.raises(UnknownVoice):
        catalogue.cast("espeak", VoiceWish("my-voice", owner="bob", allow_substitute=True), "en-GB")


class Polyglot:
    """An engine whose voices speak all its languages, and are known only once it has loaded."""

    def __init__(self) -> None:
        self.facts = EngineFacts("polyglot", 24_000, ("en", "zh"), "")
        self.loaded: tuple[EngineVoice, ...] = ()

    def voices(self) -> tuple[EngineVoice, ...]:
        return self.loaded


def test_a_voice_without_a_language_speaks_all_of_its_engines(store: VoiceStore) -> None:
    engine = Polyglot()
    catalogue = Catalogue({"polyglot": engine}, store)
    engine.loaded = (
        EngineVoice("poly-f", "F", "", Gender.FEMALE),
        EngineVoice("poly-m", "M", "", Gender.MALE),
    )
    for language in ("en-GB", "zh-CN"):
        assert catalogue.cast("polyglot", VoiceWish("poly-m"), language) == Casting(engine.loaded[1], language)
        stand_in = catalogue.cast("polyglot", VoiceWish("zh-CN-YunxiNeural"), language)
        assert (stand_in.voice.voice_id, stand_in.substituted) == ("poly-m", True)
    assert catalogue.language_of(VoiceWish("poly-m")) == ""
    with pytest.raises(UnsupportedLanguage, match="It speaks: en, zh"):
        catalogue.cast("polyglot", VoiceWish("poly-m"), "de")
