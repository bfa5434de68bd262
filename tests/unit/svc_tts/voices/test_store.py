from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from svc_tts.engine import Gender
from svc_tts.voices.cloned import ClonedVoice
from svc_tts.voices.consent import Consent, State
from svc_tts.voices.sample import Sample
from svc_tts.voices.store import REREAD_S, VoiceStore
from troupe.wire.errors import Internal, InvalidArgument, NotSupported, QuotaExceeded, TroupeError, UnknownVoice

NOW = 1_800_000_000


def sample(text: str = "one", *, low: bool = False) -> Sample:
    return Sample(text.encode(), 12.0, hashlib.sha256(text.encode()).hexdigest(), low)


ONE, TWO = sample(), sample("two")
MINE = ClonedVoice("my-voice", "A")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "voices"


@pytest.fixture
def store(root: Path, clock: Clock) -> VoiceStore:
    return VoiceStore(root, clock, lambda: NOW)


@pytest.fixture
def replica(root: Path, clock: Clock) -> VoiceStore:
    """Another process on the same folder."""
    return VoiceStore(root, clock, lambda: NOW)


def test_a_voice_is_kept_with_its_reference(store: VoiceStore, root: Path) -> None:
    kept = store.add("alice", ClonedVoice("", "My  Voice", "en-US"), sample("one", low=True))
    assert store.find("alice", kept.voice_id) == kept
    assert (kept.name, kept.seconds, kept.gender, kept.created_unix_s) == ("My Voice", 12.0, Gender.MALE, NOW)
    assert kept.sample_sha256 == ONE.sha256
    (wav,) = root.rglob("reference.wav")
    assert wav.read_bytes() == b"one"
    assert "alice" not in str(wav)
    assert wav.parent.stat().st_mode & 0o077 == 0


def test_made_up_ids_cannot_be_guessed(store: VoiceStore) -> None:
    ids = {store.add("a", ClonedVoice("", ""), ONE).voice_id for _ in range(2)}
    assert len(ids) == 2
    assert all(len(each) >= 32 for each in ids)


def test_a_stranger_finds_nothing(store: VoiceStore) -> None:
    store.add("alice", MINE, ONE)
    assert store.find("bob", "my-voice") is None
    assert store.all_of("bob") == ()
    for forbidden in (
        lambda: store.delete("bob", "my-voice"),
        lambda: store.reference("bob", "my-voice"),
        lambda: store.give_consent("bob", "my-voice", Consent("B", "I agree")),
    ):
        with pytest.raises(UnknownVoice):
            forbidden()
    assert store.add("bob", ClonedVoice("my-voice", "B"), ONE).name == "B"
    assert store.find("alice", "my-voice") is not None


def test_ids_are_told_apart_without_regard_to_case(store: VoiceStore) -> None:
    store.add("alice", ClonedVoice("My-Voice", "A"), ONE)
    assert store.find("alice", "MY-VOICE").voice_id == "My-Voice"
    with pytest.raises(InvalidArgument, match="already"):
        store.add("alice", MINE, ONE)
    store.delete("alice", "my-voice")
    assert store.all_of("alice") == ()


def test_a_folder_of_an_older_version_is_found(store: VoiceStore, root: Path) -> None:
    store.add("alice", MINE, ONE)
    (folder,) = root.glob("*/my-voice")
    folder.rename(folder.with_name("ABC"))
    (folder.with_name("ABC") / "voice.json").write_text('{"voice_id": "ABC", "name": "Old"}')
    assert store.find("alice", "abc").name == "Old"
    assert store.reference("alice", "abc").wav.is_file()
    store.delete("alice", "abc")
    assert list(root.rglob("voice.json")) == []


def test_the_longest_id_has_a_folder(store: VoiceStore) -> None:
    ids = ["a" * 255 + end for end in "bc"]
    for each in ids:
        store.add("alice", ClonedVoice(each, ""), ONE)
    assert [voice.voice_id for voice in store.all_of("alice")] == ids
    assert store.find("alice", ids[1].upper()).voice_id == ids[1]
    assert len(store.reference("alice", ids[0]).key) < 200


