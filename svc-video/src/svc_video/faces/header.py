"""Width and height of a PNG, JPEG or WebP, read from its header before anything is decoded."""

import struct

from troupe.wire.errors import UnsupportedMedia

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
JPEG_MAGIC = b"\xff\xd8\xff"
FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0..15 without the tables among them
BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length


def picture_size(content: bytes) -> tuple[str, int, int]:
    """("PNG" | "JPEG" | "WEBP", width, height); UnsupportedMedia for anything else or a broken header."""
    try:
        if content.startswith(PNG_MAGIC):
            return ("PNG", *struct.unpack(">II", content[16:24]))
        if content.startswith(JPEG_MAGIC):
            return ("JPEG", *_jpeg(content))
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return ("WEBP", *_webp(content))
    except (struct.error, IndexError) as error:
        raise UnsupportedMedia("The picture is cut off inside its header. Send the whole file.") from error
    raise UnsupportedMedia(
        "This is not a picture that can be read: its content is neither PNG, JPEG nor WebP, whatever its name says. "
        "Send a PNG, JPEG or WebP file."
    )


def _jpeg(content: bytes) -> tuple[int, int]:
    """Walks the segments up to the first frame header."""
    at = 2
    while True:
        marker = content[at + 1]
        if content[at] != 0xFF or marker == 0xFF:
            at += 1  # fill bytes
        elif marker in FRAME_MARKERS:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        elif marker in BARE_MARKERS:
            at += 2
        else:
            at += 2 + struct.unpack(">H", content[at + 2 : at + 4])[0]


def _webp(content: bytes) -> tuple[int, int]:
    """The three kinds of first chunk: extended, lossless, lossy."""
    kind = content[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(content[24:27], "little"), 1 + int.from_bytes(content[27:30], "little")
    if kind == b"VP8L":
        bits = struct.unpack("<I", content[21:25])[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack("<HH", content[26:30])
    return width & 0x3FFF, height & 0x3FFF
