from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from svc_tts.engines.xtts.guard import Expectation, Wave
from svc_tts.engines.xtts.machine import Feed, Passage, Script, Start, Step
from svc_tts.engines.xtts.scheduler import Event, Finished, Scheduler, Sounded
from svc_tts.engines.xtts.take import Pace

CALM = Expectation(least=1, usual=300, most=500, limit=602)
RATE = 22_050
CODE = 1024  # samples of a code: the fake sounds at the rate of the codes


@dataclass
class Stream:
    voice: Any
    speed: float


@dataclass
class Machine:
    """A passage takes as many codes as its first id says; a latent is (voice, seed, number of the code)."""

    slots: int = 2
    rate: int = RATE
    lengths: dict[int, int] = field(default_factory=dict)  # by seed, in place of the first id
    level: dict[int, float] = field(default_factory=dict)  # by number of the code
    running: dict[int, tuple[Start, int]] = field(default_factory=dict)
    steps: list[int] = field(default_factory=list)  # how many ran in each
    calls: list[list[str]] = field(default_factory=list)  # voices of each call of the vocoder
    started: list[Start] = field(default_factory=list)

    def admit(self, starts: Sequence[Start]) -> list[int]:
        free = [slot for slot in range(self.slots) if slot not in self.running][: len(starts)]
        assert len(free) == len(starts)
        self.running |= {slot: (start, 0) for slot, start in zip(free, starts, strict=True)}
        self.started += starts
        return free

    def step(self) -> list[Step]:
        self.steps.append(len(self.running))
        return [self._step(slot) for slot in self.running]

    def release(self, slot: int) -> None:
        del self.running[slot]

    def open(self, voice: Any, speed: float) -> Stream:
        return Stream(voice, speed)

    def render(self, feeds: Sequence[Feed]) -> list[Wave]:
        self.calls.append([feed.stream.voice for feed in feeds])
        return [self._sound(feed) for feed in feeds]

    def _step(self, slot: int) -> Step:
        start, number = self.running[slot]
        self.running[slot] = (start, number + 1)
        length = self.lengths.get(start.seed, start.ids[0])
        return Step(slot, number, stopped=number + 1 == length)

    def _sound(self, feed: Feed) -> Wave:
        levels = [self.level.get(number, 0.5) for number in feed.latents]
        return np.repeat(np.array(levels, np.float32), CODE)


def script(number: int, *codes: int, expected: Expectation = CALM, seed: int = 0) -> Script:
    passages = tuple(Passage((count,), expected) for count in codes)
    return Script(number, passages, voice=f"voice {number}", seed=seed)


def run(scheduler: Scheduler, most: int = 2_000) -> list[Event]:
    events: list[Event] = []
    for _ in range(most):
        if not scheduler.busy:
            return events
        events += scheduler.turn()
    raise AssertionError("it does not end")


def waves(events: Iterable[Event], number: int) -> Wave:
    parts = [event.wave for event in events if isinstance(event, Sounded) and event.number == number]
    return np.concatenate([np.zeros(0, np.float32), *parts])


def ends(events: Iterable[Event]) -> list[Finished]:
    return [event for event in events if isinstance(event, Finished)]


def found(events: Iterable[Event]) -> dict[str, int]:
    return dict(ends(events)[0].found)