def test_deleting_deletes_all_that_was_computed(store: VoiceStore, root: Path) -> None:
    store.add("alice", MINE, ONE)
    (store.reference("alice", "my-voice").folder / "xtts.safetensors").write_bytes(b"latents")
    store.delete("alice", "my-voice")
    assert store.find("alice", "my-voice") is None
    assert [path for path in root.rglob("*") if path.is_file()] == []
    with pytest.raises(UnknownVoice):
        store.reference("alice", "my-voice")


def test_an_unknown_voice_names_the_nearest_of_ones_own(store: VoiceStore) -> None:
    store.add("alice", MINE, ONE)
    store.add("bob", ClonedVoice("your-voice", "B"), ONE)
    with pytest.raises(UnknownVoice, match='Did you mean "my-voice"'):
        store.delete("alice", "my-voise")


def test_the_key_changes_with_owner_voice_and_sample(store: VoiceStore) -> None:
    made = [("alice", "my-voice", ONE), ("bob", "my-voice", ONE), ("alice", "my-voice2", ONE)]
    for owner, voice_id, one in made:
        store.add(owner, ClonedVoice(voice_id, ""), one)
    keys = {store.reference(owner, voice_id).key for owner, voice_id, _ in made}
    store.delete("alice", "my-voice")
    store.add("alice", MINE, TWO)
    keys.add(store.reference("alice", "my-voice").key)
    assert len(keys) == 4
    assert [store.knows(key) for key in sorted(keys)].count(True) == 3
    assert sorted(store.keys()) == sorted(key for key in keys if store.knows(key))
    assert not store.knows("")
    assert not store.knows("..")


def test_who_keeps_what_is_made_of_a_voice_is_told_when_it_goes(store: VoiceStore) -> None:
    gone: list[str] = []
    store.on_delete(gone.append)
    store.add("alice", MINE, ONE)
    key = store.reference("alice", "my-voice").key
    store.give_consent("alice", "my-voice", Consent("A", "I agree"))
    assert gone == []
    store.delete("alice", "my-voice")
    assert gone == [key]


def test_a_delete_elsewhere_is_seen_within_half_a_minute(store: VoiceStore, replica: VoiceStore, clock: Clock) -> None:
    gone: list[str] = []
    replica.on_delete(gone.append)
    store.add("alice", MINE, ONE)
    key = replica.reference("alice", "my-voice").key
    store.delete("alice", "my-voice")
    assert store.find("alice", "my-voice") is None
    clock.now += REREAD_S
    replica.sweep()
    assert gone == [key]
    assert replica.find("alice", "my-voice") is None


def test_manifests_are_read_once_in_a_while(store: VoiceStore, replica: VoiceStore, clock: Clock) -> None:
    store.add("alice", MINE, ONE)
    assert replica.find("alice", "my-voice").state is State.AWAITING_CONSENT
    store.give_consent("alice", "my-voice", Consent("A", "I agree"))
    clock.now += REREAD_S - 1
    assert replica.find("alice", "my-voice").state is State.AWAITING_CONSENT
    clock.now += 1
    assert replica.find("alice", "my-voice").state is State.READY


def test_a_voice_made_elsewhere_is_seen_at_once(store: VoiceStore, replica: VoiceStore) -> None:
    assert replica.find("alice", "my-voice") is None
    store.add("alice", MINE, ONE)
    assert replica.find("alice", "my-voice") is not None


def test_a_voice_replaced_elsewhere_is_another(store: VoiceStore, replica: VoiceStore, clock: Clock) -> None:
    gone: list[str] = []
    replica.on_delete(gone.append)
    store.add("alice", MINE, ONE)
    key = replica.reference("alice", "my-voice").key
    store.delete("alice", "my-voice")
    store.add("alice", MINE, TWO)
    clock.now += REREAD_S
    assert replica.reference("alice", "my-voice").key != key
    assert gone == [key]


