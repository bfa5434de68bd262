"""The speech of one stream while it comes: written by the event loop, read by the threads that draw and encode.

Samples are numbered from the first sample of the whole answer, also in a resumed stream, whose first sample here is the
one heard at `start_ms`, or `lead_ms` before that. What the frames no longer need is forgotten, so that memory stays
flat however long it goes on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from troupe.wire.errors import DeadlineExceeded, EmptyText, MediaTooLarge, TroupeError
from troupe.wire.media import PCM_BYTES_PER_MS, SAMPLE_BYTES, SAMPLE_RATE

SAMPLES_PER_MS = SAMPLE_RATE // 1000
KEPT_MS = 1_000  # of sound and cues behind the picture: co-articulation looks back
MAX_CUES = 50_000  # an hour of phones
MAX_WORDS = 20_000  # two hours of them: words are not forgotten, how they stand in lines follows from the first one
LOOK_AHEAD_WAIT_S = 0.15  # at most so long a frame waits for what comes after it

Pcm = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Cue:
    """One phone: what the mouth does. Empty IPA = silence."""

    ipa: str
    start_ms: int
    end_ms: int
    stressed: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it is shown: its place in the text (code points), and when it is heard."""

    text: str
    text_start: int
    text_end: int
    start_ms: int
    end_ms: int


class Stopped(Exception):
    """The stream was stopped; nothing more is to be drawn."""


