from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from svc_video.engine import NO_OPTIONS, EngineFacts, Options, Prepared
from svc_video.framing import USUAL_FRAMING, Background, Framing
from svc_video.portraits.avatars import shipped
from svc_video.portraits.gallery import KEPT_FACES, Gallery
from svc_video.portraits.store import MAX_KEPT, PortraitStore
from troupe.wire.errors import UnknownPortrait

SIZE = (64, 64)


class Preparing:
    """An engine that counts how often it prepares."""

    def __init__(self) -> None:
        self.prepared: list[tuple[int, int]] = []
        self.facts = EngineFacts("m", "1", "cpu", "MIT", commercial_use=True, portrait_options=("mode", "size"))

    def prepare(
        self,
        picture: np.ndarray,
        width: int,
        height: int,
        kept: Path | None = None,
        framing: Framing = USUAL_FRAMING,
        *,
        options: Options = NO_OPTIONS,
    ) -> Prepared:
        if kept is not None:
            kept.write_bytes(b"found")
        self.prepared.append((width, height))
        return Prepared(width, height, picture)


@pytest.fixture
def gallery(tmp_path) -> Gallery:
    return Gallery(PortraitStore(tmp_path))


@pytest.fixture
def engine() -> Preparing:
    return Preparing()


def stored(gallery: Gallery, owner: str = "me") -> str:
    return gallery.store.add(owner, np.zeros((64, 64, 3), np.uint8), "", (), keep=False).portrait_id


def test_a_face_is_prepared_once_per_engine_and_size(gallery, engine) -> None:
    portrait_id = stored(gallery)
    first = gallery.prepared("still", engine, "me", portrait_id, SIZE)
    assert gallery.prepared("still", engine, "me", portrait_id, SIZE) is first
    gallery.prepared("still", engine, "me", portrait_id, (128, 64))
    gallery.prepared("portrait", engine, "me", portrait_id, SIZE)
    assert engine.prepared == [(64, 64), (128, 64), (64, 64)]


def test_avatars_are_prepared_once_for_everybody(gallery, engine) -> None:
    avatar = gallery.default
    assert avatar == next(iter(shipped()))
    first = gallery.prepared("still", engine, "me", avatar, SIZE)
    assert gallery.prepared("still", engine, "you", avatar, SIZE) is first


def test_a_prepared_face_is_no_way_round_the_owner(gallery, engine) -> None:
    portrait_id = stored(gallery)
    gallery.prepared("still", engine, "me", portrait_id, SIZE)
    with pytest.raises(UnknownPortrait):
        gallery.prepared("still", engine, "you", portrait_id, SIZE)


def test_what_was_found_is_kept_beside_the_picture_and_not_without_bound(gallery, engine, tmp_path) -> None:
    portrait_id = stored(gallery)
    for step in range(MAX_KEPT + 3):
        gallery.prepared("still", engine, "me", portrait_id, (64 + 2 * step, 64))
    kept = list(tmp_path.rglob("*.kept"))
    assert len(kept) == MAX_KEPT
    assert {path.parent.name for path in kept} == {portrait_id}
    gallery.delete("me", portrait_id)
    assert list(tmp_path.rglob("*.kept")) == []


def test_deleting_forgets_the_face_too(gallery, engine) -> None:
    portrait_id = stored(gallery)
    gallery.prepared("still", engine, "me", portrait_id, SIZE)
    gallery.delete("me", portrait_id)
    with pytest.raises(UnknownPortrait):
        gallery.prepared("still", engine, "me", portrait_id, SIZE)


def test_only_the_last_used_faces_are_kept(gallery, engine) -> None:
    avatar = gallery.default
    sizes = [(64 + 2 * step, 64) for step in range(KEPT_FACES)]
    for size in sizes:
        gallery.prepared("still", engine, "", avatar, size)
    gallery.prepared("still", engine, "", avatar, sizes[0])  # used again: stays
    gallery.prepared("still", engine, "", avatar, (512, 64))  # one too many
    before = len(engine.prepared)
    gallery.prepared("still", engine, "", avatar, sizes[0])
    assert len(engine.prepared) == before
    gallery.prepared("still", engine, "", avatar, sizes[1])
    assert len(engine.prepared) == before + 1


def test_an_unknown_id_names_the_nearest_avatar(gallery, engine) -> None:
    avatar = gallery.default
    with pytest.raises(UnknownPortrait, match=f'Did you mean "{avatar}"'):
        gallery.prepared("still", engine, "", avatar.upper() + "x", SIZE)


def test_each_shape_and_background_is_a_face_of_its_own(gallery, engine, tmp_path) -> None:
    portrait_id = stored(gallery)
    looks = [
        USUAL_FRAMING,
        Framing("landscape"),
        Framing("square", Background("blur")),
        Framing("square", Background("colour", (1, 2, 3))),
    ]
    faces = [gallery.prepared("p", engine, "me", portrait_id, SIZE, framing=look) for look in looks]
    assert len({id(face) for face in faces}) == 4
    assert gallery.prepared("p", engine, "me", portrait_id, SIZE, framing=looks[2]) is faces[2]
    assert len(list(tmp_path.rglob("*.kept"))) == 4


def test_the_frame_follows_from_the_picture_where_it_is_to(gallery, engine) -> None:
    wide = gallery.store.add("me", np.zeros((200, 300, 3), np.uint8), "", (), keep=False).portrait_id
    assert gallery.prepared("p", engine, "me", wide, (0, 0), framing=Framing("original")).width == 768
    assert gallery.prepared("p", engine, "", gallery.default, (0, 100), framing=Framing("original")).height == 100


def test_a_portrait_behind_another_leaves_with_it(gallery, engine, tmp_path) -> None:
    front, behind = stored(gallery), stored(gallery)
    look = Framing("square", gallery.background("me", behind))
    face = gallery.prepared("p", engine, "me", front, SIZE, framing=look)
    assert gallery.prepared("p", engine, "me", front, SIZE, framing=look) is face
    assert list(tmp_path.rglob("*.kept")) == []  # nothing of it stays beside the other picture
    gallery.delete("me", behind)
    assert gallery._faces == {}
    with pytest.raises(UnknownPortrait):
        gallery.background("me", behind)


def test_a_strangers_portrait_cannot_stand_behind(gallery) -> None:
    with pytest.raises(UnknownPortrait):
        gallery.background("you", stored(gallery, "me"))


def test_what_changes_how_a_portrait_is_prepared_makes_a_face_of_its_own(gallery, engine, tmp_path) -> None:
    portrait_id = stored(gallery)

    def face(**options) -> Prepared:
        return gallery.prepared("p", engine, "me", portrait_id, SIZE, options=options)

    plain = face()
    assert face(seed_of_motion=3) is plain
    full = face(mode="full")
    assert full is not plain
    assert face(mode="full", seed_of_motion=4) is full
    assert face(mode="full", size=512) is not full
    assert len(list(tmp_path.rglob("*.kept"))) == 3
