"""How loud a voice is (ITU-R BS.1770, gated), and what is remembered of it so that the next sentence need not wait."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite, log10
from typing import Any

import numpy as np

from svc_tts.audio.stretch import Samples

QUIETEST_LUFS, LOUDEST_LUFS = -40.0, -8.0  # that may be asked for
_BLOCK_S = 0.4  # BS.1770 measures blocks of that length
_FULL_SCALE = 32_768.0
_REMEMBERED = 1_024  # voices
_MEMORY_S = 30.0  # of speech that a voice's loudness is the mean of
_MOST_STEP_DB = 1.0  # from one sentence to the next


def loudness(samples: Samples, rate: int) -> float | None:
    """Integrated loudness in LUFS of samples in the range of s16; None of silence."""
    scaled = samples.astype(np.float64) / _FULL_SCALE
    least = round(_BLOCK_S * rate) + 1
    if 0 < len(scaled) < least:
        scaled = np.resize(scaled, least)  # a word shorter than a block is as loud as its repetition
    if not scaled.any():
        return None
    measured = float(_meter(rate).integrated_loudness(scaled))
    return measured if isfinite(measured) else None


@lru_cache(maxsize=16)
def _meter(rate: int) -> Any:
    # scipy comes with it: 0.3 s and 40 MB, where loudness is asked for. It has no types.
    import pyloudnorm  # type: ignore[import-untyped]  # noqa: PLC0415

    return pyloudnorm.Meter(rate, block_size=_BLOCK_S)


@dataclass(frozen=True, slots=True)
class _Heard:
    lufs: float
    seconds: float


class LoudnessMemory:
    """The loudness of each voice, as far as it was heard in this process."""

    def __init__(self) -> None:
        self._voices: OrderedDict[str, _Heard] = OrderedDict()

    def of(self, voice: str) -> float | None:
        """LUFS of that voice; None where it was never heard."""
        heard = self._voices.get(voice)
        return heard.lufs if heard else None

    def note(self, voice: str, lufs: float, seconds: float) -> None:
        """It was that loud for so long."""
        before = self._voices.pop(voice, None)
        self._voices[voice] = _mean(before, lufs, seconds) if before else _Heard(lufs, seconds)
        if len(self._voices) > _REMEMBERED:
            self._voices.popitem(last=False)


def _mean(before: _Heard, lufs: float, seconds: float) -> _Heard:
    """The mean of powers, by their lengths."""
    known_s = min(before.seconds, _MEMORY_S)
    power = (10 ** (before.lufs / 10) * known_s + 10 ** (lufs / 10) * seconds) / max(1e-9, known_s + seconds)
    step = max(-_MOST_STEP_DB, min(_MOST_STEP_DB, 10 * log10(power) - before.lufs))
    return _Heard(before.lufs + step, known_s + seconds)
