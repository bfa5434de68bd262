"""Many utterances through one decoder and one vocoder: schedule, run, postprocess.

Notable choices:
- an utterance joins and leaves at any step; a free slot never waits for others to end (continuous batching);
- one slot per utterance, first come, first served; the next passage of one that is being heard goes first;
- the vocoder serves who was not heard yet, then whose listener runs out of sound first;
- prompts are read a little per step by the decoder itself, so that none of this waits for them;
- nothing here knows torch, pipes or threads: `Machine` computes, the caller carries events away.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

from svc_tts.engines.xtts.guard import Verdict, Wave
from svc_tts.engines.xtts.machine import Machine, Script, Step
from svc_tts.engines.xtts.take import NO_SLOT, Pace, Take


@dataclass(frozen=True, slots=True)
class Sounded:
    """Some sound of an utterance."""

    number: int
    wave: Wave


@dataclass(frozen=True, slots=True)
class Finished:
    """An utterance is whole."""

    number: int
    codes: int
    found: Counter[str]  # what the guard found


Event = Sounded | Finished


class Scheduler:
    """All utterances of one machine."""

    def __init__(self, machine: Machine, pace: Pace, clock: Callable[[], float] = time.monotonic) -> None:
        self._machine = machine
        self._pace = pace
        self._clock = clock
        self._most = machine.slots
        self._queue: deque[Take] = deque()
        self._running: dict[int, Take] = {}  # by slot
        self._takes: dict[int, Take] = {}  # by number

    @property
    def busy(self) -> bool:
        """Whether there is anything to do."""
        return bool(self._takes)

    @property
    def running(self) -> int:
        """Slots in use."""
        return len(self._running)

    @property
    def queued(self) -> int:
        """Utterances that wait for a slot."""
        return len(self._queue)

    def add(self, script: Script) -> None:
        """Take an utterance in; it waits where no slot is free."""
        take = Take(script, self._pace)
        self._takes[script.number] = take
        self._queue.append(take)

    def cancel(self, number: int) -> None:
        """Forget one; its slot is free at once."""
        take = self._takes.pop(number, None)
        if take is None:
            return
        if take.slot != NO_SLOT:
            self._free(take)
        elif take in self._queue:
            self._queue.remove(take)

    def evict(self) -> list[int]:
        """Forget all, and use half as many slots from now on: the memory did not suffice. Their numbers."""
        numbers = list(self._takes)
        self._most = max(1, min(self._most, len(self._running) or 1) // 2)
        for number in numbers:
            self.cancel(number)
        return numbers

    def turn(self) -> list[Event]:
        """One step of everything."""
        self._schedule()
        steps = self._machine.step() if self._running else []
        return self._postprocess(steps)

    def _schedule(self) -> None:
        room = max(0, self._most - len(self._running))
        entering = [self._queue.popleft() for _ in range(min(room, len(self._queue)))]
        if not entering:
            return
        for take, slot in zip(entering, self._machine.admit([take.start() for take in entering]), strict=True):
            take.slot = slot
            self._running[slot] = take

    def _postprocess(self, steps: list[Step]) -> list[Event]:
        for step in steps:
            take = self._running[step.slot]
            verdict = take.see(step.latent, stopped=step.stopped)
            if verdict is Verdict.GO_ON:
                continue
            take.slot = step.slot
            self._free(take)
            if verdict is Verdict.AGAIN:
                self._queue.appendleft(take)
        return self._render()

    def _render(self) -> list[Event]:
        """One window of each take that is due, or of the most urgent ones."""
        now, rate = self._clock(), self._machine.rate
        due = sorted((take for take in self._takes.values() if take.due), key=lambda take: take.urgency(now, rate))
        chosen = due[: self._pace.renders or None]
        feeds = [take.feed(self._machine.open) for take in chosen]
        events: list[Event] = []
        for take, feed, wave in zip(chosen, feeds, self._machine.render(feeds) if feeds else [], strict=True):
            if not take.heard:
                take.heard_at = now
            sound = take.hear(wave, rate, last=feed.last)
            if len(sound):
                events.append(Sounded(take.script.number, sound))
            if feed.last:
                events += self._after_passage(take)
        return events

    def _after_passage(self, take: Take) -> list[Event]:
        if not take.whole:
            self._queue.appendleft(take)
            return []
        del self._takes[take.script.number]
        return [Finished(take.script.number, take.codes, take.found)]

    def _free(self, take: Take) -> None:
        self._machine.release(take.slot)
        del self._running[take.slot]
        take.slot = NO_SLOT
