from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from svc_video.engines.sadtalker.machine import OutOfMemory
from svc_video.engines.sadtalker.orders import FilmOrder
from svc_video.engines.sadtalker.scheduler import FIRST_BATCH, Drawn, Failed, Finished, Scheduler
from svc_video.engines.sadtalker.take import Take
from troupe.wire.errors import EngineFailed, Overloaded


@dataclass
class Motion:
    """A film whose frames are its name and number; `known` of them at once."""

    name: str
    known: int
    total: int | None = None
    given: int = 0

    def feed(self, pcm: bytes) -> None:
        self.known += len(pcm)

    def end(self) -> None:
        self.total = self.known

    def ready(self) -> Sequence[tuple[str, int]]:
        if self.name == "no memory":
            raise OutOfMemory("1 GiB wanted")
        new = [(self.name, number) for number in range(self.given, self.known)]
        self.given = self.known
        return new

    @property
    def whole(self) -> bool:
        return self.total is not None and self.given >= self.total


@dataclass
class Renderer:
    batch: int = 8
    fits: int = 1_000
    batches: list[list[tuple[str, int]]] = field(default_factory=list)

    ahead: bool = False
    taken: int = 0  # batches

    def begin(self, poses: Sequence[tuple[str, int]]):
        if len(poses) > self.fits:
            raise OutOfMemory(f"{len(poses)} GiB wanted")
        self.batches.append(list(poses))

        def squares() -> list[np.ndarray]:
            self.taken += 1
            return [np.zeros((2, 2, 3), np.uint8) for _ in poses]

        return squares


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def renderer() -> Renderer:
    return Renderer()


@pytest.fixture
def scheduler(renderer, clock) -> Scheduler:
    return Scheduler(renderer, clock)


def add(scheduler, number, known, *, room=100, total=None, name="", rate=(25, 1)) -> Motion:
    motion = Motion(name or f"film {number}", known, total)
    scheduler.add(Take.of(number, motion, FilmOrder(rate=rate, room=room)))
    return motion


def drawn(events) -> list[tuple[int, int]]:
    return [(event.film, event.number) for event in events if isinstance(event, Drawn)]


def test_a_first_batch_is_small_and_the_next_is_full(scheduler, renderer) -> None:
    add(scheduler, 1, 50)
    assert drawn(scheduler.turn()) == [(1, number) for number in range(FIRST_BATCH)]
    scheduler.turn()
    assert len(renderer.batches[1]) == 8


def test_a_film_ends_with_its_last_frame(scheduler) -> None:
    add(scheduler, 1, 3, total=3)
    events = scheduler.turn()
    assert drawn(events) == [(1, 0), (1, 1), (1, 2)]
    assert events[-1] == Finished(1, 3)
    assert scheduler.films == 0
    assert scheduler.turn() == []


def test_films_share_a_batch(scheduler, renderer) -> None:
    add(scheduler, 1, 50)
    add(scheduler, 2, 50)
    scheduler.turn()
    scheduler.turn()
    assert [name for name, _ in renderer.batches[1]].count("film 1") == 4
    assert len(renderer.batches[1]) == 8


def test_what_one_film_cannot_use_another_has(scheduler, renderer) -> None:
    add(scheduler, 1, 50)
    add(scheduler, 2, 3)
    scheduler.turn()
    add(scheduler, 3, 50, room=1)
    scheduler.turn()
    scheduler.turn()
    assert [len(batch) for batch in renderer.batches] == [6, 6, 8]


def test_a_new_film_and_then_the_one_that_runs_out_go_first(scheduler, renderer, clock) -> None:
    renderer.batch = 1
    scheduler = Scheduler(renderer, clock)
    add(scheduler, 1, 50)
    scheduler.turn()
    clock.now = 10.0
    add(scheduler, 2, 50)
    assert drawn(scheduler.turn()) == [(2, 0)]
    assert drawn(scheduler.turn()) == [(1, 1)]  # its viewer has waited for ten seconds


def test_one_whose_reader_is_slow_is_passed_over(scheduler) -> None:
    add(scheduler, 1, 50, room=2)
    add(scheduler, 2, 50)
    for _ in range(3):
        scheduler.turn()
    assert scheduler.take(1).given == 2
    assert scheduler.take(2).given > 12
    scheduler.take(1).allow(5)
    assert drawn(scheduler.turn())[0][0] == 1


def test_a_film_that_was_left_gives_nothing(scheduler) -> None:
    add(scheduler, 1, 50)
    scheduler.turn()
    scheduler.cancel(1)
    scheduler.cancel(1)
    assert scheduler.turn() == []


def test_frames_that_the_rate_passes_over_are_not_drawn(scheduler) -> None:
    add(scheduler, 1, 25, total=25, rate=(10, 1))
    seen: list[int] = []
    while scheduler.films:
        seen += [number for _, number in drawn(scheduler.turn())]
    assert seen == [1, 3, 6, 8, 11, 13, 16, 18, 21, 23]


