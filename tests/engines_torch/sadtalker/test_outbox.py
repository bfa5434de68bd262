"""Frames on their way: on a card's stand-in that carries nothing before it is waited for."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
import torch

from svc_video.engines.sadtalker import outbox
from svc_video.engines.sadtalker.outbox import Outbox


def frames(value: int, count: int = 2) -> torch.Tensor:
    return torch.full((count, 4, 4, 3), value, dtype=torch.uint8)


def test_on_a_processor_frames_are_where_they_are() -> None:
    made = frames(7)
    assert np.shares_memory(Outbox(torch.device("cpu")).put(made).take(), made.numpy())


class Stream:
    """Work is done when somebody waits for an event behind it."""

    def __init__(self, device=None) -> None:
        self.queued, self.waited_for = [], []

    def wait_stream(self, other) -> None:
        self.waited_for.append(other)

    def record_stream(self, *_) -> None:
        pass


class Event:
    def __init__(self) -> None:
        self.stream, self.behind = None, 0

    def record(self, stream) -> None:
        self.stream, self.behind = stream, len(stream.queued)

    def synchronize(self) -> None:
        for work in self.stream.queued[: self.behind] if self.stream else ():
            work()


@pytest.fixture
def card(monkeypatch) -> Outbox:
    current, pinned = Stream(), []

    class Place:
        """Pinned memory that a stream writes to later."""

        def __init__(self, tensor) -> None:
            self.tensor = tensor

        def __len__(self) -> int:
            return len(self.tensor)

        def __getitem__(self, part):
            return Place(self.tensor[part])

        def view(self, shape):
            return Place(self.tensor.view(shape))

        def copy_(self, source, *, non_blocking) -> None:
            assert non_blocking
            entered[-1].queued.append(lambda: self.tensor.copy_(source))

        def numpy(self):
            return self.tensor.numpy()

    entered = []

    @contextlib.contextmanager
    def stream(one):
        entered.append(one)
        yield

    def empty(numbers, dtype, pin_memory=False):
        if pin_memory:
            pinned.append(numbers)
        return Place(torch.zeros(numbers, dtype=dtype))

    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "stream", stream)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: current)
    monkeypatch.setattr(torch.Tensor, "record_stream", lambda self, stream: stream.record_stream())
    monkeypatch.setattr(outbox.torch, "empty", empty)
    made = Outbox(torch.device("cuda"))
    made.drawing, made.pinned = current, pinned
    return made


def test_a_batch_is_carried_while_the_next_is_drawn(card) -> None:
    first = card.put(frames(1))
    second = card.put(frames(2))
    carrying = card._card._stream
    assert carrying.waited_for == [card.drawing, card.drawing]  # what is carried was drawn before
    assert len(carrying.queued) == 2
    assert first._place.numpy().max() == 0  # nothing has waited yet
    assert (first.take() == 1).all()
    assert (second.take() == 2).all()


def test_a_place_is_not_written_to_before_it_has_arrived(card) -> None:
    first = card.put(frames(1))
    card.put(frames(2))
    held = first._place.numpy()
    third = card.put(frames(3))  # takes the first one's place: that copy is waited for
    assert (held == 1).all()
    assert (third.take() == 3).all()
    assert np.shares_memory(held, third._place.numpy())


def test_pinned_memory_is_kept_and_grows(card) -> None:
    for count in (2, 2, 1, 1, 3, 3, 2):
        assert card.put(frames(count, count)).take().shape == (count, 4, 4, 3)
    assert card.pinned == [96, 96, 144, 144]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a card")
def test_a_card_gives_what_was_drawn() -> None:
    outgoing = Outbox(torch.device("cuda"))
    parcels = []
    for value in range(6):
        parcels.append(outgoing.put(frames(value).cuda()))
        if value:
            assert (parcels[value - 1].take() == value - 1).all()
