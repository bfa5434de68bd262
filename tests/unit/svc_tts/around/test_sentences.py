from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from svc_tts.around.sentences import Sentence, SentenceKey, SentenceStore
from svc_tts.engine import Phone, SpokenWord

RATE = 24_000
SOUND = (np.sin(np.arange(RATE) / 20) * 9_000).astype("<i2").tobytes()
SENTENCE = Sentence(RATE, SOUND, (SpokenWord(0, 2, 0.1, 0.25),), (Phone("æ", 0.1, 0.25, stressed=True),))
KEY = SentenceKey.of("", "hello", 1.0)
NOISE = np.random.default_rng(3).integers(-9_000, 9_000, 50_000, dtype=np.int16).tobytes()  # does not get smaller


@pytest.fixture
def store(tmp_path: Path) -> SentenceStore:
    return SentenceStore(tmp_path, 1 << 20)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_is_kept_is_what_was_said(store: SentenceStore) -> None:
    assert store.get(KEY) is None
    store.put(KEY, SENTENCE)
    assert store.get(KEY) == SENTENCE


def test_it_is_smaller_than_its_sound_and_mp3_stays_as_it_is(store: SentenceStore, tmp_path: Path) -> None:
    store.put(KEY, SENTENCE)
    assert files(tmp_path)[0].stat().st_size < 0.7 * len(SOUND)
    given = Sentence(RATE, b"", SENTENCE.words, (), b"\xff\xfb mp3")
    other = SentenceKey.of("", "mp3")
    store.put(other, given)
    assert store.get(other) == given


def test_no_text_is_in_names_or_files(store: SentenceStore, tmp_path: Path) -> None:
    store.put(SentenceKey.of("alices-voice", "a secret sentence"), SENTENCE)
    (path,) = files(tmp_path)
    assert "secret" not in str(path)
    assert "alice" not in str(path)
    assert b"secret" not in path.read_bytes()


def test_keys_differ_in_everything() -> None:
    made = [("", "a", "b"), ("", "ab"), ("", "a", "b", 1.0), ("", "a", "b", 1.5), ("x", "a", "b"), ("", "b", "a")]
    assert len({SentenceKey.of(voice, *rest) for voice, *rest in made}) == len(made)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign"])
def test_damaged_files_are_absent_and_go(store: SentenceStore, tmp_path: Path, damage: str) -> None:
    store.put(KEY, SENTENCE)
    (path,) = files(tmp_path)
    data = path.read_bytes()
    flipped = data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]
    path.write_bytes({"cut": data[:500], "flipped": flipped, "empty": b"", "foreign": b"RIFF" + data}[damage])
    assert store.get(KEY) is None
    assert not path.exists()
    store.put(KEY, SENTENCE)
    assert store.get(KEY) == SENTENCE


def test_the_folder_stays_within_its_bound_and_what_was_used_last_stays(tmp_path: Path) -> None:
    bound = 1_000_000
    store = SentenceStore(tmp_path, bound)
    loved = SentenceKey.of("", "loved")
    for number in range(40):  # 4 MB
        store.put(loved if not number else SentenceKey.of("", number), Sentence(RATE, NOISE))
        for path in files(tmp_path):
            os.utime(path, (path.stat().st_atime - 10, path.stat().st_mtime - 10))
        assert store.get(loved) is not None
        assert sum(path.stat().st_size for path in files(tmp_path)) <= bound * 1.1
    assert store.get(SentenceKey.of("", 39)) is not None
    assert store.get(SentenceKey.of("", 1)) is None


def test_what_others_wrote_counts(tmp_path: Path) -> None:
    for number in range(8):
        SentenceStore(tmp_path, 10_000_000).put(SentenceKey.of("", number), Sentence(RATE, NOISE))
    SentenceStore(tmp_path, 400_000).put(SentenceKey.of("", 9), Sentence(RATE, bytes(NOISE)[:20_000]))
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 400_000


def test_one_sentence_does_not_push_out_the_rest(tmp_path: Path) -> None:
    SentenceStore(tmp_path, 8 * 90_000).put(KEY, Sentence(RATE, NOISE))
    assert files(tmp_path) == []


def test_a_voice_takes_its_sentences_with_it(store: SentenceStore, tmp_path: Path) -> None:
    mine, other = SentenceKey.of("clone-1", "hi"), SentenceKey.of("clone-2", "hi")
    for key in (mine, other, KEY):
        store.put(key, SENTENCE)
    store.purge("clone-1")
    assert (store.get(mine), store.get(other), store.get(KEY)) == (None, SENTENCE, SENTENCE)
    store.put(mine, SENTENCE)  # it was being said meanwhile
    assert store.get(mine) is None
    store.purge_others(["clone-3"])
    assert (store.get(other), store.get(KEY)) == (None, SENTENCE)
    assert len(files(tmp_path)) == 1


def test_what_was_abandoned_goes(tmp_path: Path) -> None:
    old, young = tmp_path / "presets" / ".old", tmp_path / "presets" / ".young"
    old.parent.mkdir()
    old.write_bytes(b"x")
    young.write_bytes(b"x")
    os.utime(old, (0, time.time() - 7_200))
    SentenceStore(tmp_path, 1 << 20).put(KEY, SENTENCE)
    assert (old.exists(), young.exists()) == (False, True)


def test_a_folder_that_cannot_be_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    store = SentenceStore(tmp_path / "file", 1 << 20)
    for _ in range(3):
        store.put(KEY, SENTENCE)
        assert store.get(KEY) is None
    assert caplog.text.count("cannot be kept") == 1


def test_several_at_once_do_not_harm_each_other(tmp_path: Path) -> None:
    wrong: list[Sentence] = []

    def work(store: SentenceStore, first: int) -> None:
        for number in range(first, first + 20):
            store.put(SentenceKey.of("", number % 7), Sentence(RATE, NOISE[: 1_000 * (number % 7 + 1)]))
            found = store.get(SentenceKey.of("", number % 5))
            if found is not None and len(found.pcm) != 1_000 * (number % 5 + 1):
                wrong.append(found)

    threads = [threading.Thread(target=work, args=(SentenceStore(tmp_path, 60_000), n)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
