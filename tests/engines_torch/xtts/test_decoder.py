"""Sequences that come and go say what they say alone, whoever is beside them, ragged or at fixed shapes."""

from __future__ import annotations

import random

import pytest
import torch
from tests.fakes.xtts_release import TINY
from tests.fakes.xtts_weights import weights

from svc_tts.engines.xtts import decoder as decoder_module
from svc_tts.engines.xtts import graphs
from svc_tts.engines.xtts.decoder import BatchDecoder, Sequence, Step
from svc_tts.engines.xtts.gpt import Gpt, read_gpt, with_projections
from svc_tts.engines.xtts.quantize import Int8Rows
from svc_tts.engines.xtts.sampling import Sampling

MANY, CODES = 7, 24
BOTH = pytest.mark.parametrize("fixed", [False, True], ids=["ragged", "fixed"])


def model(stop_bias: float = 0.0, dtype: torch.dtype = torch.float32) -> Gpt:
    arrays = weights(TINY, stop_bias=stop_bias)
    return read_gpt({name: torch.from_numpy(array) for name, array in arrays.items()}, TINY.gpt, dtype=dtype)


@pytest.fixture(scope="module")
def gpt() -> Gpt:
    return model()


@pytest.fixture(scope="module")
def sequences() -> list[Sequence]:
    """Of many lengths, each with its own voice and seed; one is greedy."""
    dice = torch.Generator().manual_seed(3)
    made = []
    for seed in range(MANY):
        ids = torch.randint(3, 260, (4 + 23 * seed,), generator=dice).tolist()
        voice = torch.randn(32, TINY.gpt.width, generator=dice)
        made.append(Sequence(ids, voice, Sampling(temperature=0.0 if seed == 2 else 0.9, seed=seed)))
    return made


def alone(gpt: Gpt, sequence: Sequence, codes: int = CODES) -> list[Step]:
    decoder = BatchDecoder(gpt, 1)
    decoder.admit(sequence)
    steps: list[Step] = []
    while len(steps) < codes and not (steps and steps[-1].stopped):
        steps += decoder.step()
    return steps


@pytest.fixture(scope="module")
def expected(gpt, sequences) -> list[list[int]]:
    return [[step.code for step in alone(gpt, sequence)] for sequence in sequences]


def drive(decoder: BatchDecoder, sequences: list[Sequence], chance: random.Random) -> list[list[int]]:
    """Admits and releases at random steps; each sequence is heard once."""
    waiting, at, heard = list(range(len(sequences))), {}, [[] for _ in sequences]
    while waiting or at:
        while waiting and decoder.free and chance.random() < 0.4:
            number = waiting.pop(0)
            at[decoder.admit(sequences[number])] = number
        for step in decoder.step():
            heard[at[step.slot]].append(step.code)
            if len(heard[at[step.slot]]) == CODES or step.stopped:
                decoder.release(step.slot)
                del at[step.slot]
    return heard


@BOTH
@pytest.mark.parametrize("seed", range(4))
def test_joining_and_leaving_at_any_step_changes_no_code(*, gpt, sequences, expected, seed, fixed, monkeypatch) -> None:
    monkeypatch.setattr(decoder_module, "PROMPT_ROWS_CPU", 16)  # prompts come in many pieces
    monkeypatch.setattr(graphs, "LENGTHS", (64, 128, 256))
    decoder = BatchDecoder(gpt, 3, fixed=fixed)
    assert drive(decoder, sequences, random.Random(seed)) == expected


def test_batches_of_int8_are_equal_to_the_last_bit(gpt, sequences) -> None:
    eighth = with_projections(gpt, Int8Rows.of)
    decoder = BatchDecoder(eighth, 3)
    for sequence in sequences[:3]:
        decoder.admit(sequence)
    steps = [step for _ in range(CODES) for step in decoder.step()]
    for slot, sequence in enumerate(sequences[:3]):
        together = [step for step in steps if step.slot == slot]
        by_itself = alone(eighth, sequence, len(together))
        assert [step.code for step in together] == [step.code for step in by_itself]
        assert all(torch.equal(a.latent, b.latent) for a, b in zip(together, by_itself, strict=True))


