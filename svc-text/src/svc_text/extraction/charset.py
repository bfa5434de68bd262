"""Bytes -> characters: what kind of thing the bytes are, and in which encoding.

The order is the web's: a byte order mark, the server's word, the page's own word, UTF-8 if it fits, a guess. What a
label means is the web's too (https://encoding.spec.whatwg.org/#names-and-labels): "iso-8859-1" is windows-1252.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping

from charset_normalizer import from_bytes

from svc_text.extraction.unreadable import empty, unsupported

PROLOGUE_BYTES = 4096  # how far a page's own word about its encoding is looked for
GUESSED_BYTES = 64 * 1024  # how much is looked at to guess an encoding
MOST_BAD = 0.02  # share of characters that may be broken before the label is not believed
MOST_CONTROL = 0.05  # share of control characters above which bytes are no text
LAST_RESORT = "cp1252"  # every page of the old web can be read so

_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"RIFF", "a sound, a film or a WebP picture"),
    (b"ID3", "a sound"),
    (b"OggS", "a sound"),
    (b"\x1f\x8b", "gzip (send it unpacked)"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)
_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MEANT: Mapping[str, str] = {
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "iso-8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "sjis": "cp932",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "big5": "big5hkscs",
    "utf-16": "utf-8",  # without a mark, a page that could be read so far is no UTF-16
    "utf-16le": "utf-8",
    "utf-16be": "utf-8",
}
_ALLOWED = re.compile(
    r"utf-?8|cp(?:125\d|866|874|932|949)|windows-(?:125\d|874)|iso-?8859-\d{1,2}|koi8-[ru]|mac-?roman|macintosh"
    r"|gb18030|big5hkscs|euc[-_]jp|iso-2022-jp"
)
"""Python has codecs that are no charsets of pages: a label never picks one of those."""
_DECLARED = re.compile(
    rb"""<(?:meta|\?xml)[^>]{0,300}?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE
)
_SERVERS = re.compile(r"""charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def decode(data: bytes, content_type: str) -> str:
    """The characters of a page; raises `Unreadable` for what is no text."""
    if not data.strip():
        raise empty("The page is empty. Send the bytes of a page that has text.")
    _refuse_other_kinds(data)
    text = _decoded(data, content_type)
    if len(_CONTROL.findall(text[:GUESSED_BYTES])) > MOST_CONTROL * min(len(text), GUESSED_BYTES):
        raise unsupported("These bytes are no text. Send an HTML page or plain text.")
    return text.replace("\x00", "")


def _refuse_other_kinds(data: bytes) -> None:
    for magic, kind in _KINDS:
        if data.startswith(magic):
            raise unsupported(f"This is {kind}, not a page. Send an HTML page or plain text.")


def _decoded(data: bytes, content_type: str) -> str:
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace")
    for label in _labels(data, content_type):
        text = data.decode(label, "replace")
        if text.count("\ufffd") <= MOST_BAD * len(text):
            return text
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(_guess(data), "replace")


def _labels(data: bytes, content_type: str) -> list[str]:
    """Encodings that the server and the page name, as the web means them."""
    said = [match.group(1) for match in (_SERVERS.search(content_type),) if match]
    said += [match.group(1).decode("ascii", "replace") for match in (_DECLARED.search(data[:PROLOGUE_BYTES]),) if match]
    meant = [_MEANT.get(label.lower(), label.lower()) for label in said]
    return [label for label in meant if _ALLOWED.fullmatch(label) and _known(label)]


def _known(label: str) -> bool:
    try:
        codecs.lookup(label)
    except LookupError:
        return False
    return True


def _guess(data: bytes) -> str:
    best = from_bytes(data[:GUESSED_BYTES], steps=5, threshold=0.3).best()
    return best.encoding if best is not None else LAST_RESORT
