from __future__ import annotations

import pytest
import torch

from svc_tts.engines.xtts.sampling import Dice, DiceTable, Rules, Sampling

VOCABULARY, START = 12, 10
SLOT = torch.tensor([0])
PLAIN = Sampling(temperature=1, top_k=0, top_p=1, repetition_penalty=1)


def rules(*samplings: Sampling) -> Rules:
    made = Rules.of(len(samplings), VOCABULARY, Dice(len(samplings), VOCABULARY), torch.device("cpu"))
    for slot, sampling in enumerate(samplings):
        made.admit(slot, sampling, START)
    return made


def scores(sampling: Sampling, logits: list[float]) -> list[float]:
    padded = torch.tensor([logits + [-50.0] * (VOCABULARY - len(logits))])
    return rules(sampling).processed(padded, SLOT)[0].tolist()


def test_id_1_and_the_start_are_penalised_before_the_first_code() -> None:
    sampling = Sampling(temperature=1, top_k=0, top_p=1, repetition_penalty=2)
    got = rules(sampling).processed(torch.full((1, VOCABULARY), 4.0), SLOT)[0].tolist()
    assert [code for code, score in enumerate(got) if score == 2.0] == [1, START]
    assert {score for code, score in enumerate(got) if code not in (1, START)} == {4.0}


def test_penalty_lowers_what_is_negative_too() -> None:
    sampling = Sampling(temperature=1, top_k=0, top_p=1, repetition_penalty=2)
    made = rules(sampling)
    made.remember(torch.tensor([3]), SLOT, torch.tensor([True]))
    assert made.processed(torch.full((1, VOCABULARY), -4.0), SLOT)[0, [2, 3]].tolist() == [-4.0, -8.0]


def test_a_code_that_nobody_hears_is_not_remembered() -> None:
    made = rules(PLAIN)
    made.remember(torch.tensor([3]), SLOT, torch.tensor([False]))
    assert not made.seen[0, 3]
    made.remember(torch.tensor([1]), SLOT, torch.tensor([False]))
    assert made.seen[0, 1]


def test_the_penalty_comes_before_top_k() -> None:
    sampling = Sampling(temperature=1, top_k=2, top_p=1, repetition_penalty=4)
    got = scores(sampling, [3.0, 8.0, 4.0])  # id 1 leads until it is penalised to 2
    assert got[:3] == [3.0, float("-inf"), 4.0]


def test_temperature_comes_before_top_p() -> None:
    hot = scores(Sampling(temperature=4, top_k=0, top_p=0.6, repetition_penalty=1), [4.0, -50, 2.0, 0.0])
    cold = scores(Sampling(temperature=0.5, top_k=0, top_p=0.6, repetition_penalty=1), [4.0, -50, 2.0, 0.0])
    assert [score > float("-inf") for score in hot[:4]] == [True, False, True, False]
    assert [score > float("-inf") for score in cold[:4]] == [True, False, False, False]


def test_top_k_comes_before_top_p() -> None:
    # Of 8, 8, 8, 8 top p 0.4 alone keeps two; after top k 3 of 8, 8.1, 8.2 it keeps two of three.
    logits = [8.0, -50.0, 8.1, 8.2, 7.9]
    kept = [score > float("-inf") for score in scores(Sampling(1, 3, 0.4, 1), logits)]
    assert kept[:5] == [False, False, True, True, False]
    kept = [score > float("-inf") for score in scores(Sampling(1, 0, 0.55, 1), logits)]
    assert kept[:5] == [True, False, True, True, False]


def test_the_likeliest_code_survives_any_top_p() -> None:
    got = scores(Sampling(1, 0, 1e-6, 1), [1.0, -50.0, 5.0])
    assert [score > float("-inf") for score in got] == [code == 2 for code in range(VOCABULARY)]


def test_rows_keep_to_their_own_rules() -> None:
    made = rules(Sampling(temperature=0), PLAIN)
    logits = torch.arange(VOCABULARY, dtype=torch.float32).repeat(2, 1)
    processed = made.processed(logits, torch.tensor([0, 1]))
    assert processed.isfinite().sum(1).tolist() == [1, VOCABULARY]
    swapped = made.processed(logits, torch.tensor([1, 0]))
    assert torch.equal(swapped, processed.flip(0))


def test_draws_follow_the_probabilities() -> None:
    made = rules(PLAIN)
    logits = torch.tensor([[0.7, 0.0, 0.2, 0.1] + [0.0] * 8]).log()
    drawn = [int(made.draw(logits, SLOT, SLOT)) for _ in range(4000)]
    shares = [drawn.count(code) / len(drawn) for code in range(4)]
    assert shares == pytest.approx([0.7, 0.0, 0.2, 0.1], abs=0.03)


def test_a_draw_is_torch_multinomials() -> None:
    made = rules(Sampling(1, 0, 1, 1, seed=11))
    logits = torch.randn(20, VOCABULARY, generator=torch.Generator().manual_seed(1))
    ours = [int(made.draw(row[None], SLOT, SLOT)) for row in logits]
    generator = torch.Generator().manual_seed(11)
    theirs = [int(torch.multinomial(row.softmax(-1)[None], 1, generator=generator)) for row in logits]
    assert ours == theirs


def test_dice_do_not_know_their_neighbours() -> None:
    two, one = Dice(2, VOCABULARY), Dice(1, VOCABULARY)
    two.admit(0, 5)
    two.admit(1, 6)
    one.admit(0, 6)
    together = two.rows(torch.tensor([0, 1]), torch.tensor([0, 0]))
    assert torch.equal(together[1:], one.rows(SLOT, SLOT))


def test_a_table_of_dice_holds_a_step_that_is_over() -> None:
    dice = DiceTable(2, VOCABULARY, most=3, device=torch.device("cpu"))
    dice.admit(1, 5)
    noise = dice.rows(torch.tensor([1, 1]), torch.tensor([2, 3]))
    assert torch.equal(noise[0], noise[1])
    before = dice.rows(torch.tensor([1]), torch.tensor([0]))
    dice.admit(0, 9)
    assert torch.equal(dice.rows(torch.tensor([1]), torch.tensor([0])), before)


@pytest.mark.parametrize(
    "wrong", [{"temperature": -1}, {"top_k": -1}, {"top_p": 0}, {"top_p": 1.1}, {"repetition_penalty": 0}]
)
def test_what_is_no_rule_is_refused(wrong) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        Sampling(**wrong)
