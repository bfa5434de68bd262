"""Speed: latents between latents, so that the vocoder speaks slower or faster at the same pitch.

What upstream does to a whole take at once (linear interpolation by 1/speed) is done here by position, piece by piece:
the pieces joined are the whole, wherever they were cut.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


class Tempo:
    """Latents of one passage at another speed."""

    def __init__(self, speed: float) -> None:
        self._step = speed  # latents that go in for one that comes out
        self._seen = 0
        self._made = 0
        self._base = 0  # index of the first latent that is kept
        self._kept: Tensor | None = None

    def feed(self, latents: Tensor, *, last: bool) -> Tensor:
        """(n, width) -> (m, width); after the `last` ones all is out."""
        if self._step == 1.0:
            return latents
        kept = latents if self._kept is None else torch.cat([self._kept, latents])
        self._seen += len(latents)
        ends = self._ready(last=last)
        places = (torch.arange(self._made, ends, dtype=torch.float64) + 0.5) * self._step - 0.5
        left = places.clamp_(min=0).floor().long()
        weight = (places - left).to(latents)[:, None]
        right = (left + 1).clamp(max=self._seen - 1)
        out = torch.lerp(kept[left - self._base], kept[right - self._base], weight)
        self._keep(kept, ends)
        return out

    def _ready(self, *, last: bool) -> int:
        """How many can be out now: both neighbours of each are known."""
        if last:
            return math.floor(self._seen * (1.0 / self._step))
        return max(self._made, math.ceil((self._seen - 1 + 0.5) / self._step - 0.5))

    def _keep(self, kept: Tensor, ends: int) -> None:
        self._made = ends
        first = min(self._seen, max(0, math.floor((ends + 0.5) * self._step - 0.5)))
        self._kept = kept[first - self._base :]
        self._base = first
