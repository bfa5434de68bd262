from __future__ import annotations

import pytest
from PIL import ImageFont, features

from svc_video.fonts import FontBook, Typeface, printable, runs_right_to_left


@pytest.fixture(scope="module")
def own() -> FontBook:
    """Only the font that Pillow brings."""
    return FontBook(folders=())


@pytest.mark.parametrize("text", ["Hello, I am new here!", "42 %", "don't"])
def test_plain_latin_needs_no_system_font(own, text) -> None:
    assert own.face_for(text) is own.faces[0]


@pytest.mark.parametrize("text", ["你好", "สวัสดี", "\ue123x你"])
def test_letters_that_are_not_there_are_seen(own, text) -> None:
    assert own.face_for(text) is None


def test_a_system_font_is_asked_where_the_own_one_lacks_a_letter(tmp_path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "NotoSans-Test.ttf").write_bytes(b"no font either")
    book = FontBook(folders=(str(tmp_path), str(tmp_path / "missing")))
    assert len(book.faces) == 3
    assert book.face_for("你好") is None  # files that are no fonts are passed over
    assert book.face_for("hello") is book.faces[1]


def test_bold_faces_come_first_and_odd_ones_not_at_all(tmp_path) -> None:
    good = ("Zebra.ttf", "NotoSans-Bold.ttf", "DejaVuSans-Bold.ttf")
    for name in (*good, "DejaVuSansMono.ttf", "x-Italic.otf", "a.txt"):
        (tmp_path / name).write_bytes(b"")
    faces = FontBook(folders=(str(tmp_path),)).faces
    names = [face._path and face._path.name for face in faces]
    assert names == ["DejaVuSans-Bold.ttf", "NotoSans-Bold.ttf", None, "Zebra.ttf"]  # None = Pillow's own
    assert [face.is_regular for face in faces] == [False, False, True, True]


def test_a_sign_the_face_lacks_is_left_out_and_its_letters_stay() -> None:
    assert printable(Typeface(), "so⟁, yes") == "so, yes"


def test_scripts_that_run_from_right_to_left_are_known() -> None:
    assert runs_right_to_left("“مرحبا")
    assert runs_right_to_left("שלום")
    assert not runs_right_to_left("Hello مرحبا")
    assert not runs_right_to_left("42")


def test_without_a_shaper_letters_that_join_are_not_drawn_apart(own, monkeypatch) -> None:
    monkeypatch.setattr(features, "check", lambda _name: False)
    assert own.face_for("مرحبا") is None
    assert own.face_for("hello") is not None


def test_a_pillow_without_freetype_sets_nothing(own, monkeypatch) -> None:
    monkeypatch.setattr(ImageFont, "load_default", lambda _size: object())
    book = FontBook(folders=())
    monkeypatch.setattr("svc_video.fonts.LOOK_SIZE", 21)  # none is loaded at that size yet
    assert book.face_for("hello") is None