def test_frames_that_are_shown_twice_are_drawn_once(scheduler) -> None:
    add(scheduler, 1, 10, total=10, rate=(60, 1))
    seen: list[int] = []
    while scheduler.films:
        seen += [number for _, number in drawn(scheduler.turn())]
    assert seen == list(range(10))


def test_motion_comes_as_it_is_needed(scheduler) -> None:
    motion = add(scheduler, 1, 20)
    scheduler.turn()
    motion.feed(bytes(100))
    assert motion.given == 20
    while motion.given == 20:
        assert scheduler.turn()
    assert scheduler.take(1).given <= 20


def test_batches_become_smaller_until_they_fit(scheduler, renderer) -> None:
    renderer.fits = 2
    add(scheduler, 1, 20)
    assert drawn(scheduler.turn()) == [(1, 0)]
    assert scheduler.batch == 1
    assert drawn(scheduler.turn()) == [(1, 1)]


def test_what_never_fits_fails_its_film_alone(scheduler, renderer) -> None:
    renderer.fits = 0
    add(scheduler, 1, 20)
    (failed,) = scheduler.turn()
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, Overloaded)
    assert "not memory enough for a single frame (1 GiB wanted)" in failed.error.message
    renderer.fits = 1
    add(scheduler, 2, 20)
    assert drawn(scheduler.turn()) == [(2, 0)]


def test_motion_that_does_not_fit_fails_its_film_alone(scheduler) -> None:
    add(scheduler, 1, 20, name="no memory")
    add(scheduler, 2, 20)
    events = scheduler.turn()
    assert isinstance(events[0], Failed)
    assert drawn(events)[0] == (2, 0)


def test_squares_become_frames_where_the_film_says_how(scheduler) -> None:
    def finish(squares: np.ndarray) -> np.ndarray:
        return np.full((len(squares), 4, 6, 3), len(squares), np.uint8)

    add(scheduler, 1, 3, total=3)
    scheduler.add(Take.of(2, Motion("finished", 3, 3), FilmOrder(room=100), finish))
    frames = {event.film: event.frame for event in scheduler.turn() if isinstance(event, Drawn)}
    assert frames[1].shape == (2, 2, 3)
    assert frames[2].shape == (4, 6, 3)
    assert frames[2].max() == 3


def test_one_whose_frames_cannot_be_made_fails_alone(scheduler) -> None:
    def finish(squares: np.ndarray) -> np.ndarray:
        raise EngineFailed("The enhancer broke.")

    scheduler.add(Take.of(1, Motion("broken", 3, 3), FilmOrder(room=100), finish))
    add(scheduler, 2, 3, total=3)
    events = scheduler.turn()
    assert [event.film for event in events if isinstance(event, Failed)] == [1]
    assert drawn(events) == [(2, 0), (2, 1), (2, 2)]
    assert scheduler.films == 0


@pytest.fixture
def card(renderer) -> Renderer:
    renderer.ahead = True
    return renderer


def test_a_card_has_the_next_batch_before_the_last_is_taken(scheduler, card) -> None:
    add(scheduler, 1, 20, total=20)
    assert drawn(scheduler.turn()) == [(1, number) for number in range(FIRST_BATCH)]
    assert (len(card.batches), card.taken) == (2, 1)
    assert drawn(scheduler.turn()) == [(1, number) for number in range(6, 14)]
    assert (len(card.batches), card.taken) == (3, 2)
    events = scheduler.turn()
    assert drawn(events) == [(1, number) for number in range(14, 20)]
    assert events[-1] == Finished(1, 20)  # not before its last frame was taken
    assert (len(card.batches), card.taken) == (3, 3)
    assert scheduler.turn() == []


def test_a_film_that_is_cancelled_while_it_is_drawn_gives_nothing_more(scheduler, card) -> None:
    add(scheduler, 1, 50)
    add(scheduler, 2, 50)
    scheduler.turn()
    scheduler.cancel(1)
    assert {film for film, _ in drawn(scheduler.turn())} == {2}
    scheduler.cancel(2)
    assert scheduler.turn() == []
    assert scheduler.films == 0
    add(scheduler, 3, 2, total=2)
    assert drawn(scheduler.turn()) == [(3, 0), (3, 1)]


def test_a_card_draws_no_more_than_there_is_room_for(scheduler, card) -> None:
    add(scheduler, 1, 50, room=7)
    assert [len(drawn(scheduler.turn())) for _ in range(3)] == [6, 1, 0]
    assert [len(batch) for batch in card.batches] == [6, 1]


def test_a_card_whose_memory_ends_gives_what_it_has_begun(scheduler, card) -> None:
    add(scheduler, 1, 50)
    assert len(drawn(scheduler.turn())) == FIRST_BATCH  # the second batch, of 8, is begun
    card.fits = 2
    assert len(drawn(scheduler.turn())) == 8
    assert [len(batch) for batch in card.batches] == [6, 8, 2]
    assert len(drawn(scheduler.turn())) == 2