class Speech:
    """PCM s16le mono 24 kHz and mouth cues, arriving. Safe to use from any thread."""

    def __init__(
        self,
        *,
        start_ms: int = 0,
        lead_ms: int = 0,
        has_cues: bool = False,
        patience_s: float = 60.0,
        max_ms: int = 1_800_000,
        waiting: Callable[[str], AbstractContextManager[None]] = lambda _: nullcontext(),
    ) -> None:
        self.start_ms = start_ms
        self.first_sample = (start_ms - lead_ms) * SAMPLES_PER_MS
        """Number of the first sample that comes: a resumed stream may be told what was heard before it."""
        self.has_cues = has_cues
        self._patience_s = patience_s
        self._max_ms = max_ms
        self._waiting = waiting
        self._changed = threading.Condition()
        self._fed = 0
        self._fed_when_given_up = -1
        self._pcm = bytearray()
        self._base = self.first_sample  # number of the first sample still held
        self._cues: list[Cue] = []
        self._cues_complete_ms = 0
        self._words: list[Word] = []
        self._ended = self._stopped = self._cued = False
        self._error: TroupeError | None = None
        self._on_room: Callable[[], None] = lambda: None

    # --- the writer's side

    def feed(self, pcm: bytes, cues: Sequence[Cue] = (), cues_complete_ms: int = 0, words: Sequence[Word] = ()) -> None:
        """Add sound and what is known of it. Raises `MediaTooLarge` past the longest film made here."""
        with self._changed:
            if self._stopped:
                return
            self._pcm += pcm
            self._fed += 1
            if self._held_to() > self._max_ms * SAMPLES_PER_MS:
                raise MediaTooLarge(
                    f"The speech is longer than {self._max_ms / 1000:.0f} s, the longest film made here. Cut it.",
                    max_ms=self._max_ms,
                )
            if cues:
                self._cued = True
                if len(self._cues) + len(cues) > MAX_CUES:
                    raise MediaTooLarge(f"More than {MAX_CUES} mouth cues lie ahead of the picture. Send them later.")
                # A new list each time: readers keep the one they were given.
                self._cues = sorted((*self._cues, *cues), key=lambda cue: cue.start_ms)
            self._cues_complete_ms = max(self._cues_complete_ms, cues_complete_ms)
            self._add_words(words)
            self._changed.notify_all()

    def end(self) -> None:
        """No more speech comes."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def fail(self, error: TroupeError) -> None:
        """The speech broke: whoever waits for it gets this error."""
        with self._changed:
            self._error = error
            self._changed.notify_all()

    def stop(self) -> None:
        """Wake everyone who waits: the caller left."""
        with self._changed:
            self._stopped = True
            self._pcm.clear()
            self._changed.notify_all()
        self._on_room()

    def when_room(self, call: Callable[[], None]) -> None:
        """Call this, from a reader's thread, each time old sound was forgotten."""
        self._on_room = call

    @property
    def held_ms(self) -> int:
        """Sound held in memory."""
        return len(self._pcm) // PCM_BYTES_PER_MS

    # --- the readers' side

    def frames(self, rate: Fraction, look_ahead_ms: int = 0) -> Iterator[int]:
        """Frame numbers, each when its own sound is there and, if that comes soon, what follows it.

        Ends with the sound. Raises `DeadlineExceeded` when none comes, `EmptyText` when there was none, `Stopped`.
        """
        index = first = round(self.start_ms * rate / 1000)
        while True:
            start, stop = frame_span(index, rate)
            self.await_sound(stop)
            with self._changed:
                if self._ended and self._held_to() <= start:
                    self._refuse_silence(nothing=index == first)
                    return
            self._await_future(stop, look_ahead_ms)
            yield index
            index += 1
            self._forget(start - KEPT_MS * SAMPLES_PER_MS)

    def pcm(self, start: int, stop: int) -> Pcm:
        """Samples `start`..`stop`; what is not there (yet) is silence."""
        with self._changed:
            first, last = max(start, self._base), min(stop, self._held_to())
            found = b""
            if last > first:
                found = bytes(self._pcm[(first - self._base) * SAMPLE_BYTES : (last - self._base) * SAMPLE_BYTES])
        samples = np.zeros(max(0, stop - start), np.int16)
        if found:
            samples[first - start : last - start] = np.frombuffer(found, np.int16)
        return samples

    def known_to(self, most: int) -> int:
        """Number of the sample up to which sound is there, at most `most`."""
        with self._changed:
            return min(most, self._held_to())

    def await_sound(self, stop: int) -> None:
        """Wait until the sound before sample `stop` is there, or the end; raises `DeadlineExceeded`, `Stopped`."""
        self._wait(lambda: self._ended or self._held_to() >= stop, self._patience_s, must=True)

    def cues(self) -> tuple[Sequence[Cue], int]:
        """The cues still needed, in order, and the moment (ms) up to which they are complete."""
        with self._changed:
            held_ms = self._held_to() // SAMPLES_PER_MS if self._ended and self._cued else 0
            return self._cues, max(held_ms, self._cues_complete_ms)

    def words(self) -> Sequence[Word]:
        """Every word told so far, in order. The list grows; what stands in it does not change."""
        return self._words

    def await_word(self, number: int) -> bool:
        """Wait for that many words and one more to be told; whether that, or the end, came soon."""
        return self._wait(lambda: self._ended or len(self._words) > number, LOOK_AHEAD_WAIT_S, must=False)

    def await_words(self, sound_ms: int, patience_s: float) -> bool:
        """Whether words were told before so much sound, the end, or the end of patience came."""

        def there() -> bool:
            return bool(self._words) or self._ended or len(self._pcm) >= sound_ms * PCM_BYTES_PER_MS

        self._wait(there, patience_s, must=False)
        return bool(self._words)

    @property
    def ended(self) -> bool:
        """Whether everything has come."""
        return self._ended

    def _add_words(self, words: Sequence[Word]) -> None:
        """Words come in order; one told a second time, in a resumed stream, is the same one."""
        for word in words:
            last = self._words[-1] if self._words else None
            if last is None or (word.start_ms, word.text_start) > (last.start_ms, last.text_start):
                self._words.append(word)
        if len(self._words) > MAX_WORDS:
            raise MediaTooLarge(f"More than {MAX_WORDS} words are too many for the captions of one film. Cut it.")

    def _held_to(self) -> int:
        return self._base + len(self._pcm) // SAMPLE_BYTES

    def _await_future(self, stop: int, look_ahead_ms: int) -> None:
        until = stop + look_ahead_ms * SAMPLES_PER_MS

        def there() -> bool:
            cued = not self.has_cues or self._cues_complete_ms * SAMPLES_PER_MS >= until
            return self._ended or (self._held_to() >= until and cued)

        # Once per piece of speech: a caller whose cues lag must not slow down every frame.
        if self._fed != self._fed_when_given_up and not self._wait(there, LOOK_AHEAD_WAIT_S, must=False):
            self._fed_when_given_up = self._fed

    def _wait(self, there: Callable[[], bool], seconds: float, *, must: bool) -> bool:
        limit = time.monotonic() + seconds
        with self._changed:
            self.check()
            if there():
                return True
            with self._waiting("waiting for speech"):
                while not there() and (remaining := limit - time.monotonic()) > 0:
                    self._changed.wait(remaining)
                    self.check()
            if must and not there():
                raise DeadlineExceeded(
                    f"No speech came for {seconds:.0f} s. Send it, or end the stream of it.", waited_s=seconds
                )
            return there()

    def check(self) -> None:
        """Raise `Stopped` when the caller left, or the error that ended the speech."""
        if self._stopped:
            raise Stopped
        if self._error is not None:
            raise self._error

    def _refuse_silence(self, *, nothing: bool) -> None:
        if nothing and self.start_ms == 0:
            raise EmptyText("The speech ended without a single sample of sound. Send PCM s16le mono at 24 kHz.")

    def _forget(self, before: int) -> None:
        with self._changed:
            count = before - self._base
            if count <= 0:
                return
            del self._pcm[: count * SAMPLE_BYTES]
            self._base = before
            oldest = before // SAMPLES_PER_MS
            if self._cues and self._cues[0].end_ms < oldest - KEPT_MS:
                self._cues = [cue for cue in self._cues if cue.end_ms >= oldest]
        self._on_room()


def frame_span(index: int, rate: Fraction) -> tuple[int, int]:
    """First and last-plus-one sample heard while that frame is seen."""
    return round(index * SAMPLE_RATE / rate), round((index + 1) * SAMPLE_RATE / rate)
