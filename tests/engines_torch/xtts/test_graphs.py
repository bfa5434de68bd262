"""The step that CUDA captures, under a capture's rules: a tape plays on a CPU what a graph would replay."""

from __future__ import annotations

import random

import pytest
import torch
from tests.fakes import cuda_tape
from tests.fakes.xtts_release import TINY
from tests.fakes.xtts_weights import weights

from svc_tts.engines.xtts import decoder as decoder_module
from svc_tts.engines.xtts import graphs
from svc_tts.engines.xtts.decoder import BatchDecoder, Sequence
from svc_tts.engines.xtts.gpt import Gpt, read_gpt
from svc_tts.engines.xtts.graphs import Graphs
from svc_tts.engines.xtts.sampling import Sampling

CODES = 12


@pytest.fixture(scope="module")
def gpt() -> Gpt:
    return read_gpt({name: torch.from_numpy(array) for name, array in weights(TINY).items()}, TINY.gpt)


def sequences(count: int) -> list[Sequence]:
    dice = torch.Generator().manual_seed(3)
    return [
        Sequence([40 + seed] * (5 + 30 * seed), torch.randn(32, TINY.gpt.width, generator=dice), Sampling(seed=seed))
        for seed in range(count)
    ]


def taped(gpt: Gpt, slots: int) -> BatchDecoder:
    decoder = BatchDecoder(gpt, slots, fixed=True)
    decoder._graphs = Graphs(gpt, decoder._state, cuda_tape.capture)
    return decoder


def heard(decoder: BatchDecoder, spoken: list[Sequence], chance: random.Random) -> list[list[int]]:
    waiting, at, codes = list(range(len(spoken))), {}, [[] for _ in spoken]
    while waiting or at:
        while waiting and decoder.free and chance.random() < 0.5:
            number = waiting.pop(0)
            at[decoder.admit(spoken[number])] = number
        for step in decoder.step():
            codes[at[step.slot]].append(step.code)
            if len(codes[at[step.slot]]) == CODES:
                decoder.release(step.slot)
                del at[step.slot]
    return codes


@pytest.mark.parametrize("warm", [True, False], ids=["warm", "captured on the way"])
def test_a_replayed_step_is_the_step(gpt, monkeypatch, warm) -> None:
    monkeypatch.setattr(graphs, "LENGTHS", (64, 128))
    monkeypatch.setattr(decoder_module, "PROMPT_ROWS_CPU", 24)
    spoken = sequences(5)
    replayed = taped(gpt, 3)
    if warm:
        replayed.warm()
        assert set(replayed._graphs._captured) == {(count, length) for count in (1, 2, 3) for length in (64, 128, 1088)}
    wanted = heard(BatchDecoder(gpt, 3), spoken, random.Random(1))
    assert heard(replayed, spoken, random.Random(1)) == wanted


def test_a_step_does_not_ask_the_host(gpt) -> None:
    decoder = taped(gpt, 2)
    with torch.inference_mode():
        decoder._graphs._step((2, 256))  # the tape refuses what would


def test_the_tape_would_notice() -> None:
    values = torch.tensor([1.0, 2.0])
    with pytest.raises(AssertionError, match="asks the host"):
        cuda_tape.capture(lambda: (values[values > 1], values))
    with pytest.raises(AssertionError, match="asks the host"):
        cuda_tape.capture(lambda: (values * values[0].item(), values))


def test_nobody_draws_while_a_graph_is_made(gpt) -> None:
    decoder = taped(gpt, 2)
    decoder.admit(sequences(1)[0])
    decoder.step()
    state = decoder._state
    before = [
        state.codes.clone(),
        state.steps.clone(),
        state.read.clone(),
        state.live.clone(),
        state.rules.seen.clone(),
    ]
    decoder.warm()
    after = [state.codes, state.steps, state.read, state.live, state.rules.seen]
    assert all(torch.equal(*pair) for pair in zip(before, after, strict=True))


@pytest.mark.parametrize(("slots", "counts"), [(1, [1]), (5, [1, 2, 4, 5]), (8, [1, 2, 4, 8])])
def test_buckets_are_powers_of_two_and_all(gpt, slots, counts) -> None:
    assert BatchDecoder(gpt, slots, fixed=True)._graphs._counts == counts


def test_a_prompt_longer_than_those_who_speak_is_not_written_over(gpt, monkeypatch) -> None:
    """It is read in pieces while the others' graph looks less far than it has got."""
    monkeypatch.setattr(graphs, "LENGTHS", (64, 128))
    monkeypatch.setattr(decoder_module, "PROMPT_ROWS_CPU", 24)
    spoken = sequences(5)
    alone = BatchDecoder(gpt, 1)
    alone.admit(spoken[4])
    wanted = [step.code for _ in range(CODES) for step in alone.step()]
    decoder = BatchDecoder(gpt, 2, fixed=True)
    decoder.admit(spoken[0])
    decoder.step()
    late = decoder.admit(spoken[4])
    steps = [step for _ in range(CODES + 10) for step in decoder.step()]
    assert [step.code for step in steps if step.slot == late][:CODES] == wanted
