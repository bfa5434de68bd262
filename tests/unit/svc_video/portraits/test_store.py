from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from svc_video.portraits.store import ASIDE, ASIDE_S, ID, KEPT_S, PortraitStore, folder_of
from troupe.wire.errors import InvalidArgument, QuotaExceeded, UnknownPortrait

PICTURE = np.arange(64 * 80 * 3, dtype=np.uint8).reshape(64, 80, 3)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> PortraitStore:
    return PortraitStore(tmp_path / "portraits", clock)


def add(store: PortraitStore, owner: str = "me", *, keep: bool = False) -> str:
    return store.add(owner, PICTURE, "name", ("a note",), keep=keep).portrait_id


def test_what_was_stored_comes_back(store, clock) -> None:
    portrait_id = add(store)
    assert ID.fullmatch(portrait_id)
    assert (store.picture("me", portrait_id) == PICTURE).all()
    facts = store.facts("me", portrait_id)
    assert (facts.name, facts.notes, facts.width, facts.height) == ("name", ("a note",), 80, 64)
    assert (facts.created_at, facts.expires_at) == (1_000_000, 1_000_000 + KEPT_S)


def test_ids_are_never_the_same(store) -> None:
    assert len({add(store) for _ in range(20)}) == 20


@pytest.mark.parametrize("use", ["picture", "facts", "delete"])
def test_a_stranger_learns_nothing(store, use) -> None:
    portrait_id = add(store)
    with pytest.raises(UnknownPortrait) as strange:
        getattr(store, use)("stranger", portrait_id)
    with pytest.raises(UnknownPortrait) as never:
        getattr(store, use)("stranger", "p_" + "A" * 22)
    assert strange.value.message == never.value.message
    assert store.owned("stranger") == []
    assert store.picture("me", portrait_id).any()


@pytest.mark.parametrize(
    "portrait_id", ["", ".", "..", "../me", "p_/../../../etc/passwd", "p_" + "A" * 21 + "\n", "\0"]
)
def test_ids_that_are_paths_are_unknown(store, portrait_id) -> None:
    add(store)
    with pytest.raises(UnknownPortrait):
        store.picture("me", portrait_id)


@pytest.mark.parametrize("owner", ["", "../..", "a/b", "a\0b", "ключ", "x" * 5000])
def test_an_owners_name_is_no_path(store, tmp_path, owner) -> None:
    portrait_id = add(store, owner)
    assert store.owned(owner)[0].portrait_id == portrait_id
    assert [path.name for path in tmp_path.iterdir()] == ["portraits"]


def test_deleted_is_gone_from_the_disk(store, tmp_path) -> None:
    portrait_id = add(store)
    store.delete("me", portrait_id)
    assert store.owned("me") == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    with pytest.raises(UnknownPortrait):
        store.delete("me", portrait_id)


def test_the_newest_comes_first(store, clock) -> None:
    old = add(store)
    clock.now += 10
    new = add(store)
    assert [facts.portrait_id for facts in store.owned("me")] == [new, old]


def test_after_its_time_it_is_unknown_and_then_swept(store, clock, tmp_path) -> None:
    over, kept = add(store), add(store, keep=True)
    clock.now += KEPT_S
    with pytest.raises(UnknownPortrait):
        store.picture("me", over)
    assert [facts.portrait_id for facts in store.owned("me")] == [kept]
    assert store.sweep() == 1
    assert store.sweep() == 0
    assert len(list(tmp_path.rglob("portrait.json"))) == 1


def test_what_a_dead_process_left_is_neither_shown_nor_kept(store, clock, tmp_path) -> None:
    portrait_id = add(store)
    folder = next(tmp_path.rglob(portrait_id)).parent
    half = folder / f"{ASIDE}half"
    half.mkdir()
    (half / "picture.png").write_bytes(b"half a pic")
    os.utime(half, (clock.now, clock.now))
    assert len(store.owned("me")) == 1
    assert store.sweep() == 0  # another process may be writing it
    clock.now += ASIDE_S + 1
    assert store.sweep() == 1
    assert not half.exists()


def test_two_sweepers_do_not_trip_over_each_other(store, clock) -> None:
    for _ in range(10):
        add(store)
    clock.now += KEPT_S
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: store.sweep(), range(4))) >= 10
    assert store.owned("me") == []


def test_one_key_may_not_fill_the_disk(store, monkeypatch) -> None:
    monkeypatch.setattr("svc_video.portraits.store.MAX_OWNED", 2)
    add(store)
    portrait_id = add(store)
    with pytest.raises(QuotaExceeded, match="Delete"):
        add(store)
    add(store, "somebody else")
    store.delete("me", portrait_id)
    add(store)


def test_facts_are_plain_json(store, tmp_path) -> None:
    add(store)
    assert json.loads(next(tmp_path.rglob("portrait.json")).read_text())["name"] == "name"


def test_the_url_names_a_folder(tmp_path) -> None:
    assert folder_of("./portraits") == Path("portraits")
    assert folder_of(f"file://{tmp_path}") == tmp_path
    with pytest.raises(InvalidArgument, match="s3"):
        folder_of("s3://bucket/portraits")
    (tmp_path / "file").touch()
    with pytest.raises(InvalidArgument, match="is a file"):
        folder_of(str(tmp_path / "file"))
