"""Savitzky-Golay smoothing of head poses: 13 frames, a parabola, the film's ends fitted from its first and last 13.

As scipy's `savgol_filter` in its mode `interp` does it, which is upstream's, but at absolute positions.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch

from svc_video.engines.sadtalker.track import Track, sent

WINDOW = 13  # frames
REACH = WINDOW // 2
ORDER = 2


def smoothed(poses: Track, frames: range, total: int | None) -> torch.Tensor:
    """These frames of the poses, (n, 6). `total`: frames of the film, once known; until then none is near its end."""
    window = WINDOW if total is None else window_of(total)
    starts = [_start(frame, window, total) for frame in frames]
    weights = [fit(window)[frame - start] for frame, start in zip(frames, starts, strict=True)]
    rows = poses.rows([start + k for start in starts for k in range(window)])
    factors = sent(torch.from_numpy(np.asarray(weights, np.float32)), rows.device)
    return (rows.unflatten(0, (len(frames), window)) * factors[:, :, None]).sum(1)


def window_of(total: int) -> int:
    """The window of a film of so many frames: shorter in a short one; 1 = nothing is smoothed (upstream fails)."""
    return WINDOW if total >= WINDOW else (total - 1) // 2 * 2 + 1


def _start(frame: int, window: int, total: int | None) -> int:
    first = max(0, frame - window // 2)
    return first if total is None else min(first, total - window)


@lru_cache(maxsize=8)
def fit(window: int) -> npt.NDArray[np.float64]:
    """Row k takes `window` values to the value at k of the parabola that fits them best: (window, window)."""
    powers = np.vander(np.arange(window) - window // 2, min(ORDER, window - 1) + 1)
    return powers @ np.linalg.pinv(powers)
