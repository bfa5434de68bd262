"""How loud a voice is (ITU-R BS.1770, gated), and what is remembered of it so that the next sentence need not wait."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from math import log10
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from svc_tts.audio.stretch import Samples

QUIETEST_LUFS, LOUDEST_LUFS = -40.0, -8.0  # that may be asked for
_LEAST_S = 0.5  # BS.1770 measures blocks of 0.4 s
_NOTHING_LUFS = -70.0  # the gate: quieter than that is silence
_INTEGRATED = "lavfi.r128.I"
_REMEMBERED = 1_024  # voices
_MEMORY_S = 30.0  # of speech that a voice's loudness is the mean of
_MOST_STEP_DB = 1.0  # from one sentence to the next


def loudness(samples: Samples, rate: int) -> float | None:
    """Integrated loudness in LUFS of samples in the range of s16, as FFmpeg measures it; None of silence."""
    least = round(_LEAST_S * rate)
    if 0 < len(samples) < least:
        samples = np.resize(samples, least)  # a word shorter than that is as loud as its repetition
    if not samples.any():
        return None
    measured = float(_measured(np.rint(samples).astype(np.int16), rate).get(_INTEGRATED, _NOTHING_LUFS))
    return measured if measured > _NOTHING_LUFS else None


def _measured(samples: npt.NDArray[np.int16], rate: int) -> dict[str, str]:
    """What the filter says of the whole."""
    import av  # noqa: PLC0415  # 0.1 s, where loudness is asked for; pyloudnorm would bring scipy: 1 s and 78 MB

    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=rate, format="s16", layout="mono", time_base=Fraction(1, rate))
    meter = graph.add("ebur128", "metadata=1:framelog=quiet")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
    frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
    graph.push(frame)
    graph.push(None)
    told: dict[str, str] = {}
    with suppress(av.BlockingIOError, av.EOFError):
        while True:
            told = dict(cast("Any", graph.pull()).metadata) or told  # a last part of less than 0.1 s tells nothing
    return told


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
