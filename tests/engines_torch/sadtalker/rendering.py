"""A narrow random renderer, a portrait and poses, for the tests of the renderer's networks."""

from __future__ import annotations

import numpy as np
import torch
from tests.bench.sadtalker.questions import portrait
from tests.fakes.sadtalker_release import values
from torch import Tensor

from svc_video.engines.sadtalker.source import Source

SIZE = 128  # pixels: the least that five halvings of a sixteenth leave something of
DEPTH = 16


def tensors(part: str, seed: int = 0) -> dict[str, Tensor]:
    """A part of the narrow release."""
    return {name: torch.from_numpy(np.asarray(array)) for name, array in values(part, seed=seed).items()}


def source(seed: int = 0, size: int = SIZE) -> Source:
    """A portrait as the front gives it."""
    return Source(portrait(seed)[:size, :size], np.zeros(73, np.float32), "crop", (size, size))


def picture(of: Source) -> Tensor:
    """(1, 3, S, S), 0..1."""
    return torch.from_numpy(of.image).permute(2, 0, 1)[None].float() / 255


def poses(frames: int, seed: int = 0, strength: float = 0.15) -> Tensor:
    """(frames, 15, 3) differences of key points."""
    return strength * torch.randn(frames, 15, 3, generator=torch.Generator().manual_seed(seed))


def distance(one: Tensor, other: Tensor) -> float:
    """The largest difference."""
    return float((one - other).abs().max())
