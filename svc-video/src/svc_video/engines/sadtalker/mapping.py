"""From coefficients to what moves the key points: the mapping network, slid along the film.

Upstream gives it the 27 frames around each frame, one window after the other. Its convolutions have no padding, so one
pass over the film, its first and last frame repeated 13 times, computes the same with a fraction of the work. There are
two networks: one for 70 coefficients, and one for 73 where the head is set back into the whole picture.
"""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from svc_video.engines.sadtalker.filling import Tensors, broken, fill, shape, under
from svc_video.engines.sadtalker.headpose import BINS, Heads

NAME = "the mapping network"
REACH = 13  # frames on each side
DILATION = 3
SLOPE = 0.1  # of the leaky ReLU
HEADS = ("fc_yaw", "fc_pitch", "fc_roll", "fc_t", "fc_exp")


class Mapping(nn.Module):
    """(coefficients, frames + 26) to the head of each frame."""

    def __init__(self, coefficients: int, width: int, layers: int, points: int, first: int = 7) -> None:
        super().__init__()
        self.coefficients, self.points = coefficients, points
        self.first = nn.Conv1d(coefficients, width, first)
        self.layers = nn.ModuleList(nn.Conv1d(width, width, 3, dilation=DILATION) for _ in range(layers))
        self.heads = nn.Linear(width, 3 * BINS + 3 + 3 * points)
        self._pool = 2 * REACH + 1 - (first - 1) - layers * 2 * DILATION

    @classmethod
    def of(cls, tensors: Tensors) -> Self:
        """From the tensors under a release's `mapping`; raises `CheckpointBroken`."""
        width, coefficients, first = shape(tensors, "first.0.weight", NAME)
        layers = sum(name.startswith("encoder") and name.endswith("weight") for name in tensors)
        points = shape(tensors, "fc_exp.weight", NAME)[0] // 3
        network = cls(coefficients, width, layers, points, first)
        if network._pool < 1:
            raise broken(NAME, f"{layers} layers see more than {2 * REACH + 1} frames")
        return fill(network, _renamed(tensors, layers), NAME)

    def forward(self, coefficients: Tensor) -> Heads:
        """(n + 26, coefficients) -> the heads of the n frames in the middle."""
        planes = self.first(coefficients.T[None])
        for layer in self.layers:
            planes = layer(functional.leaky_relu(planes, SLOPE)) + planes[..., DILATION:-DILATION]
        seen = functional.avg_pool1d(planes, self._pool, 1)[0].T
        return Heads.of(*self.heads(seen).split((BINS, BINS, BINS, 3, 3 * self.points), dim=1))


def still_heads(mapping: Mapping, coefficients: Tensor) -> Heads:
    """The head of a picture whose coefficients (73,) never change: one frame."""
    return mapping(coefficients[None, : mapping.coefficients].expand(2 * REACH + 1, -1))


def _renamed(tensors: Tensors, layers: int) -> dict[str, Tensor]:
    """The release's names as those of `Mapping`, and its five last layers as one."""
    names = {f"{name}.{part}" for name in HEADS for part in ("weight", "bias")}
    for name in sorted(names):
        shape(tensors, name, NAME)
    renamed = {name: tensor for name, tensor in tensors.items() if name not in names}
    for part in ("weight", "bias"):
        renamed[f"heads.{part}"] = torch.cat([tensors[f"{name}.{part}"] for name in HEADS])
    for old, new in (("first.0.", "first."), *((f"encoder{k}.1.", f"layers.{k}.") for k in range(layers))):
        for part, tensor in under(renamed, old).items():
            del renamed[old + part]
            renamed[new + part] = tensor
    return renamed
