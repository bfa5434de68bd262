from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from svc_tts.engine import Gender
from svc_tts.voices.cloned import (
    ClonedVoice,
    checked_id,
    checked_language,
    checked_name,
    is_id,
    read_manifest,
    write_manifest,
)
from svc_tts.voices.consent import Consent, State
from troupe.wire.errors import InvalidArgument

CONSENT = Consent("Zoë", "I agree", 5, "films", 2_000_000_000, "aa", "owner", 6)
VOICE = ClonedVoice("my-voice-1", "Zoë", "en-GB", CONSENT, 12.5, "aa", 7, Gender.FEMALE, (Consent("Z", "once", 1),))


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    write_manifest(tmp_path / "voice.json", VOICE)
    assert read_manifest(tmp_path / "voice.json") == VOICE
    assert [path.name for path in tmp_path.iterdir()] == ["voice.json"]


def test_a_manifest_of_another_version_is_read() -> None:
    consent = {"speaker": "A", "statement": "I agree", "given_at_unix_s": 5}
    told = {"voice_id": "abc", "name": "A", "consent": consent, "sample_sha256": "bb", "mood": "of the future"}
    voice = ClonedVoice.from_json(json.dumps(told))
    assert (voice.voice_id, voice.state) == ("abc", State.READY)
    assert ClonedVoice.from_json('{"voice_id": "abc", "name": "A"}').state is State.AWAITING_CONSENT


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '"x"', '{"name": "no id"}', '{"voice_id": "a", "name": "b", "gender": "?"}']
)
def test_a_broken_manifest_is_no_voice_and_the_log_says_so(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "voice.json").write_text(text)
    with caplog.at_level(logging.WARNING):
        assert read_manifest(tmp_path / "voice.json") is None
    assert "left aside" in caplog.text
    assert read_manifest(tmp_path / "none.json") is None


@pytest.mark.parametrize("voice_id", ["my-voice", "Voice_01", "a" * 256, "abcdefg8"])
def test_ids_are_minimaxs(voice_id: str) -> None:
    assert checked_id(voice_id) == voice_id
    assert is_id(voice_id)


@pytest.mark.parametrize(
    "voice_id", ["short12", "a" * 257, "9lives99", "my-voice-", "my-voice_", "my voice", "../../up", "voicé-01"]
)
def test_other_ids_are_refused(voice_id: str) -> None:
    with pytest.raises(InvalidArgument, match="8 to 256"):
        checked_id(voice_id)


def test_ids_of_before_are_still_found() -> None:
    assert is_id("abc")
    assert not is_id("../up")


def test_names_and_languages() -> None:
    assert checked_name("  My \n Voice ") == "My Voice"
    assert [checked_language(tag) for tag in ("", "en", "zh-Hans-CN", "pt_BR")] == ["", "en", "zh-Hans-CN", "pt_BR"]
    for name in ("x" * 101, "a\x00b"):
        with pytest.raises(InvalidArgument, match="name"):
            checked_name(name)
    for language in ("english please", "e", "en-"):
        with pytest.raises(InvalidArgument, match="tag"):
            checked_language(language)
