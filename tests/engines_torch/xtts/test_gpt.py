"""Our transformer beside coqui-tts 0.28.0's: what it said of the tiny random model is recorded in golden/gpt.npz."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.fakes.xtts_release import TINY
from tests.fakes.xtts_weights import weights

from svc_tts.engines.xtts.decoder import BatchDecoder, Sequence
from svc_tts.engines.xtts.gpt import Gpt, read_gpt
from svc_tts.engines.xtts.sampling import Dice, Rules, Sampling

GOLDEN = Path(__file__).parent / "golden" / "gpt.npz"  # python -m tests.bench.xtts.golden_gpt
SEED = 7
RULES = {"greedy": Sampling(temperature=0, seed=SEED), "sampled": Sampling(seed=SEED)}


def tensors() -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array) for name, array in weights(TINY).items()}


@pytest.fixture(scope="module")
def gpt() -> Gpt:
    return read_gpt(tensors(), TINY.gpt)


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return dict(np.load(GOLDEN))


def spoken(golden, sampling: Sampling) -> Sequence:
    return Sequence(golden["text_ids"].tolist(), torch.from_numpy(golden["conditioning"]), sampling)


@pytest.mark.parametrize("fixed", [False, True], ids=["ragged", "fixed"])
@pytest.mark.parametrize("rules", RULES)
def test_codes_are_upstreams(gpt, golden, rules, fixed) -> None:
    codes = golden[f"{rules}_codes"].tolist()
    decoder = BatchDecoder(gpt, 2, fixed=fixed)
    decoder.admit(spoken(golden, RULES[rules]))
    steps = []
    while len(steps) < len(codes):
        steps += decoder.step()
    assert [step.code for step in steps] == codes
    latents = torch.stack([step.latent for step in steps]).numpy()
    assert np.abs(latents - golden[f"{rules}_latents"]).max() <= 1e-4


@pytest.mark.parametrize("rules", RULES)
def test_scores_of_given_codes_are_upstreams(gpt, golden, rules) -> None:
    codes, scores = golden[f"{rules}_codes"].tolist(), torch.from_numpy(golden[f"{rules}_scores"])
    logits, latents = gpt.teacher_forced(golden["text_ids"].tolist(), torch.from_numpy(golden["conditioning"]), codes)
    assert np.abs(latents.numpy() - golden[f"{rules}_latents"]).max() <= 1e-4
    processors = Rules.of(1, gpt.vocabulary, Dice(1, gpt.vocabulary), gpt.device)
    processors.admit(0, RULES["sampled"], TINY.gpt.start_audio)
    slot = torch.tensor([0])
    if rules == "greedy":  # upstream only penalises then
        processors.temperature[0], processors.top_p[0], processors.top_k[0] = 1.0, 1.0, gpt.vocabulary
    for step, wanted in enumerate(scores):
        got = processors.processed(logits[step : step + 1], slot)[0]
        assert torch.equal(got.isinf(), wanted.isinf())
        assert (got - wanted)[~wanted.isinf()].abs().max() <= 1e-3
        processors.remember(torch.tensor(codes[step : step + 1]), slot, torch.tensor([True]))


def test_a_text_longer_than_the_model_is_refused(gpt) -> None:
    conditioning = torch.zeros(32, gpt.width)
    gpt.prompt([5] * (TINY.gpt.max_text - 1), conditioning)
    with pytest.raises(ValueError, match="up to 401"):
        gpt.prompt([5] * TINY.gpt.max_text, conditioning)


def test_a_missing_tensor_is_named() -> None:
    lacking = tensors()
    del lacking["gpt.gpt.h.1.mlp.c_fc.bias"]
    with pytest.raises(ValueError, match=r"gpt\.gpt\.h\.1\.mlp\.c_fc\.bias"):
        read_gpt(lacking, TINY.gpt)


def test_layers_may_be_bf16_while_the_head_stays_fp32() -> None:
    gpt = read_gpt(tensors(), TINY.gpt, dtype=torch.bfloat16)
    logits, latents = gpt.teacher_forced([5, 6, 7], torch.zeros(32, gpt.width), [1, 2, 3])
    assert (gpt.dtype, logits.dtype, latents.dtype) == (torch.bfloat16, torch.float32, torch.float32)