def test_two_replicas_that_make_the_same_voice(store: VoiceStore, replica: VoiceStore) -> None:
    ends: list[object] = []
    start = threading.Barrier(2)

    def add(to: VoiceStore) -> None:
        start.wait()
        try:
            ends.append(to.add("alice", MINE, ONE))
        except TroupeError as error:
            ends.append(error)

    threads = [threading.Thread(target=add, args=(to,)) for to in (store, replica)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(end).__name__ for end in ends) == ["ClonedVoice", "InvalidArgument"]
    assert len(store.all_of("alice")) == 1


def test_consent_is_recorded_with_its_circumstances(store: VoiceStore) -> None:
    consent = Consent("Alice", "I agree", NOW - 5, "films", NOW + 100)
    kept = store.add("alice", ClonedVoice("with-consent", "A", consent=consent), ONE)
    assert store.find("alice", "with-consent") == kept
    assert kept.consent.sample_sha256 == ONE.sha256
    assert kept.consent.received_at_unix_s == NOW
    assert len(kept.consent.recorded_by) == 32
    assert store.add("alice", ClonedVoice("without-it", "A"), ONE).state is State.AWAITING_CONSENT


def test_consent_given_anew_keeps_what_was(store: VoiceStore) -> None:
    store.add("alice", MINE, ONE)
    first = store.give_consent("alice", "my-voice", Consent("Alice", "For a year", expires_at_unix_s=NOW + 1)).consent
    kept = store.give_consent("alice", "MY-VOICE", Consent("Alice", "For good"))
    assert (kept.state, kept.past_consents) == (State.READY, (first,))
    assert store.find("alice", "my-voice") == kept
    with pytest.raises(InvalidArgument, match="speaker"):
        store.give_consent("alice", "my-voice", Consent("", "x"))


def test_an_id_is_taken_once(store: VoiceStore) -> None:
    store.add("alice", MINE, ONE)
    with pytest.raises(InvalidArgument, match="already"):
        store.add("alice", MINE, ONE)
    assert len(store.all_of("alice")) == 1


def test_a_key_has_a_quota(store: VoiceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("svc_tts.voices.store.MAX_VOICES", 1)
    store.add("alice", MINE, ONE)
    with pytest.raises(QuotaExceeded):
        store.add("alice", ClonedVoice("my-second", ""), ONE)
    store.add("bob", ClonedVoice("my-second", ""), ONE)


def test_what_a_dead_process_left_is_removed(store: VoiceStore, root: Path) -> None:
    store.add("alice", MINE, ONE)
    (owner,) = root.iterdir()
    for name, age_s in (("old", 4_000), ("new", 0)):
        folder = owner / f".aside-{name}"
        folder.mkdir()
        (folder / "voice.json").write_text(MINE.to_json())
        os.utime(folder, (NOW - age_s, NOW - age_s))
    assert len(store.all_of("alice")) == 1
    store.sweep()
    assert sorted(path.name for path in owner.iterdir()) == [".aside-new", "my-voice"]


def test_a_broken_voice_is_left_aside_and_can_be_deleted(store: VoiceStore, root: Path, clock: Clock) -> None:
    store.add("alice", MINE, ONE)
    (manifest,) = root.rglob("voice.json")
    manifest.write_text("{")
    clock.now += REREAD_S
    assert store.find("alice", "my-voice") is None
    assert store.all_of("alice") == ()
    with pytest.raises(InvalidArgument, match="already"):
        store.add("alice", MINE, ONE)
    store.delete("alice", "my-voice")
    store.add("alice", MINE, ONE)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Internal, match="VOICES_URL cannot be written to"):
        VoiceStore(tmp_path / "file" / "voices").add("alice", MINE, ONE)


def test_urls(tmp_path: Path) -> None:
    assert VoiceStore.at(f"file://{tmp_path}").all_of("x") == ()
    assert VoiceStore.at(str(tmp_path / "none")).keys() == ()
    with pytest.raises(NotSupported, match="s3"):
        VoiceStore.at("s3://bucket/voices")
