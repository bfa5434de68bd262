"""SadTalker's own settings, as POST /api/avatar takes them: an object, or flat names in a form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from gateway.guard.uploads import check_film
from troupe.v1.video_pb2 import SadtalkerSettings
from troupe.wire.errors import InvalidArgument
from troupe.wire.sadtalker import (
    FOLLOWED,
    MAX_ANGLE,
    MAX_REFERENCE_BYTES,
    MAX_SCALE,
    POSE_STYLES,
    PREPROCESSES,
    SEAMS,
    SIZES,
    check_sadtalker,
    known_name,
)

PREFIX = "sadtalker."
NAMES: Mapping[str, tuple[str, ...]] = {"preprocess": PREPROCESSES, "seam": SEAMS, "reference_for": FOLLOWED}


def _degrees(told: object) -> object:
    """`20`, `"20"`, `"0, 20, 0"` or a list of numbers -> that list."""
    if isinstance(told, str):
        return [part.strip() for part in told.split(",") if part.strip()]
    return [told] if isinstance(told, int | float) else told


Angles = Annotated[list[float], BeforeValidator(_degrees, json_schema_input_type=float | list[float])]
_ANGLES = f"degrees (-{MAX_ANGLE:g} to {MAX_ANGLE:g}); several are spread over the film's first ten seconds"


def _named(names: tuple[str, ...], what: str) -> Any:
    return Field(default="", description=what, json_schema_extra={"examples": list(names)})


def _ranged(default: float | None, most: float, what: str) -> Any:
    """The limits are told in the schema; `check_sadtalker` holds to them, with a sentence that says them."""
    return Field(default=default, description=what, json_schema_extra={"minimum": 0, "maximum": most})


class SadtalkerFields(BaseModel):
    """How SadTalker makes the film; where another provider makes it, these have no effect, and a note says so."""

    model_config = ConfigDict(extra="forbid")

    preprocess: str = _named(
        PREPROCESSES,
        'What of the picture is seen: "crop" (the head), "extcrop" (with some room), "resize" (all of it, squeezed), '
        '"full" (the head moves within the whole picture), "extfull"; empty = "crop"',
    )
    still: bool = Field(default=False, description="The head stays as it is in the picture; goes well with full")
    pose_style: int = _ranged(0, POSE_STYLES - 1, "Which way of moving the head")
    expression_scale: float = _ranged(1.0, MAX_SCALE, "How strongly mouth and face move; 0 = 1")
    pose_scale: float = _ranged(1.0, MAX_SCALE, "How strongly the head moves")
    blink_rate: float | None = _ranged(None, 1, "Share of the usual blinks; by default 1, and 0 with still")
    size: int = Field(
        default=0, description=f"{' or '.join(map(str, SIZES))} pixels of the face the networks draw; 0 = {SIZES[0]}"
    )
    seam: str = _named(
        SEAMS, 'How the head is set back into the picture in full and extfull; empty = "feather", the quickest'
    )
    yaw: Angles = Field(default=[], description=f"To the side: {_ANGLES}")
    pitch: Angles = Field(default=[], description=f"Up and down: {_ANGLES}")
    roll: Angles = Field(default=[], description=f"Tilted: {_ANGLES}")
    enhancer: str = Field(default="", description="A face enhancer that the service has; empty = none")
    reference_for: str = _named(
        FOLLOWED, 'What of the film `reference` (a file of the form) is followed; empty = "both"'
    )


def unfolded(texts: Mapping[str, str]) -> dict[str, Any]:
    """A form's texts, with `sadtalker` (an object in JSON) and `sadtalker.NAME` as one object.

    Raises `InvalidArgument` for what is no object, and for a name that stands in both.
    """
    fields: dict[str, Any] = {name: text for name, text in texts.items() if not name.startswith(PREFIX)}
    flat = {name.removeprefix(PREFIX): text for name, text in texts.items() if name.startswith(PREFIX)}
    told = _object(fields["sadtalker"]) if "sadtalker" in fields else {}
    twice = sorted(flat.keys() & told.keys())
    if twice:
        raise InvalidArgument(f"`{PREFIX}{twice[0]}` is told twice: once is enough.", field=PREFIX + twice[0])
    if flat or "sadtalker" in fields:
        fields["sadtalker"] = told | flat
    return fields


def _object(text: str) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise InvalidArgument(
            'sadtalker is no JSON object; in a form write sadtalker={"preprocess": "full"}, or each setting by its '
            "name: sadtalker.preprocess=full.",
            field="sadtalker",
        )
    return told


def settings_of(fields: SadtalkerFields | None, reference: bytes, beside_bytes: int = 0) -> SadtalkerSettings | None:
    """The settings as the service takes them; None where nothing was asked for.

    `beside_bytes` are those of a background picture. Raises `InvalidArgument`, `MediaTooLarge` or `UnsupportedMedia`.
    """
    if fields is None and not reference:
        return None
    fields = fields or SadtalkerFields()
    check_sadtalker(fields, reference, beside_bytes)
    if reference:
        check_film(reference, MAX_REFERENCE_BYTES)
    told = fields.model_dump(exclude_none=True, exclude_unset=True)
    told |= {name: known_name(name, told[name], names) for name, names in NAMES.items() if name in told}
    return SadtalkerSettings(reference=reference, **told)
