"""One utterance while it is made: its passages, what waits for the vocoder, what is held back and what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from svc_tts.engines.xtts.guard import Finding, Verdict, Wave, frame_loudness, trim
from svc_tts.engines.xtts.machine import Feed, Latent, Passage, Script, Start, Stream

NO_SLOT = -1
SEEDS = 1 << 63  # as many as a generator takes
CODES_PER_S = 22_050 / 1024
"""Codes of one second of sound at speed 1."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How the work is cut: small pieces are heard sooner, large ones cost less."""

    windows: tuple[int, ...]  # codes of the first window, of the second, ...; the last from then on
    renders: int = 0  # windows per turn; 0 = all that are due, in one call


@dataclass(slots=True, eq=False)
class Take:
    """One utterance."""

    script: Script
    pace: Pace
    slot: int = NO_SLOT
    heard: int = 0  # samples given out
    heard_at: float = 0.0  # when the first of them was
    found: Counter[str] = field(default_factory=Counter)
    codes: int = 0  # made in all, those thrown away too
    _index: int = 0  # of the passage
    _retries: int = 0
    _made: int = 0  # codes of this passage
    _ended: Verdict | None = None
    _stream: Stream | None = None
    _waiting: list[Latent] = field(default_factory=list)
    _windows: int = 0  # rendered of this passage
    _rendered: int = 0  # samples of this passage
    _given: int = 0  # of them, those given out
    _held: list[Wave] = field(default_factory=list)
    _loudest: float = 0.0

    @property
    def passage(self) -> Passage:
        """The one being made."""
        return self.script.passages[self._index]

    @property
    def whole(self) -> bool:
        """Whether all of it was made and given out."""
        return self._index == len(self.script.passages)

    @property
    def due(self) -> bool:
        """Whether the vocoder has something to do for it."""
        return self._ended is not None or len(self._waiting) >= self._window

    @property
    def _window(self) -> int:
        """Codes worth gathering; passages after the first need not hurry, their listener has sound already."""
        last = len(self.pace.windows) - 1
        return self.pace.windows[last if self._index else min(self._windows, last)]

    def start(self) -> Start:
        """The passage, for the decoder; each passage and each attempt has a seed of its own."""
        seed = (self.script.seed + 2 * self._index + self._retries) % SEEDS
        return Start(self.passage.ids, self.script.voice, self.script.sampling, seed)

    def see(self, latent: Latent, *, stopped: bool) -> Verdict:
        """Take one more code; any verdict but `GO_ON` ends its use of the slot."""
        self._waiting.append(latent)
        self._made += 1
        self.codes += 1
        may_retry = not self._retries and not self._given
        verdict = self.passage.expected.judge(self._made, stopped=stopped, may_retry=may_retry)
        if verdict is Verdict.AGAIN:
            self.found[Finding.RETRIED] += 1
            self._reset(retries=1)
        elif verdict is not Verdict.GO_ON:
            self._ended = verdict
        return verdict

    def feed(self, open_stream: Callable[[Any, float], Stream]) -> Feed:
        """The next window, for the vocoder; `open_stream` is asked for the stream of a new passage."""
        if self._stream is None:
            self._stream = open_stream(self.script.voice, self.script.speed)
        latents, self._waiting = self._waiting[: self._window], self._waiting[self._window :]
        self._windows += 1
        return Feed(self._stream, latents, last=self._ended is not None and not self._waiting)

    def hear(self, wave: Wave, rate: int, *, last: bool) -> Wave:
        """What of a new piece of sound may be given out now."""
        self._held.append(wave)
        self._rendered += len(wave)
        if last:
            out = self._tail(rate)
            self._next_passage()
        else:
            held_from = round(self.passage.expected.held_from / CODES_PER_S / self.script.speed * rate)
            out = self._give(max(0, min(self._rendered, held_from) - self._given), rate)
        self.heard += len(out)
        return out

    def urgency(self, now: float, rate: int) -> tuple[bool, float]:
        """Who is served first: those not heard yet, then those whose listeners run out of sound first."""
        return bool(self.heard), self.heard_at + self.heard / rate - now

    def _give(self, samples: int, rate: int) -> Wave:
        """The first `samples` of what is held."""
        everything = np.concatenate(self._held)
        out, rest = everything[:samples], everything[samples:]
        self._held = [rest]
        self._given += len(out)
        if len(frames := frame_loudness(out, rate)):
            self._loudest = max(self._loudest, float(frames.max()))
        return out

    def _tail(self, rate: int) -> Wave:
        """What of the held sound is kept at the end of a passage."""
        expected, tail = self.passage.expected, np.concatenate(self._held)
        if self._ended is Verdict.DONE and self._made < expected.least:
            self.found[Finding.TOO_SHORT] += 1
        if self._ended is Verdict.DONE and self._made <= expected.most:
            return tail
        # Never before the place where the words usually end: a silence there is a pause of the speaker's.
        sure = max(0, round(expected.usual / CODES_PER_S / self.script.speed * rate) - self._given)
        kept, finding = trim(tail[sure:], rate, self._loudest)
        if self._ended is Verdict.DONE and finding is Finding.CUT:
            return tail  # it ended by itself and holds no silence: a slow speaker
        if len(kept) < len(tail) - sure:
            self.found[finding] += 1
        return np.concatenate([tail[:sure], kept])

    def _next_passage(self) -> None:
        self._index += 1
        self._reset(retries=0)

    def _reset(self, retries: int) -> None:
        self._retries = retries
        self.slot, self._stream, self._ended = NO_SLOT, None, None
        self._made = self._rendered = self._given = self._windows = 0
        self._loudest = 0.0
        self._waiting, self._held = [], []
