"""The names a `Framing` may hold: refused at the gateway before anything is spoken, and at the service in any case."""

from __future__ import annotations

import re

from troupe.wire.errors import InvalidArgument, MediaTooLarge, nearest

ASPECTS = ("square", "portrait", "landscape", "original")
BACKGROUNDS = ("keep", "blur", "green", "image")
COLOUR = re.compile(r"#[0-9a-f]{6}")
MAX_BACKGROUND_BYTES = 3_500_000
"""Of a background picture: it travels in the settings, and a message holds 4 MiB."""


def aspect_name(name: str) -> str:
    """The aspect as it is written; empty stays empty. Raises `InvalidArgument`, naming the nearest."""
    wanted = name.strip().casefold()
    if wanted and wanted not in ASPECTS:
        known = ", ".join(f'"{aspect}"' for aspect in ASPECTS)
        raise InvalidArgument(f'aspect is "{name}"; allowed: {known}.{nearest(wanted, ASPECTS)}', field="aspect")
    return wanted


def background_name(name: str, *, pictured: bool) -> str:
    """The background as it is written: one of BACKGROUNDS or "#rrggbb"; `pictured`: a picture for it came too.

    Empty is "keep", or "image" with a picture. Raises `InvalidArgument`, saying what is allowed.
    """
    wanted = name.strip().casefold() or ("image" if pictured else "keep")
    if wanted == "transparent":
        raise InvalidArgument(
            'A film has no transparency (H.264 and VP9 as made here carry none). Ask for background "green" '
            "(#00b140) and key it out, or for any other colour.",
            field="background",
        )
    if wanted not in BACKGROUNDS and not COLOUR.fullmatch(wanted):
        known = '"keep", "blur", "green", a colour as "#rrggbb", or "image" with a picture'
        raise InvalidArgument(
            f'background is "{name}"; allowed: {known}.{nearest(wanted, BACKGROUNDS)}', field="background"
        )
    if pictured and wanted != "image":
        raise InvalidArgument(
            f'background is "{name}" and a picture for it came too: say "image", or leave it out.', field="background"
        )
    if wanted == "image" and not pictured:
        raise InvalidArgument(
            'background is "image": send the picture too, or name a stored portrait as background_id.',
            field="background",
        )
    return wanted


def check_background_size(data: bytes) -> None:
    """Raise `MediaTooLarge` for a picture that does not fit into a message."""
    if len(data) > MAX_BACKGROUND_BYTES:
        raise MediaTooLarge(
            f"The background picture has {len(data):,} bytes; at most {MAX_BACKGROUND_BYTES:,} are taken. Scale it "
            "down: 1920 pixels on the longer side are plenty.",
            field="background",
        )
