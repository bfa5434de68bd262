"""Uploaded bytes are judged by their first bytes, never by name, before anything reads further."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from troupe.wire.errors import MediaTooLarge, UnsupportedMedia

Magic = Callable[[bytes], bool]

HEAD_BYTES = 16
PRINTABLE = 0.95  # this share of printable characters and it is called a text

PICTURES: Mapping[str, Magic] = {
    "PNG": lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"),
    "JPEG": lambda head: head.startswith(b"\xff\xd8\xff"),
    "WebP": lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP",
}
SOUNDS: Mapping[str, Magic] = {
    "WAV": lambda head: head[:4] == b"RIFF" and head[8:12] == b"WAVE",
    "FLAC": lambda head: head.startswith(b"fLaC"),
    "Ogg": lambda head: head.startswith(b"OggS"),
    "MP3": lambda head: head.startswith(b"ID3") or _is_mpeg_frame(head),
    "AAC": lambda head: len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0,
    "M4A": lambda head: head[4:8] == b"ftyp",
    "WebM": lambda head: head.startswith(b"\x1a\x45\xdf\xa3"),
}

FILMS: Mapping[str, Magic] = {
    "MP4 or MOV": lambda head: head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free"},
    "WebM": lambda head: head.startswith(b"\x1a\x45\xdf\xa3"),
}


def check_picture(data: bytes, max_bytes: int) -> str:
    """The kind of picture; raises `UnsupportedMedia` or `MediaTooLarge`."""
    return _check(data, PICTURES, "picture", "a PNG, JPEG or WebP", max_bytes)


def check_sound(data: bytes, max_bytes: int) -> str:
    """The kind of sound file; raises `UnsupportedMedia` or `MediaTooLarge`."""
    return _check(data, SOUNDS, "sound file", "WAV, FLAC, Ogg (Opus or Vorbis), MP3, AAC, M4A or WebM", max_bytes)


def check_film(data: bytes, max_bytes: int) -> str:
    """The kind of film; raises `UnsupportedMedia` or `MediaTooLarge`."""
    return _check(data, FILMS, "film", "an MP4, WebM or MOV", max_bytes)


def _check(data: bytes, kinds: Mapping[str, Magic], what: str, allowed: str, max_bytes: int) -> str:
    if len(data) > max_bytes:
        raise MediaTooLarge(f"The {what} has {len(data):,} bytes; at most {max_bytes:,} are taken.")
    head = data[:HEAD_BYTES]
    for kind, matches in kinds.items():
        if matches(head):
            return kind
    raise UnsupportedMedia(f"The {what} is {_looks_like(data)}; send {allowed}.")


def _looks_like(data: bytes) -> str:
    if not data:
        return "empty"
    others = {**PICTURES, **SOUNDS}
    for kind, matches in others.items():
        if matches(data[:HEAD_BYTES]):
            return f"a {kind} file"
    sample = data[:512].decode("utf-8", "replace")
    printable = sum(character.isprintable() or character.isspace() for character in sample)
    return "a text" if printable >= PRINTABLE * len(sample) and "\ufffd" not in sample else "of an unknown kind"


def _is_mpeg_frame(head: bytes) -> bool:
    """An MPEG audio frame header: sync, a known layer and bit rate."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    layer, bitrate, rate = head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    return layer != 0 and bitrate not in {0, 15} and rate != 3
