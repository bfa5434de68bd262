import pytest

from gateway.minimax_voices import MINIMAX_VOICES
from gateway.routing.capability import primary
from gateway.voices import SEED_VOICES, Casting, Voice, VoiceTable, built_in, cast
from troupe.v1.engine_pb2 import GENDER_FEMALE, GENDER_MALE, EngineInfo
from troupe.v1.engine_pb2 import Voice as WireVoice
from troupe.wire.errors import UnknownVoice

ESPEAK = EngineInfo(
    name="espeak",
    voices=[
        WireVoice(voice_id="es-m", language="es-ES", gender=GENDER_MALE, usable=True),
        WireVoice(voice_id="en-gb-f", language="en-GB", gender=GENDER_FEMALE, usable=True),
        WireVoice(voice_id="en-us-f", language="en-US", gender=GENDER_FEMALE, usable=True),
        WireVoice(voice_id="en-us-m", language="en-US", gender=GENDER_MALE, usable=True),
        WireVoice(voice_id="zh-m", language="cmn", gender=GENDER_MALE, usable=True),
    ],
)
TABLE = VoiceTable()


def test_the_seeds_ten_ids_are_there() -> None:
    assert len(SEED_VOICES) == 10
    voice = TABLE.find("ja-JP-NanamiNeural", "", [])
    assert (voice.name, voice.language, voice.gender) == ("Nanami", "ja-JP", GENDER_FEMALE)


def test_minimaxs_ids_resolve_with_language_and_gender() -> None:
    assert len(MINIMAX_VOICES) >= 40
    assert len({row[0] for row in MINIMAX_VOICES}) == len(MINIMAX_VOICES)
    expected = {
        "male-qn-qingse": ("zh-CN", GENDER_MALE),
        "female-shaonv": ("zh-CN", GENDER_FEMALE),
        "English_Graceful_Lady": ("en-US", GENDER_FEMALE),
        "Chinese (Mandarin)_Gentleman": ("zh-CN", GENDER_MALE),
        "French_Female_News Anchor": ("fr-FR", GENDER_FEMALE),
        "Spanish_Narrator": ("es-ES", GENDER_MALE),
        "Japanese_KindLady": ("ja-JP", GENDER_FEMALE),
        "presenter_male": ("zh-CN", GENDER_MALE),
        "Wise_Woman": ("en-US", GENDER_FEMALE),
    }
    for voice_id, (language, gender) in expected.items():
        voice = TABLE.find(voice_id, "", [])
        assert (voice.language, voice.gender) == (language, gender), voice_id


def test_no_id_of_the_table_holds_the_stand_in_for_a_space() -> None:
    assert not [voice.voice_id for voice in built_in() if "\u00a0" in voice.voice_id + voice.name]


def test_an_unknown_id_names_the_nearest() -> None:
    assert TABLE.find("en-US-AryaNeural", "", []) is None
    error = TABLE.unknown("en-US-AryaNeural", [])
    assert isinstance(error, UnknownVoice)
    assert 'Did you mean "en-US-AriaNeural"' in error.message
    assert 'Did you mean "my-voice-1"' in TABLE.unknown("my-vioce-1", [], ["my-voice-1"]).message
    assert len(TABLE.unknown("x" * 10_000, []).message) < 300


def test_ids_are_told_apart_without_regard_to_case() -> None:
    assert TABLE.find("EN-us-guyneural", "", []).voice_id == "en-US-GuyNeural"
    assert TABLE.find("FEMALE-Shaonv", "", []).voice_id == "female-shaonv"
    assert TABLE.find("EN-US-M", "", [ESPEAK]).voice_id == "en-us-m"


def test_a_clone_among_an_engines_voices_is_nobody_elses_to_find() -> None:
    info = EngineInfo(name="minimax", voices=[WireVoice(voice_id="mine-1234", language="en", cloned=True, usable=True)])
    assert TABLE.find("mine-1234", "", [info]) is None
    assert "mine-1234" not in {voice.voice_id for voice in TABLE.all([info])}


def test_a_cloned_voice_goes_as_it_is_to_the_engines_of_its_service_and_to_no_other() -> None:
    clone = Voice("my-clone-1", "Mine", "en-US", engines={"espeak": "my-clone-1"}, cloned=True)
    assert cast(clone, "", ESPEAK) == Casting("my-clone-1", substituted=False)
    elsewhere = Voice("my-clone-1", "Mine", "en-US", engines={"xtts": "my-clone-1"}, cloned=True)
    assert cast(elsewhere, "", ESPEAK) == Casting("en-us-f", substituted=True)
    assert cast(elsewhere, "", EngineInfo(name="bare")) == Casting("", substituted=True)


def test_an_engines_own_voice_may_be_asked_for() -> None:
    assert TABLE.find("en-us-m", "", [ESPEAK]).source == "espeak"
    assert cast(TABLE.find("en-us-m", "", [ESPEAK]), "", ESPEAK).substituted is False


def test_without_an_id_the_engine_chooses_and_nothing_is_substituted() -> None:
    nobody = TABLE.find("", "fr", [])
    assert (nobody.voice_id, nobody.language) == ("", "fr")
    assert cast(nobody, "fr", ESPEAK).substituted is False


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("en-US-GuyNeural", "en-us-m"),
        ("en-GB-SoniaNeural", "en-gb-f"),
        ("en-GB-RyanNeural", "en-us-m"),
        ("Spanish_SereneWoman", "es-m"),
    ],
)
def test_a_stand_in_keeps_the_language_then_the_gender(asked, given) -> None:
    casting = cast(TABLE.find(asked, "", []), "", ESPEAK)
    assert (casting.voice_id, casting.substituted) == (given, True)


def test_a_language_that_is_asked_for_counts_more_than_the_voices_own() -> None:
    assert cast(TABLE.find("en-US-GuyNeural", "", []), "es-ES", ESPEAK).voice_id == "es-m"


def test_an_engine_that_has_the_voice_uses_it() -> None:
    edge = EngineInfo(name="edge", voices=[WireVoice(voice_id="en-US-GuyNeural", language="en-US", usable=True)])
    assert cast(TABLE.find("en-US-GuyNeural", "", []), "", edge).substituted is False


def test_an_engine_that_has_said_nothing_chooses_itself() -> None:
    assert cast(TABLE.find("en-US-GuyNeural", "", []), "", None).voice_id == "en-US-GuyNeural"


def test_the_names_an_engine_knows_a_voice_by_are_used() -> None:
    voice = Voice("mine", "Mine", "en-US", GENDER_MALE, engines={"espeak": "en-us-m"})
    assert cast(voice, "", ESPEAK) == cast(Voice("en-us-m", "", "en-US"), "", ESPEAK)


def test_every_language_of_the_table_is_well_formed() -> None:
    assert all(2 <= len(primary(voice.language)) <= 3 for voice in built_in())
