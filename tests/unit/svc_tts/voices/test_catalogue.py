from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.cloning_engine import ParrotEngine
from tests.fakes.piper_voice import write

from svc_tts.engine import Engine, EngineContext, EngineVoice, Gender, PiperPlace, load_engine
from svc_tts.engines.piper.engine import PiperEngine
from svc_tts.engines.tone import ToneEngine
from svc_tts.voices.catalogue import Catalogue, VoiceWish
from svc_tts.voices.cloned import ClonedVoice
from svc_tts.voices.consent import Consent, State
from svc_tts.voices.sample import Sample
from svc_tts.voices.seed import SEED_VOICES
from svc_tts.voices.store import VoiceStore
from troupe.wire.errors import ConsentMissing, UnknownVoice, UnsupportedLanguage, VoiceUnusable

CONTEXT = EngineContext(1, 1.0)
ENGINES: dict[str, Engine] = {name: load_engine(name, CONTEXT) for name in ("flite", "espeak", "tone")} | {
    "parrot": ParrotEngine(CONTEXT)
}


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


@pytest.mark.parametrize("voice_id", ["EN-us-ARIANEURAL", "Flite-SLT"])
def test_case_does_not_matter(catalogue: Catalogue, voice_id: str) -> None:
    wish = VoiceWish(voice_id)
    assert catalogue.language_of(wish) == "en-US"
    assert catalogue.cast("flite", wish, "en-US").voice.voice_id == "flite-slt"


def keep(store: VoiceStore, voice_id: str = "my-voice", *, expires: int = 0, low: bool = False, agreed: bool = True):
    consent = Consent("Alice", "I agree", 5, expires_at_unix_s=expires) if agreed else None
    return store.add("alice", ClonedVoice(voice_id, "A", "en-GB", consent), Sample(b"wav", 12.0, "aa", low))


MINE = VoiceWish("my-voice", owner="alice")
ALLOWED = replace(MINE, allow_substitute=True)


def test_a_clone_speaks_for_itself_on_an_engine_that_clones(catalogue: Catalogue, store: VoiceStore) -> None:
    keep(store)
    assert catalogue.language_of(MINE) == "en-GB"
    casting = catalogue.cast("parrot", replace(MINE, voice_id="MY-VOICE"), "fr-FR")
    assert (casting.voice.voice_id, casting.language, casting.substituted) == ("my-voice", "fr-FR", False)
    assert casting.reference == store.reference("alice", "my-voice")
    with pytest.raises(UnsupportedLanguage, match="en, fr"):
        catalogue.cast("parrot", MINE, "de-DE")


def test_a_clone_without_consent_is_refused_with_how(catalogue: Catalogue, store: VoiceStore) -> None:
    keep(store, agreed=False)
    for engine in ("parrot", "espeak"):
        with pytest.raises(ConsentMissing, match=r"consent was not recorded.*GiveConsent.*allow_substitute") as told:
            catalogue.cast(engine, MINE, "en-GB")
        assert told.value.details["state"] == "awaiting_consent"


def test_a_clone_whose_consent_is_over_is_refused(tmp_path: Path) -> None:
    store = VoiceStore(tmp_path, unix_time=lambda: 1_000)
    keep(store, expires=2_000)
    with pytest.raises(ConsentMissing, match="has expired"):
        Catalogue(ENGINES, store).cast("parrot", MINE, "en-GB")


def test_a_clone_on_an_engine_that_does_not_clone_is_refused(catalogue: Catalogue, store: VoiceStore) -> None:
    keep(store)
    with pytest.raises(VoiceUnusable, match=r"espeak does not clone. Ask for parrot.*allow_substitute"):
        catalogue.cast("espeak", MINE, "en-GB")
    without = Catalogue({"espeak": ENGINES["espeak"]}, store)
    with pytest.raises(VoiceUnusable, match="as soon as an engine that clones is ready"):
        without.cast("espeak", MINE, "en-GB")


def test_a_clone_is_stood_in_for_where_that_is_allowed(catalogue: Catalogue, store: VoiceStore) -> None:
    keep(store, low=True)
    casting = catalogue.cast("espeak", ALLOWED, "en-GB")
    assert (casting.substituted, casting.why, casting.reference) == (True, State.AWAITING_ENGINE, None)
    assert casting.voice.gender is Gender.MALE
    assert catalogue.cast("espeak", replace(ALLOWED, gender=Gender.FEMALE), "en-GB").voice.gender is Gender.FEMALE
    keep(store, "without-it", agreed=False)
    assert catalogue.cast("parrot", replace(ALLOWED, voice_id="without-it"), "en").why is State.AWAITING_CONSENT


def test_a_strangers_clone_is_unknown(catalogue: Catalogue, store: VoiceStore) -> None:
    keep(store)
    with pytest.raises(UnknownVoice):
        catalogue.cast("parrot", replace(ALLOWED, owner="bob"), "en-GB")
    with pytest.raises(UnknownVoice, match='Did you mean "my-voice"'):
        catalogue.cast("parrot", replace(MINE, voice_id="my-voise"), "en-GB")


def test_a_clone_that_is_gone_is_not_stood_in_for_by_chance(catalogue: Catalogue, store: VoiceStore) -> None:
    gone = keep(store, "").voice_id
    store.delete("alice", gone)
    wish = VoiceWish(gone.upper(), "en-GB", Gender.FEMALE, "alice")
    with pytest.raises(UnknownVoice):
        catalogue.cast("espeak", wish, "en-GB")
    assert catalogue.cast("espeak", replace(wish, allow_substitute=True), "en-GB").substituted


def test_the_nearest_preset(catalogue: Catalogue) -> None:
    assert catalogue.nearest_preset("en-GB", Gender.MALE).voice_id == "en-GB-RyanNeural"
    assert catalogue.nearest_preset("", Gender.MALE).voice_id == "en-US-GuyNeural"
    assert catalogue.nearest_preset("de", Gender.FEMALE).language == "de-DE"
    assert catalogue.nearest_preset("xx", Gender.MALE).gender is Gender.MALE


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


class Polyglot(Changing):
    """An engine whose voices speak all its languages, and are known only once it has loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.now = ()


def test_a_voice_without_a_language_speaks_all_of_its_engines(store: VoiceStore) -> None:
    engine = Polyglot()
    catalogue = Catalogue({"polyglot": engine}, store)
    woman, man = engine.now = (
        EngineVoice("poly-f", "F", "", Gender.FEMALE),
        EngineVoice("poly-m", "M", "", Gender.MALE),
    )
    for language in ("en-GB", "fr"):
        assert catalogue.cast("polyglot", VoiceWish("poly-m"), language).voice is man
        stand_in = catalogue.cast("polyglot", VoiceWish("zh-CN-XiaoxiaoNeural"), language)
        assert (stand_in.voice, stand_in.substituted) == (woman, True)
    assert catalogue.language_of(VoiceWish("poly-m")) == ""
    with pytest.raises(UnsupportedLanguage, match="It speaks: en-US, fr-FR"):
        catalogue.cast("polyglot", VoiceWish("poly-m"), "de")
