"""What `SadtalkerSettings` may hold: refused at the gateway before anything is spoken, and at the service in any case.

Upstream's limits (its command line) where it has any; the others keep a slip of the pen from becoming a strange film.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

from troupe.wire.errors import InvalidArgument, MediaTooLarge, nearest

PREPROCESSES = ("crop", "extcrop", "resize", "full", "extfull")
SEAMS = ("feather", "poisson", "upstream")
FOLLOWED = ("pose", "blink", "both")
"""What of a reference film is followed."""
SIZES = (256, 512)  # pixels of the networks' square
POSE_STYLES = 46
MAX_SCALE = 3.0  # of expression and pose; beyond it faces tear
MAX_ANGLE = 90.0  # degrees
MAX_ANGLES = 64  # of one axis
MAX_ENHANCER = 64  # characters of its name
MAX_REFERENCE_BYTES = 3_500_000
"""Of a reference film, with a background picture: they travel in the settings, and a message holds 4 MiB."""


def check_sadtalker(settings: Any, reference: bytes, beside_bytes: int = 0) -> None:
    """Raise `InvalidArgument` or `MediaTooLarge` for a value that is not allowed.

    `settings`: a `SadtalkerSettings`, or anything else with its fields; `beside_bytes` travel in the same message as
    the reference. Names may be written in any case: `known_name` gives the plain one.
    """
    known_name("preprocess", settings.preprocess, PREPROCESSES)
    known_name("seam", settings.seam, SEAMS)
    known_name("reference_for", settings.reference_for, FOLLOWED)
    if not 0 <= settings.pose_style < POSE_STYLES:
        raise _refused("pose_style", settings.pose_style, f"0 to {POSE_STYLES - 1}")
    if settings.size and settings.size not in SIZES:
        raise _refused("size", settings.size, f"{', '.join(map(str, SIZES))}; 0 = {SIZES[0]}")
    _within("expression_scale", settings.expression_scale, MAX_SCALE, "0 = 1")
    _within("pose_scale", settings.pose_scale, MAX_SCALE, "unset = 1")
    _within("blink_rate", settings.blink_rate, 1.0, "unset = 1")
    for axis in ("yaw", "pitch", "roll"):
        _check_angles(axis, getattr(settings, axis))
    if len(settings.enhancer) > MAX_ENHANCER:
        raise _refused("enhancer", f"{len(settings.enhancer)} characters long", f"at most {MAX_ENHANCER}")
    _check_reference(settings.reference_for, len(reference), beside_bytes)


def known_name(field: str, name: str, known: Collection[str]) -> str:
    """The name as it is written; empty stays empty. Raises `InvalidArgument`, naming the nearest."""
    wanted = name.strip().casefold()
    if wanted and wanted not in known:
        allowed = ", ".join(f'"{each}"' for each in known)
        raise InvalidArgument(
            f'sadtalker.{field} is "{name[:32]}"; allowed: {allowed}.{nearest(wanted[:32], known)}',
            field=f"sadtalker.{field}",
        )
    return wanted


def _within(field: str, value: float | None, most: float, unset: str) -> None:
    if value is not None and not 0 <= value <= most:
        raise _refused(field, f"{value:g}", f"0 to {most:g}, {unset}")


def _check_angles(axis: str, degrees: Sequence[float]) -> None:
    if len(degrees) > MAX_ANGLES:
        raise _refused(axis, f"a list of {len(degrees)} angles", f"at most {MAX_ANGLES}")
    for angle in degrees:
        if not math.isfinite(angle) or abs(angle) > MAX_ANGLE:
            raise _refused(axis, f"{angle:g} degrees", f"-{MAX_ANGLE:g} to {MAX_ANGLE:g}")


def _check_reference(followed: str, size: int, beside_bytes: int) -> None:
    if followed and not size:
        raise InvalidArgument(
            f'sadtalker.reference_for is "{followed[:32]}" and there is no film to follow: send it as `reference`.',
            field="sadtalker.reference_for",
        )
    if size and size + beside_bytes > MAX_REFERENCE_BYTES:
        together = f" and the background picture {beside_bytes:,}" if beside_bytes else ""
        raise MediaTooLarge(
            f"The reference film has {size:,} bytes{together}; at most {MAX_REFERENCE_BYTES:,} are taken. Cut it "
            "shorter or scale it down: 20 seconds of 480 pixels with a clear face are plenty.",
            field="reference",
        )


def _refused(field: str, value: object, allowed: str) -> InvalidArgument:
    return InvalidArgument(f"sadtalker.{field} is {value}; allowed: {allowed}.", field=f"sadtalker.{field}")
