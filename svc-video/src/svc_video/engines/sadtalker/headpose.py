"""Where a head is and how its face is moved: rotation, translation, and a shift for each key point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

BINS = 66  # classes of an angle
BIN_DEGREES, LOWEST_DEGREES = 3, -99
PI = 3.14  # as the networks were trained


@dataclass(frozen=True, slots=True)
class Heads:
    """The heads of n frames, on the networks' device."""

    angles: Tensor  # (n, 3): yaw, pitch, roll, degrees
    translation: Tensor  # (n, 3); x and z are 0
    expression: Tensor  # (n, K, 3): added to the key points

    @classmethod
    def of(cls, yaw: Tensor, pitch: Tensor, roll: Tensor, translation: Tensor, expression: Tensor) -> Self:
        """From what the mapping network says: three times (n, 66), (n, 3), (n, 3 K)."""
        angles = torch.stack([degrees(classes) for classes in (yaw, pitch, roll)], dim=1)
        upright = torch.zeros_like(translation)
        upright[:, 1] = translation[:, 1]
        return cls(angles, upright, expression.unflatten(1, (-1, 3)))

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """The frames of all, one after the other."""
        return cls(
            torch.cat([part.angles for part in parts]),
            torch.cat([part.translation for part in parts]),
            torch.cat([part.expression for part in parts]),
        )

    def __len__(self) -> int:
        return self.angles.shape[0]

    def part(self, first: int, stop: int) -> Self:
        """Frames `first`..`stop` of these."""
        return type(self)(self.angles[first:stop], self.translation[first:stop], self.expression[first:stop])

    def keypoints(self, canonical: Tensor) -> Tensor:
        """A face's own key points, (K, 3) or (n, K, 3), as these heads show them: (n, K, 3)."""
        turn = rotation(self.angles)
        # Products and sums instead of a matrix product: TF32 would cost three digits here.
        turned = (turn[:, None] * canonical[..., None, :]).sum(-1)
        return turned + self.translation[:, None] + self.expression


def degrees(classes: Tensor) -> Tensor:
    """The mean angle of softmaxed classes: (n, 66) -> (n,), degrees."""
    places = torch.arange(BINS, dtype=classes.dtype, device=classes.device)
    return (classes.softmax(dim=1) * places).sum(1) * BIN_DEGREES + LOWEST_DEGREES


def rotation(angles: Tensor) -> Tensor:
    """Yaw, pitch, roll (n, 3) in degrees -> pitch * yaw * roll, (n, 3, 3)."""
    radians = angles / 180 * PI
    (sy, sp, sr), (cy, cp, cr) = torch.sin(radians).unbind(1), torch.cos(radians).unbind(1)
    rows = (
        (cy * cr, -cy * sr, sy),
        (cp * sr + sp * sy * cr, cp * cr - sp * sy * sr, -sp * cy),
        (sp * sr - cp * sy * cr, sp * cr + cp * sy * sr, cp * cy),
    )
    return torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)
