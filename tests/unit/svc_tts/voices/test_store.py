from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from svc_tts.voices.store import NO_CONSENT, NO_ENGINE, ClonedVoice, Consent, VoiceStore
from troupe.wire.errors import InvalidArgument, NotSupported, QuotaExceeded, UnknownVoice, UnsupportedMedia
from troupe.wire.media import SAMPLE_RATE

SECOND = np.zeros(SAMPLE_RATE, "<i2").tobytes()


@pytest.fixture
def store(tmp_path: Path) -> VoiceStore:
    return VoiceStore.at(str(tmp_path / "voices"))


def test_a_voice_is_kept_with_its_reference(store: VoiceStore, tmp_path: Path) -> None:
    kept = store.add("alice", ClonedVoice("", "My  Voice", "en-US"), SECOND)
    assert store.find("alice", kept.voice_id) == kept
    assert (kept.name, kept.seconds) == ("My Voice", 1.0)
    (wav,) = tmp_path.rglob("reference.wav")
    assert soundfile.info(wav).samplerate == SAMPLE_RATE
    assert "alice" not in str(wav)


def test_made_up_ids_cannot_be_guessed(store: VoiceStore) -> None:
    ids = {store.add("a", ClonedVoice("", ""), SECOND).voice_id for _ in range(2)}
    assert len(ids) == 2
    assert all(len(each) >= 32 for each in ids)


def test_a_stranger_finds_nothing(store: VoiceStore) -> None:
    store.add("alice", ClonedVoice("my-voice", "A"), SECOND)
    assert store.find("bob", "my-voice") is None
    assert store.all_of("bob") == ()
    with pytest.raises(UnknownVoice):
        store.delete("bob", "my-voice")
    assert store.add("bob", ClonedVoice("my-voice", "B"), SECOND).name == "B"
    assert store.find("alice", "my-voice") is not None


def test_deleting_deletes(store: VoiceStore, tmp_path: Path) -> None:
    store.add("alice", ClonedVoice("my-voice", "A"), SECOND)
    store.delete("alice", "my-voice")
    assert store.find("alice", "my-voice") is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_consent_is_kept_and_changes_the_reason(store: VoiceStore) -> None:
    consent = Consent("Alice", "I agree", 1_700_000_000)
    kept = store.add("alice", ClonedVoice("with", "A", consent=consent), SECOND)
    assert store.find("alice", "with") == kept
    assert (kept.consent, kept.why) == (consent, NO_ENGINE)
    assert store.add("alice", ClonedVoice("without", "A"), SECOND).why == NO_CONSENT


@pytest.mark.parametrize("voice_id", ["../up", "a b", "x", "-x1", "a/b/c", "a" * 65, "9lives"])
def test_a_bad_id_is_told(store: VoiceStore, voice_id: str) -> None:
    with pytest.raises(InvalidArgument, match="letters"):
        store.add("alice", ClonedVoice(voice_id, ""), SECOND)
    assert store.find("alice", voice_id) is None


@pytest.mark.parametrize("name", ["x" * 101, "a\x00b"])
def test_a_bad_name_is_told(store: VoiceStore, name: str) -> None:
    with pytest.raises(InvalidArgument, match="name"):
        store.add("alice", ClonedVoice("", name), SECOND)


def test_an_id_is_taken_once(store: VoiceStore) -> None:
    store.add("alice", ClonedVoice("voice", ""), SECOND)
    with pytest.raises(InvalidArgument, match="already"):
        store.add("alice", ClonedVoice("voice", ""), SECOND)


@pytest.mark.parametrize("seconds", [0, 0.5, 61])
def test_a_sample_too_short_or_long_is_told(store: VoiceStore, seconds: float) -> None:
    with pytest.raises(UnsupportedMedia, match="between 1 and 60 s"):
        store.add("alice", ClonedVoice("", ""), b"\0\0" * int(seconds * SAMPLE_RATE))


def test_a_key_has_a_quota(store: VoiceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("svc_tts.voices.store.MAX_VOICES", 1)
    store.add("alice", ClonedVoice("one", ""), SECOND)
    with pytest.raises(QuotaExceeded):
        store.add("alice", ClonedVoice("two", ""), SECOND)
    store.add("bob", ClonedVoice("two", ""), SECOND)


def test_urls(tmp_path: Path) -> None:
    assert VoiceStore.at(f"file://{tmp_path}").all_of("x") == ()
    with pytest.raises(NotSupported, match="s3"):
        VoiceStore.at("s3://bucket/voices")
