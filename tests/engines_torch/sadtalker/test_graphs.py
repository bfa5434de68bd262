"""Batches that CUDA captures, under a capture's rules: a tape plays on a processor what a graph would replay."""

from __future__ import annotations

import time

import pytest
import torch
from tests.fakes import cuda_tape
from tests.fakes.sadtalker_portraits import card_renderer, orders, renderer, source

from svc_video.engines.sadtalker import forms, graphs, precision
from svc_video.engines.sadtalker.graphs import CudaCapture, GraphRenderer, graphed
from svc_video.engines.sadtalker.renderer import Renderer

pytestmark = pytest.mark.timeout(240)  # a tape plays every operator by itself


class Kept:
    """Captures as the tape does, and counts."""

    jobs = 0

    def __call__(self, job):
        self.jobs += 1
        return cuda_tape.capture(job)


class Counting(Kept):
    """Runs nothing."""

    def __call__(self, job):
        self.jobs += 1
        return lambda: torch.zeros(4, 1, 1, 3, dtype=torch.uint8)


@pytest.fixture(scope="module")
def made() -> Renderer:
    return card_renderer()


@pytest.fixture(scope="module")
def drawn(made) -> tuple[list, torch.Tensor]:
    frames = orders(made, 3, portraits=2)
    return frames, renderer().render(frames)  # by the forms of a processor, one frame after another


def near(found: torch.Tensor, wanted: torch.Tensor) -> None:
    """Frames of another form or batch differ by roundings."""
    assert found.shape == wanted.shape
    assert (found.int() - wanted.int()).abs().max() <= 1


def test_a_replayed_batch_is_the_batch(made, drawn, monkeypatch) -> None:
    monkeypatch.setattr(graphs, "SIZES", (2,))
    frames, wanted = drawn
    captured = Kept()
    graph = GraphRenderer(made, frames[0].appearance, 2, captured)
    graph.warm()
    first = graph.render(frames[:1])  # in a graph of two
    near(first, wanted[:1])
    before = first.clone()
    near(graph.render(frames), wanted)  # more than it has
    assert torch.equal(first, before)  # what was drawn stays
    assert captured.jobs == 1
    assert wanted.float().std() > 5


def test_a_batch_does_not_ask_the_host(made, drawn) -> None:
    frames, wanted = drawn
    graph = GraphRenderer(made, frames[0].appearance, 1, cuda_tape.capture)
    graph.warm()  # the tape refuses what would
    near(graph.render(frames[1:2]), wanted[1:2])


def test_what_was_not_captured_at_the_start_is_when_it_is_wanted(made, drawn) -> None:
    captured = Counting()
    graph = GraphRenderer(made, drawn[0][0].appearance, 4, captured)
    graph.render(drawn[0])
    graph.render(drawn[0])
    assert captured.jobs == 1
    graph.warm()
    assert captured.jobs == 3  # 1, 2, 4


@pytest.mark.parametrize(("most", "sizes"), [(1, [1]), (5, [1, 2, 4, 5]), (8, [1, 2, 4, 6, 8])])
def test_there_is_a_graph_of_the_most(made, drawn, most, sizes) -> None:
    assert GraphRenderer(made, drawn[0][0].appearance, most, cuda_tape.capture)._sizes == sizes


def test_at_most_a_third_is_filled_up() -> None:
    for count in range(3, max(graphs.SIZES) + 1):
        size = next(size for size in graphs.SIZES if size >= count)
        assert size * 3 <= count * 4


def test_no_graphs_without_a_card(made, drawn) -> None:
    assert graphed(made, drawn[0][0].appearance, 4) is None


def test_a_card_that_refuses_is_drawn_on_all_the_same(made, drawn, monkeypatch, caplog) -> None:
    class Refusing(CudaCapture):
        def __call__(self, job):
            raise RuntimeError("operation not permitted when stream is capturing")

    class Card:
        policy = precision.Policy(
            precision.Place(torch.device("cuda")), precision.Place(torch.device("cuda")), tf32=True
        )

        def pixels(self, *places):
            raise AssertionError("nothing runs")

    monkeypatch.setattr(graphs, "CudaCapture", Refusing)
    assert graphed(Card(), drawn[0][0].appearance, 2) is None
    assert "captures no graph" in caplog.text


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a card")
def test_a_graph_on_a_card_is_the_batch() -> None:
    on_card = renderer("cuda", "fp16")
    frames = orders(on_card, 5, portraits=2)
    graph = graphed(on_card, on_card.appearance(source(0)), 4)
    assert graph is not None
    near(graph.render(frames), on_card.render(frames))


class Network:
    """A form that answers so."""

    def __init__(self, answer: torch.Tensor, wait_s: float = 0.0) -> None:
        self.answer, self.wait_s = answer, wait_s

    def ask(self) -> torch.Tensor:
        time.sleep(self.wait_s)
        return self.answer


TRUE = torch.randn(100, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("other", "taken"),
    [
        (Network(TRUE + 1e-4), True),
        (Network(TRUE + 1e-4, wait_s=0.02), False),
        (Network(TRUE * 1.1), False),
        (Network(TRUE * torch.nan), False),
        (None, False),
    ],
    ids=["equal and fast", "slower", "wrong", "no numbers", "cannot run"],
)
def test_a_form_is_taken_where_it_agrees_and_is_faster(other, taken) -> None:
    plain = Network(TRUE, wait_s=0.005)

    def make():
        if other is None:
            raise RuntimeError("no kernel image is available for execution on the device")
        return other

    assert forms.chosen("decoder", {"fused": make}, lambda: plain, Network.ask) is (other if taken else plain)