def test_one_utterance_comes_whole_in_growing_windows() -> None:
    machine = Machine()
    scheduler = Scheduler(machine, Pace((2, 4, 8)))
    scheduler.add(script(1, 31))
    events = run(scheduler)
    sizes = [len(event.wave) // CODE for event in events if isinstance(event, Sounded)]
    assert sizes == [2, 4, 8, 8, 8, 1]
    assert ends(events) == [Finished(1, 31, {})]
    assert not machine.running


def test_first_sound_comes_as_soon_as_the_first_window_is_full() -> None:
    scheduler = Scheduler(Machine(), Pace((3, 6, 8)))
    scheduler.add(script(1, 50))
    turns = [scheduler.turn() for _ in range(3)]
    assert [bool(events) for events in turns] == [False, False, True]


def test_utterances_join_and_leave_at_any_step() -> None:
    machine = Machine(slots=2)
    scheduler = Scheduler(machine, Pace((2, 4, 8)))
    scheduler.add(script(1, 10))
    scheduler.turn()
    for number, codes in ((2, 3), (3, 4)):
        scheduler.add(script(number, codes))
    events = run(scheduler)
    assert [event.number for event in ends(events)] == [2, 3, 1]
    assert [len(waves(events, number)) // CODE for number in (1, 2, 3)] == [10, 3, 4]
    # The third begins in the very step after the second has ended.
    assert machine.steps == [1, 2, 2, 2, 2, 2, 2, 2, 1, 1]


def test_passages_of_one_utterance_follow_each_other_before_others_begin() -> None:
    machine = Machine(slots=1)
    scheduler = Scheduler(machine, Pace((2, 4, 8)))
    scheduler.add(script(1, 3, 5))
    scheduler.add(script(2, 2))
    events = run(scheduler)
    assert [start.ids[0] for start in machine.started] == [3, 5, 2]
    assert len(waves(events, 1)) == 8 * CODE
    assert [event.number for event in ends(events)] == [1, 2]
    assert len({start.seed for start in machine.started[:2]}) == 2


def test_a_cancelled_utterance_frees_its_slot_at_once() -> None:
    machine = Machine(slots=1)
    scheduler = Scheduler(machine, Pace((2, 4, 8)))
    for number in (1, 2, 3):
        scheduler.add(script(number, 5))
    scheduler.turn()
    scheduler.cancel(1)
    assert scheduler.running == 0
    scheduler.cancel(3)
    scheduler.cancel(99)
    events = run(scheduler)
    assert [event.number for event in ends(events)] == [2]
    assert not machine.running


def test_the_vocoder_takes_all_that_are_due_in_one_call() -> None:
    machine = Machine(slots=3)
    scheduler = Scheduler(machine, Pace((2,)))
    for number in (1, 2, 3):
        scheduler.add(script(number, 4))
    run(scheduler)
    assert machine.calls == [["voice 1", "voice 2", "voice 3"]] * 2


def test_one_at_a_time_it_serves_who_was_not_heard_then_who_runs_out_first() -> None:
    now = 0.0
    machine = Machine(slots=3)
    scheduler = Scheduler(machine, Pace((2,), renders=1), clock=lambda: now)
    scheduler.add(script(1, 40))
    scheduler.turn()
    scheduler.turn()
    scheduler.add(script(2, 40))
    for _ in range(8):
        now += 0.01
        scheduler.turn()
    order = [call[0] for call in machine.calls]
    # The newcomer goes first as soon as there is something of it; then they take turns.
    assert order == ["voice 1", "voice 2", *["voice 1", "voice 2"] * 3][: len(order)]


def test_a_take_that_stops_too_soon_is_made_again_with_another_seed() -> None:
    machine = Machine(lengths={10: 2, 11: 30})
    scheduler = Scheduler(machine, Pace((4, 8)))
    scheduler.add(script(1, 30, expected=Expectation(10, 30, 60, 80), seed=10))
    events = run(scheduler)
    assert [start.seed for start in machine.started] == [10, 11]
    assert len(waves(events, 1)) == 30 * CODE
    assert found(events) == {"retried": 1}
    assert ends(events)[0].codes == 32


def test_it_is_made_again_only_once() -> None:
    scheduler = Scheduler(Machine(lengths={10: 2, 11: 3}), Pace((4, 8)))
    scheduler.add(script(1, 30, expected=Expectation(10, 30, 60, 80), seed=10))
    events = run(scheduler)
    assert len(waves(events, 1)) == 3 * CODE
    assert found(events) == {"retried": 1, "too_short": 1}


def test_what_was_heard_is_not_said_again() -> None:
    scheduler = Scheduler(Machine(lengths={10: 6}), Pace((4, 8)))
    scheduler.add(script(1, 31, expected=Expectation(10, 31, 60, 80), seed=10))
    events = run(scheduler)
    assert len(waves(events, 1)) == 6 * CODE
    assert found(events) == {"too_short": 1}


def test_babble_without_end_is_cut_at_the_silence_before_it() -> None:
    quiet = dict.fromkeys(range(45, 52), 0.0)
    machine = Machine(level=quiet)
    scheduler = Scheduler(machine, Pace((4, 8)))
    scheduler.add(script(1, 10_000, expected=Expectation(10, 31, 40, 80)))
    events = run(scheduler)
    assert found(events) == {"trimmed": 1}
    assert 45 * CODE < len(waves(events, 1)) < 47 * CODE
    assert not machine.running


def test_babble_without_a_silence_is_cut_at_its_quietest() -> None:
    scheduler = Scheduler(Machine(level={60: 0.1}), Pace((4, 8)))
    scheduler.add(script(1, 10_000, expected=Expectation(10, 31, 40, 80)))
    events = run(scheduler)
    assert found(events) == {"cut": 1}
    assert 60 * CODE <= len(waves(events, 1)) <= 61 * CODE


def test_a_slow_speaker_who_ends_by_himself_is_heard_to_the_end() -> None:
    scheduler = Scheduler(Machine(), Pace((4, 8)))
    scheduler.add(script(1, 60, expected=Expectation(10, 31, 40, 80)))
    events = run(scheduler)
    assert found(events) == {}
    assert len(waves(events, 1)) == 60 * CODE


def test_a_word_after_the_end_is_cut_off_where_a_silence_is_before_it() -> None:
    scheduler = Scheduler(Machine(level=dict.fromkeys(range(42, 50), 0.0)), Pace((4, 8)))
    scheduler.add(script(1, 60, expected=Expectation(10, 31, 40, 80)))
    events = run(scheduler)
    assert found(events) == {"trimmed": 1}
    assert 42 * CODE < len(waves(events, 1)) < 44 * CODE


def test_a_short_text_is_held_back_and_made_again_where_it_babbles() -> None:
    machine = Machine(lengths={10: 70, 11: 20})
    scheduler = Scheduler(machine, Pace((2, 4)))
    scheduler.add(script(1, 20, expected=Expectation(2, 15, 35, 45), seed=10))
    events = run(scheduler)
    assert [start.seed for start in machine.started] == [10, 11]
    assert [len(event.wave) for event in events if isinstance(event, Sounded)] == [20 * CODE]
    assert found(events) == {"retried": 1}


def test_when_memory_runs_out_all_are_told_and_half_as_many_run_from_then_on() -> None:
    machine = Machine(slots=4)
    scheduler = Scheduler(machine, Pace((2, 4, 8)))
    for number in range(6):
        scheduler.add(script(number, 5))
    scheduler.turn()
    assert scheduler.evict() == [0, 1, 2, 3, 4, 5]
    assert not scheduler.busy
    assert not machine.running
    for number in range(6):
        scheduler.add(script(number, 5))
    scheduler.turn()
    assert (scheduler.running, scheduler.queued) == (2, 4)
    assert len(ends(run(scheduler))) == 6


@pytest.mark.parametrize("codes", [1, 2, 3, 7, 8, 9, 100])
def test_every_length_comes_whole_whatever_the_windows(codes: int) -> None:
    for pace in (Pace((1,)), Pace((2, 3)), Pace((8, 16, 32, 64), renders=1)):
        scheduler = Scheduler(Machine(), pace)
        scheduler.add(script(1, codes))
        assert len(waves(run(scheduler), 1)) == codes * CODE
