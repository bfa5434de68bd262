import io

import pytest
from PIL import Image

from gateway.guard.uploads import check_film, check_picture, check_sound
from troupe.wire.errors import MediaTooLarge, UnsupportedMedia

MIB = 1024 * 1024


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WebP"])
def test_pictures_are_known_by_their_bytes(kind) -> None:
    file = io.BytesIO()
    Image.new("RGB", (4, 4)).save(file, kind)
    assert check_picture(file.getvalue(), MIB) == kind


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("WAV", b"RIFF\x00\x00\x00\x00WAVEfmt "),
        ("FLAC", b"fLaC\x00\x00\x00\x22"),
        ("Ogg", b"OggS\x00\x02"),
        ("MP3", b"ID3\x04\x00"),
        ("MP3", b"\xff\xfb\x90\x64" + bytes(20)),
        ("AAC", b"\xff\xf1\x50\x80" + bytes(20)),
        ("M4A", b"\x00\x00\x00\x20ftypM4A "),
        ("WebM", b"\x1a\x45\xdf\xa3"),
    ],
)
def test_sounds_are_known_by_their_bytes(kind, data) -> None:
    assert check_sound(data, MIB) == kind


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"just some text", "is a text"),
        (b"", "is empty"),
        (b"#EXTM3U\nhttp://169.254.169.254/", "is a text"),
        (b"GIF89a" + bytes(10), "unknown kind"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "a WAV file"),
        (b"\x7fELF" + bytes(60), "unknown kind"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is a text"),
    ],
)
def test_what_is_no_picture_is_told_what_it_looks_like(data, says) -> None:
    with pytest.raises(UnsupportedMedia, match=says) as caught:
        check_picture(data, MIB)
    assert "PNG, JPEG or WebP" in caught.value.message


def test_a_picture_is_no_sound() -> None:
    with pytest.raises(UnsupportedMedia, match="a PNG file"):
        check_sound(b"\x89PNG\r\n\x1a\n" + bytes(20), MIB)


def test_too_many_bytes_are_too_many() -> None:
    with pytest.raises(MediaTooLarge, match="at most 4 "):
        check_sound(b"fLaC\x00", 4)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("MP4 or MOV", b"\x00\x00\x00\x18ftypisom"),
        ("MP4 or MOV", b"\x00\x00\x00\x14ftypqt  "),
        ("MP4 or MOV", b"\x00\x00\x02\x6cmoov\x00\x00"),
        ("WebM", b"\x1a\x45\xdf\xa3"),
    ],
)
def test_films_are_known_by_their_bytes(kind, data) -> None:
    assert check_film(data, MIB) == kind


@pytest.mark.parametrize("data", [b"RIFF\x00\x00\x00\x00AVI LIST", b"", b"a film"])
def test_what_is_no_film_is_told_what_is_taken(data) -> None:
    with pytest.raises(UnsupportedMedia, match="MP4, WebM or MOV"):
        check_film(data, MIB)
