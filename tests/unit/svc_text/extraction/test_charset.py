from __future__ import annotations

import pytest

from svc_text.extraction.charset import decode
from svc_text.extraction.unreadable import Unreadable

GERMAN = "<p>Grüße aus München, wir fertigen Möbel für Büros.</p>"
META = '<meta charset="{}">'


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (GERMAN.encode(), ""),
        (GERMAN.encode("utf-16"), "text/html"),
        (b"\xef\xbb\xbf" + GERMAN.encode(), "text/html; charset=iso-8859-1"),
        (GERMAN.encode("cp1252"), "text/html; charset=ISO-8859-1"),
        ((META.format("windows-1252") + GERMAN).encode("cp1252"), "text/html"),
        ((META.format("utf-8") + GERMAN).encode("cp1252"), "text/html"),  # the page is wrong about itself
        ((META.format("rot13") + GERMAN).encode(), "text/html"),  # a codec of Python, no charset
        ((META.format("utf-16") + GERMAN).encode(), "text/html"),  # what could be read so far is no UTF-16
    ],
)
def test_the_encoding_is_found(data: bytes, content_type: str) -> None:
    assert decode(data, content_type).endswith(GERMAN)


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("gb2312", "gb18030", "云栖山茶业"),
        ("Shift_JIS", "cp932", "みどり精機"),
        ("koi8-r", "koi8-r", "Мы делаем насосы"),
    ],
)
def test_labels_mean_what_the_web_means(label: str, codec: str, text: str) -> None:
    assert text in decode((META.format(label) + text).encode(codec), "text/html")


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (b" \n", "empty_text", "empty"),
        (b"%PDF-1.7\n...", "unsupported_media", "a PDF"),
        (b"\x89PNG\r\n\x1a\n", "unsupported_media", "a PNG picture"),
        (b"PK\x03\x04....", "unsupported_media", "office document"),
        (bytes(range(256)) * 20, "unsupported_media", "no text"),
    ],
)
def test_what_is_no_page_says_what_it_is(data: bytes, code: str, says: str) -> None:
    with pytest.raises(Unreadable) as caught:
        decode(data, "text/html")
    assert caught.value.code == code
    assert says in caught.value.message


def test_nuls_are_left_out() -> None:
    assert decode(b"<p>wo\x00rd, and some more of them</p>", "") == "<p>word, and some more of them</p>"
