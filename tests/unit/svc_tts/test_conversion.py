from __future__ import annotations

from dataclasses import replace

import pytest

from svc_tts import conversion
from svc_tts.engine import (
    EngineContext,
    EngineVoice,
    EspeakOptions,
    FliteOptions,
    Gender,
    ToneOptions,
    XttsOptions,
    load_engine,
)
from svc_tts.speech import Sound
from svc_tts.voices.cloned import ClonedVoice
from svc_tts.voices.consent import Consent, State
from svc_tts.voices.sample import Refinement
from troupe.v1 import engine_pb2, media_pb2, speech_pb2
from troupe.wire.errors import InvalidArgument
from troupe.wire.health import EngineStatus
from troupe.wire.media import PIECE_BYTES


def test_what_is_unset_is_the_default() -> None:
    request = conversion.to_request(speech_pb2.SpeechSettings(), "espeak")
    assert (request.speed, request.pitch, request.volume, request.options) == (1.0, 0.0, 1.0, None)
    assert request.format.sample_rate == 24_000


def test_a_volume_of_zero_is_silence() -> None:
    assert conversion.to_request(speech_pb2.SpeechSettings(volume=0), "espeak").volume == 0.0


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ({"espeak": speech_pb2.EspeakSettings(variant="f3", word_gap_ms=20)}, EspeakOptions("f3", 20)),
        ({"flite": speech_pb2.FliteSettings(duration_stretch=1.5)}, FliteOptions(1.5)),
        ({"flite": speech_pb2.FliteSettings()}, FliteOptions(1.0)),
        ({"tone": speech_pb2.ToneSettings()}, ToneOptions()),
        ({"xtts": speech_pb2.XttsSettings(seed=1)}, XttsOptions(seed=1)),
    ],
)
def test_engine_settings(settings: dict[str, object], options: object) -> None:
    assert conversion.to_request(speech_pb2.SpeechSettings(**settings), "x").options == options


@pytest.mark.parametrize(
    "settings",
    [
        {"espeak": speech_pb2.EspeakSettings(word_gap_ms=10_000)},
        {"flite": speech_pb2.FliteSettings(duration_stretch=100)},
        {"flite": speech_pb2.FliteSettings(duration_stretch=float("nan"))},
        {"tone": speech_pb2.ToneSettings(base_hz=1e9)},
        {"tone": speech_pb2.ToneSettings(delay_ms_per_word=2**32 - 1)},
    ],
)
def test_engine_settings_out_of_range_are_told(settings: dict[str, object]) -> None:
    with pytest.raises(InvalidArgument, match="it may be"):
        conversion.to_request(speech_pb2.SpeechSettings(**settings), "x")


def test_no_message_is_larger_than_a_piece() -> None:
    request = conversion.to_request(speech_pb2.SpeechSettings(), "tone")
    sizes = [len(chunk.audio) for chunk in conversion.to_chunks(Sound(bytes(PIECE_BYTES * 2 + 1)), request)]
    assert sizes == [PIECE_BYTES, PIECE_BYTES, 1]


def test_half_a_consent_is_none() -> None:
    settings = speech_pb2.CloneVoiceSettings(name="x", consent=speech_pb2.Consent(speaker="Alice"))
    with pytest.raises(InvalidArgument, match="consent"):
        conversion.to_cloned(settings)
    settings.consent.statement = "I agree"
    settings.consent.given_at_unix_s = 5
    assert conversion.to_cloned(settings).consent == Consent("Alice", "I agree", 5)
    assert conversion.to_cloned(speech_pb2.CloneVoiceSettings()).consent is None


def test_what_is_wished_of_a_clone() -> None:
    consent = speech_pb2.Consent(speaker="Alice", statement="I agree", scope="films", expires_at_unix_s=4_000_000_000)
    settings = speech_pb2.CloneVoiceSettings(
        voice_id="my-voice", name="Mine", language="en", consent=consent, denoise=True, normalize_loudness=True
    )
    voice = conversion.to_cloned(settings)
    assert (voice.voice_id, voice.name, voice.language) == ("my-voice", "Mine", "en")
    assert voice.consent is not None
    assert (voice.consent.scope, voice.consent.expires_at_unix_s) == ("films", 4_000_000_000)
    assert conversion.to_refinement(settings) == Refinement(denoise=True, normalize_loudness=True)


@pytest.mark.parametrize("state", State)
def test_a_cloned_voice_says_what_it_lacks(state: State) -> None:
    told = conversion.from_cloned(ClonedVoice("my-voice", "Mine", "en", created_unix_s=7), state, "xtts")
    assert engine_pb2.VoiceState.Name(told.state) == f"VOICE_STATE_{state.name}"
    assert (told.cloned, told.usable, bool(told.why)) == (True, state is State.READY, state is not State.READY)
    assert (told.engine, told.created_at_unix_s) == ("xtts", 7)


@pytest.mark.parametrize("name", ["flite", "espeak", "tone"])
def test_an_engine_is_described_whole(name: str) -> None:
    engine = load_engine(name, EngineContext(1, 1.0))
    status = EngineStatus(engine_pb2.ENGINE_STATE_MISSING, "gone", "fetch it")
    told = conversion.from_engine(engine, status, 3)
    assert (told.name, told.reason, told.remedy, told.outstanding) == (name, "gone", "fetch it", 3)
    assert told.licence.name
    assert told.limits.max_text_chars == 1_000_000
    assert {voice.engine for voice in told.voices} == {name}
    assert "mp3" in told.formats
    assert "keeps-references" in told.features
    assert engine_pb2.TASK_CLONE not in told.tasks


def test_every_gender_and_codec_has_a_number() -> None:
    for number in engine_pb2.Gender.values():
        wish = conversion.to_wish(speech_pb2.SpeechSettings(gender=number))
        assert wish.gender in set(Gender)
    for number in media_pb2.AudioCodec.values():
        assert conversion.to_format(media_pb2.AudioFormat(codec=number)).codec


def test_a_retired_voice_says_so() -> None:
    voice = EngineVoice("en-US-GoneNeural", "Gone", "en-US", Gender.MALE, retired=True)
    told = conversion.from_voice(voice, "edge")
    assert not told.usable
    assert told.why == "edge has retired it; another voice speaks for it."
    assert conversion.from_voice(replace(voice, retired=False), "edge").usable
