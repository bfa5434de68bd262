"""What may be asked of SadTalker, as plain values; `troupe.wire.sadtalker` has checked them. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from svc_video.engines.sadtalker import seams
from svc_video.engines.sadtalker.orders import Acting
from svc_video.engines.sadtalker.source import SIZES, Mode
from troupe.wire.sadtalker import FOLLOWED

PORTRAIT_OPTIONS = ("preprocess", "size")
"""Those that change how a portrait is prepared."""
MEANT = ("pose_scale", "blink_rate")
"""Those whose zero is a wish; of the others zero and an empty word are protobuf's way to say nothing."""


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
    blink_rate: float | None = None
    seam: seams.Name = "feather"
    yaw: tuple[float, ...] = ()
    pitch: tuple[float, ...] = ()
    roll: tuple[float, ...] = ()
    reference: bytes = b""
    reference_for: str = FOLLOWED[-1]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> SadTalkerOptions:
        """What was told, the rest as usual."""
        given = {field.name: told[field.name] for field in fields(cls) if field.name in told}
        return cls(**{name: value for name, value in given.items() if value or name in MEANT})

    def acting(self, seed: int) -> Acting:
        """How the head moves in one film."""
        return Acting(
            seed=seed,
            style=self.pose_style,
            still=self.still,
            expression_scale=self.expression_scale,
            pose_scale=self.pose_scale,
            blink_rate=self.blink_rate,
            yaw=self.yaw,
            pitch=self.pitch,
            roll=self.roll,
            follow=self.reference_for,
        )
