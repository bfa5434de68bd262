"""What may be asked of SadTalker: `SadtalkerSettings` of video.proto as plain values, checked. No torch here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from svc_video.engines.sadtalker.orders import Acting
from svc_video.engines.sadtalker.source import MODES, SIZES, Mode
from troupe.wire.errors import InvalidArgument, MediaTooLarge, nearest

POSE_STYLES = 46
MAX_EXPRESSION_SCALE = 3.0
MAX_POSE_SCALE = 2.0
MAX_ANGLE = 90.0  # degrees: the networks' angles reach from -99 to 99
MAX_ANGLES = 100  # values of one angle
SEAMS = ("feather", "poisson", "upstream")
FOLLOWED = ("pose", "blink", "both")
MAX_REFERENCE = 3_500_000  # bytes
PORTRAIT_OPTIONS = ("preprocess", "size")
"""Those that change how a portrait is prepared."""


@dataclass(frozen=True, slots=True)
class SadTalkerOptions:
    """Every option, with the value it has where nobody gave one."""

    preprocess: Mode = "crop"
    still: bool = False
    pose_style: int = 0
    expression_scale: float = 1.0
    size: int = SIZES[0]
    enhancer: str = ""
    pose_scale: float = 1.0
    blink_rate: float = 1.0
    seam: str = SEAMS[0]
    yaw: tuple[float, ...] = ()
    pitch: tuple[float, ...] = ()
    roll: tuple[float, ...] = ()
    reference: bytes = b""
    reference_for: Literal["", "pose", "blink", "both"] = ""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> SadTalkerOptions:
        """What was told, the rest as usual; raises `InvalidArgument` or `MediaTooLarge` with what is allowed."""
        given = {field.name: told[field.name] for field in fields(cls) if field.name in told}
        given |= {name: tuple(given[name]) for name in ("yaw", "pitch", "roll") if name in given}
        if given.get("still"):
            given = {"blink_rate": 0.0} | given
        _check(given)
        if given.get("reference"):
            given["reference_for"] = given.get("reference_for") or "both"
        # Zero and an empty word are protobuf's way to say nothing.
        return cls(**{name: value for name, value in given.items() if value or name in {"pose_scale", "blink_rate"}})

    def acting(self, seed: int) -> Acting:
        """How the head moves in one film."""
        return Acting(
            seed=seed,
            pose_style=self.pose_style,
            still=self.still,
            expression_scale=self.expression_scale,
            pose_scale=self.pose_scale,
            blink_rate=self.blink_rate,
            yaw=self.yaw,
            pitch=self.pitch,
            roll=self.roll,
            reference_for=self.reference_for if self.reference else "",
            reference_bytes=len(self.reference),
        )


def _check(given: Mapping[str, Any]) -> None:
    _one_of("preprocess", given.get("preprocess", ""), MODES)
    _one_of("seam", given.get("seam", ""), SEAMS)
    _one_of("reference_for", given.get("reference_for", ""), FOLLOWED)
    _within("pose_style", given, 0, POSE_STYLES - 1, "0")
    _within("expression_scale", given, 0, MAX_EXPRESSION_SCALE, "1")
    _within("pose_scale", given, 0, MAX_POSE_SCALE, "1")
    _within("blink_rate", given, 0, 1, "1, and 0 with still")
    if given.get("size", 0) not in {0, *SIZES}:
        raise InvalidArgument(f"size is {given['size']}; allowed: 256 or 512, unset = {SIZES[0]}.", field="size")
    for name in ("yaw", "pitch", "roll"):
        _check_angles(name, given.get(name, ()))
    reference = len(given.get("reference", b""))
    if reference > MAX_REFERENCE:
        raise MediaTooLarge(f"The reference film has {reference:,} bytes; at most {MAX_REFERENCE:,} are taken. Cut it.")
    if given.get("reference_for") and not reference:
        raise InvalidArgument("reference_for is given and no reference film. Send one, or neither.", field="reference")


def _one_of(name: str, value: str, allowed: Sequence[str]) -> None:
    if value and value not in allowed:
        listed = ", ".join(allowed)
        raise InvalidArgument(f'{name} is "{value}"; allowed: {listed}.{nearest(value, allowed)}', field=name)


def _within(name: str, given: Mapping[str, Any], low: float, high: float, usual: str) -> None:
    value = given.get(name, low)
    if not low <= value <= high:  # also where it is no number at all
        raise InvalidArgument(f"{name} is {value:g}; allowed: {low:g} to {high:g}, unset = {usual}.", field=name)


def _check_angles(name: str, values: Sequence[float]) -> None:
    if len(values) > MAX_ANGLES:
        raise InvalidArgument(f"{name} has {len(values)} values; at most {MAX_ANGLES} are taken.", field=name)
    for value in values:
        if not -MAX_ANGLE <= value <= MAX_ANGLE:
            raise InvalidArgument(f"{name} is {value:g} degrees; allowed: -{MAX_ANGLE:g} to {MAX_ANGLE:g}.", field=name)
