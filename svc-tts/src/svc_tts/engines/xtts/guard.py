"""A guard against what XTTS does at times: words left out, and babble after the last one.

How many codes a text takes is known well enough: the release's own limits say how many characters of a language fit
into the longest take. What ends much too soon, before anything of it was heard, is made once more with another seed.
What goes on much too long is held back from there, and cut at a silence; short texts, which babble most
(coqui-ai/TTS#4125), are held back whole, so that they too can be made once more. Nothing here needs torch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from svc_tts.engines.xtts.text.languages import LANGUAGES

Wave = NDArray[np.float32]
"""Samples of -1..1, mono, (N,)."""

LONGEST_TAKE = 602  # codes, 28 s
_USUAL_SHARE = 0.6  # of the longest take: what a text at its language's limit takes when it is read calmly
_ROOM = 10  # codes, 0.5 s: silence before and after the words
_LEAST_SHARE = 0.3  # of what the words usually take
_MOST_SHARE = 1.7
_LIMIT_SHARE = 1.25  # of the most
_SHORT = 30  # codes, 1.4 s: so long it takes at most to say what is held back whole
_DIGIT = re.compile(r"\d")
_CHARACTERS_OF_A_DIGIT = {"zh": 1.5, "ja": 1.5, "ko": 2.0}
_OTHER_DIGITS = 5.0  # "1984" is read in twenty letters
_ENDINGS = ".!?…。!?।؟:;,、"
_FULL_STOPS = {"zh": "。", "ja": "。", "hi": "।"}

FRAME_S = 0.01  # of the look at loudness
_QUIET_S = 0.15  # a silence between sentences; between words it is shorter
_KEPT_S = 0.05  # of the silence, after the cut
_FADE_S = 0.01
_QUIET = 0.02  # of the loudest frame


class Verdict(StrEnum):
    """What is to be done with a take."""

    GO_ON = "go on"
    DONE = "done"
    AGAIN = "again"  # with another seed
    CUT = "cut"  # it does not end by itself


class Finding(StrEnum):
    """What the guard found, for logs and metrics."""

    TOO_SHORT = "too_short"
    RETRIED = "retried"
    TRIMMED = "trimmed"  # at a silence
    CUT = "cut"  # at the quietest place, for want of a silence


@dataclass(frozen=True, slots=True)
class Expectation:
    """Codes that a text may take."""

    least: int
    usual: int
    most: int
    limit: int

    @property
    def held_from(self) -> int:
        """The code from which on sound is held back until the take has ended."""
        return 0 if self.usual <= _SHORT else self.most

    def judge(self, codes: int, *, stopped: bool, may_retry: bool) -> Verdict:
        """What to do with a take of so many codes; `may_retry` while nothing of it was heard, and only once."""
        if stopped:
            return Verdict.AGAIN if may_retry and not self.least <= codes <= self.most else Verdict.DONE
        if codes < self.limit:
            return Verdict.GO_ON
        return Verdict.AGAIN if may_retry else Verdict.CUT


def expect(text: str, language: str, longest: int = LONGEST_TAKE) -> Expectation:
    """What to expect of `text`; `longest` is what the model can make at all."""
    digits = len(_DIGIT.findall(text))
    characters = len(text) - digits + digits * _CHARACTERS_OF_A_DIGIT.get(language, _OTHER_DIGITS)
    words = characters * _USUAL_SHARE * LONGEST_TAKE / LANGUAGES[language]
    most = _ROOM + _MOST_SHARE * (_ROOM + words)
    bounds = (_LEAST_SHARE * words, _ROOM + words, most, _LIMIT_SHARE * most)
    return Expectation(*(max(1, min(longest, round(bound))) for bound in bounds))


def closed(text: str, language: str) -> str:
    """`text` with something at its end that tells the model to stop: without it, short ones go on."""
    bare = text.rstrip()
    return bare if bare.endswith(tuple(_ENDINGS)) else bare + _FULL_STOPS.get(language, ".")


def trim(wave: Wave, rate: int, loudest: float) -> tuple[Wave, Finding]:
    """What of a too long tail is kept: up to its first silence, else up to its quietest place, faded out.

    `loudest` is the loudest frame (RMS) of the whole take so far.
    """
    loudness = frame_loudness(wave, rate)
    if not len(loudness):
        return wave[:0], Finding.CUT
    start = _first_silence(loudness <= _QUIET * max(loudest, float(loudness.max())))
    frame = round(FRAME_S * rate)
    if start is None:
        return _faded(wave[: (int(np.argmin(loudness)) + 1) * frame], rate), Finding.CUT
    return _faded(wave[: start * frame + round(_KEPT_S * rate)], rate), Finding.TRIMMED


def frame_loudness(wave: Wave, rate: int) -> Wave:
    """RMS of each whole frame of `FRAME_S`."""
    frame = round(FRAME_S * rate)
    frames = wave[: len(wave) // frame * frame].reshape(-1, frame)
    return np.sqrt(np.mean(np.square(frames, dtype=np.float32), axis=1))


def _first_silence(quiet: NDArray[np.bool_]) -> int | None:
    """The frame at which the first long enough silence begins."""
    needed = round(_QUIET_S / FRAME_S)
    run = 0
    for index, still in enumerate(quiet):
        run = run + 1 if still else 0
        if run == needed:
            return index - needed + 1
    return None


def _faded(wave: Wave, rate: int) -> Wave:
    length = min(len(wave), round(_FADE_S * rate))
    if not length:
        return wave
    faded = wave.copy()
    faded[-length:] *= np.linspace(1.0, 0.0, length, dtype=np.float32)
    return faded
