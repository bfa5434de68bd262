"""Coordinates of a volume and the bumps that key points make in it.

Coordinates run from -1 at the first cell to 1 at the last, in the order x, y, z (as upstream's, of face-vid2vid,
arXiv:2011.15126); a volume is (D, H, W), so that x belongs to its last side.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

VARIANCE = 0.01  # of a key point's bump, in squared coordinates


def axis(length: int, like: Tensor) -> Tensor:
    """(length,) from -1 to 1, computed as upstream does."""
    return 2 * (torch.arange(length, device=like.device, dtype=like.dtype) / (length - 1)) - 1


def axes(size: Sequence[int], like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The coordinates x (W,), y (H,), z (D,) of a volume (D, H, W)."""
    depth, height, width = size
    return axis(width, like), axis(height, like), axis(depth, like)


def identity(size: Sequence[int], like: Tensor) -> Tensor:
    """(D, H, W, 3): each cell's own coordinates."""
    x, y, z = axes(size, like)
    depth, height, width = size
    grid = (x.view(1, 1, -1), y.view(1, -1, 1), z.view(-1, 1, 1))
    return torch.stack([side.expand(depth, height, width) for side in grid], dim=-1)


def bumps(points: Tensor, size: Sequence[int]) -> Tensor:
    """exp(-distance² / 2 variance) of every cell to each key point: (B, K, 3) -> (B, K, D, H, W).

    A Gaussian is the product of one per axis: D + H + W exponentials per point instead of D * H * W.
    """
    x, y, z = (_bump(points[..., index, None], side) for index, side in enumerate(axes(size, points)))
    return z[..., :, None, None] * y[..., None, :, None] * x[..., None, None, :]


def _bump(at: Tensor, side: Tensor) -> Tensor:
    """(B, K, 1) and (n,) -> (B, K, n)."""
    return torch.exp(-0.5 * (side - at).square() / VARIANCE)
