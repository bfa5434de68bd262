from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.fakes.piper_voice import write

from svc_tts.engine import Engine, EngineContext, EngineVoice, Gender, PiperPlace, load_engine
from svc_tts.engines.piper.engine import PiperEngine
from svc_tts.engines.tone import ToneEngine
from svc_tts.voices.catalogue import Catalogue, VoiceWish
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


def test_case_does_not_matter(catalogue: Catalogue) -> None:
    casting = catalogue.cast("flite", VoiceWish("FLITE-Kal16"), "en-US")
    assert (casting.voice.voice_id, casting.substituted) == ("flite-kal16", False)
    assert catalogue.language_of(VoiceWish("EN-gb-ryanneural")) == "en-GB"


def test_voices_may_come_while_the_service_runs(store: VoiceStore, tmp_path: Path) -> None:
    folder = tmp_path / "piper"
    engine = load_engine("piper", EngineContext(1, 1.0, piper=PiperPlace(folder)))
    assert isinstance(engine, PiperEngine)
    catalogue = Catalogue({"piper": engine}, store)
    with pytest.raises(UnsupportedLanguage):
        catalogue.cast("piper", VoiceWish(language="en-US"), "en-US")
    write(folder, "en_US-lessac-medium")
    engine.look()
    casting = catalogue.cast("piper", VoiceWish("en_us-lessac-medium"), "en-US")
    assert (casting.voice.voice_id, casting.substituted) == ("en_US-lessac-medium", False)


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


class Changing(ToneEngine):
    """An engine whose voices change."""

    def __init__(self) -> None:
        super().__init__(EngineContext(1, 1.0))
        self.facts = replace(self.facts, languages=("en-US", "fr-FR"))
        self.now = (
            EngineVoice("old", "Old", "fr-FR", Gender.MALE),
            EngineVoice("other", "Other", "fr-FR", Gender.MALE),
        )

    def voices(self) -> tuple[EngineVoice, ...]:
        return self.now


def test_voices_that_come_later_are_known(store: VoiceStore) -> None:
    engine = Changing()
    catalogue = Catalogue({"changing": engine}, store)
    engine.now = (*engine.now, EngineVoice("new", "New", "fr-FR", Gender.FEMALE))
    assert catalogue.language_of(VoiceWish("new")) == "fr-FR"
    assert catalogue.cast("changing", VoiceWish("new"), "fr-FR").voice.voice_id == "new"


@pytest.mark.parametrize("listed", [True, False])
def test_a_retired_voice_is_spoken_for_by_its_like(store: VoiceStore, listed: bool) -> None:
    engine = Changing()
    catalogue = Catalogue({"changing": engine}, store)
    old, other = engine.now
    engine.now = (replace(old, retired=True), other) if listed else (other,)
    casting = catalogue.cast("changing", VoiceWish("old"), catalogue.language_of(VoiceWish("old")))
    assert (casting.voice.voice_id, casting.substituted) == ("other", True)
