"""A limiter: louder than full scale is turned down for a moment, early and smoothly, instead of being clipped.

It looks `_AHEAD` milliseconds ahead and gives out as many samples as it was fed, that much later.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from svc_tts.audio.stretch import Samples

CEILING = 32_000.0  # of s16: what remains is for encoders, which overshoot a little
_AHEAD, _HELD = 4, 30  # blocks of a millisecond: turned down so long before a peak, and kept down so long after it
_CONTEXT = _HELD + 2 * _AHEAD  # blocks before those that are given out
_FILTER_EDGE = 2  # blocks whose gain needs a neighbour

Gains = npt.NDArray[np.float32]


class Limiter:
    """One sound at `rate` Hz; samples are floats in the range of s16."""

    def __init__(self, rate: int, ceiling: float = CEILING) -> None:
        self._block = max(1, rate // 1000)
        self._ceiling = ceiling
        self._held = np.zeros(_CONTEXT * self._block, np.float32)
        self._padding = 0  # samples at the end that are not the sound's

    def feed(self, samples: Samples) -> Samples:
        """What is ready by now."""
        self._held = np.concatenate((self._held, samples))
        blocks = len(self._held) // self._block
        return self._give(blocks - _AHEAD - _FILTER_EDGE)

    def finish(self) -> Samples:
        """The rest."""
        rest = len(self._held) - _CONTEXT * self._block
        if rest <= 0:
            return np.zeros(0, np.float32)
        self._held = np.pad(self._held, (0, (_AHEAD + _FILTER_EDGE + 2) * self._block))
        return self._give(len(self._held) // self._block - _AHEAD - _FILTER_EDGE)[:rest]

    def _give(self, until: int) -> Samples:
        """The blocks from the context's end to that one."""
        if until <= _CONTEXT:
            return np.zeros(0, np.float32)
        first, end = _CONTEXT * self._block, until * self._block
        given = self._held[first:end]
        if np.abs(self._held).max() > self._ceiling:
            given = given * self._gains()[first:end]
        self._held = self._held[end - first :]
        return given

    def _gains(self) -> Gains:
        """A gain for each sample of the whole blocks held."""
        count = len(self._held) // self._block
        peaks = np.abs(self._held[: count * self._block].reshape(count, self._block)).max(axis=1)
        needed = np.minimum(1.0, self._ceiling / np.maximum(peaks, 1.0))
        padded = np.pad(needed, (_HELD, _AHEAD), constant_values=1.0)
        lowest = np.lib.stride_tricks.sliding_window_view(padded, _HELD + 1 + _AHEAD).min(axis=1)
        before = np.concatenate((np.full(_AHEAD, lowest[0]), lowest))
        smooth = np.lib.stride_tricks.sliding_window_view(before, _AHEAD + 1).mean(axis=1)
        # Gains at the edges of blocks, each low enough for both; a straight line between them is low enough too.
        edges = np.minimum(np.append(smooth, smooth[-1]), np.insert(smooth, 0, smooth[0]))
        at = np.arange(count * self._block) / self._block
        return np.asarray(np.interp(at, np.arange(count + 1), edges), np.float32)