@BOTH
def test_running_sequences_speak_while_a_long_prompt_is_read(gpt, sequences, monkeypatch, fixed) -> None:
    monkeypatch.setattr(decoder_module, "PROMPT_ROWS_CPU", 16)
    decoder = BatchDecoder(gpt, 2, fixed=fixed)
    first = decoder.admit(sequences[0])
    assert [step.slot for step in decoder.step()] == [first]
    second = decoder.admit(sequences[-1])
    quiet = 0
    while second not in (slots := [step.slot for step in decoder.step()]):
        assert slots == [first]
        quiet += 1
    rows = 32 + len(sequences[-1].text_ids) + 3
    assert quiet == -(-rows // 16) - 1


def test_prompts_are_read_together_while_nobody_speaks(gpt, sequences) -> None:
    decoder = BatchDecoder(gpt, 3)
    for sequence in sequences[:3]:
        decoder.admit(sequence)
    assert [step.slot for step in decoder.step()] == [0, 1, 2]


@BOTH
def test_the_stop_code_ends_a_sequence_and_has_a_latent(sequences, fixed) -> None:
    decoder = BatchDecoder(model(stop_bias=3.0), 2, fixed=fixed)
    slot = decoder.admit(sequences[1])
    steps = [step for _ in range(200) for step in decoder.step()]
    assert steps[-1].code == TINY.gpt.stop_audio
    assert [step.stopped for step in steps] == [False] * (len(steps) - 1) + [True]
    assert 1 < len(steps) < 200
    assert steps[-1].latent.shape == (TINY.gpt.width,)
    assert decoder.free == 1
    decoder.release(slot)
    assert (decoder.free, decoder.step()) == (2, [])


@BOTH
def test_a_sequence_ends_where_the_positions_do(sequences, fixed) -> None:
    decoder = BatchDecoder(model(stop_bias=-50.0), 1, fixed=fixed)
    longest = Sequence([5] * (TINY.gpt.max_text - 1), sequences[0].conditioning, Sampling(seed=1))
    decoder.admit(longest)
    steps = [step for _ in range(TINY.gpt.max_codes + 40) for step in decoder.step()]
    assert len(steps) == TINY.gpt.max_codes
    assert steps[-1].stopped
    assert not any(step.stopped for step in steps[:-1])


def test_a_released_slot_is_taken_by_another_voice(gpt, sequences, expected) -> None:
    decoder = BatchDecoder(gpt, 1)
    decoder.admit(sequences[4])
    decoder.step()
    decoder.release(0)
    decoder.admit(sequences[1])
    assert [step.code for _ in range(CODES) for step in decoder.step()] == expected[1]


def test_more_than_the_slots_is_refused(gpt, sequences) -> None:
    decoder = BatchDecoder(gpt, 1)
    decoder.admit(sequences[0])
    with pytest.raises(IndexError, match="All 1 slots are taken"):
        decoder.admit(sequences[1])


def test_latents_of_a_step_are_not_written_over_by_the_next(gpt, sequences) -> None:
    decoder = BatchDecoder(gpt, 1, fixed=True)
    decoder.admit(sequences[0])
    kept = decoder.step()[0].latent
    before = kept.clone()
    for _ in range(3):
        decoder.step()
    assert torch.equal(kept, before)


@BOTH
def test_layers_in_bf16_say_nearly_the_same(gpt, sequences, fixed) -> None:
    decoder = BatchDecoder(model(dtype=torch.bfloat16), 2, fixed=fixed)
    decoder.admit(sequences[1])
    low, high = decoder.step()[0], alone(gpt, sequences[1], 1)[0]
    assert low.latent.dtype == torch.float32
    assert ((low.latent - high.latent).norm() / high.latent.norm()).item() < 0.02
    assert [step.slot for _ in range(5) for step in decoder.step()] == [0] * 5
