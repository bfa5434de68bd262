"""Our transformer beside coqui-tts 0.28.0's: what it said of the tiny random model is recorded in golden/gpt.npz."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.bench.xtts import codes as drawing
from tests.bench.xtts import record
from tests.fakes.xtts_release import TINY
from tests.fakes.xtts_weights import weights

from svc_tts.engines.xtts.decoder import BatchDecoder, Sequence
from svc_tts.engines.xtts.gpt import Gpt, read_gpt
from svc_tts.engines.xtts.sampling import Sampling

RULES = sorted(drawing.RULES)


def tensors() -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array) for name, array in weights(TINY).items()}


@pytest.fixture(scope="module")
def gpt() -> Gpt:
    return read_gpt(tensors(), TINY.gpt)


@pytest.fixture(scope="module")
def told() -> dict[str, np.ndarray]:
    return dict(np.load(record.GOLDEN_CODES))


def sequence(rules: str) -> Sequence:
    given = drawing.questions(TINY)
    sampling = Sampling(temperature=drawing.RULES[rules].temperature, seed=int(given["seed"]))
    return Sequence(given["text_ids"].tolist(), torch.from_numpy(given["conditioning"]), sampling)


@pytest.mark.parametrize("fixed", [False, True], ids=["ragged", "fixed"])
@pytest.mark.parametrize("rules", RULES)
def test_codes_are_upstreams(gpt, told, rules, fixed) -> None:
    codes = told[f"{rules}_codes"].tolist()
    decoder = BatchDecoder(gpt, 2, fixed=fixed)
    decoder.admit(sequence(rules))
    steps = [step for _ in codes for step in decoder.step()]
    assert len(codes) == drawing.CODES
    assert [step.code for step in steps] == codes
    latents = torch.stack([step.latent for step in steps]).numpy()
    assert np.abs(latents - told[f"{rules}_latents"]).max() <= drawing.LIMITS["latents"]


@pytest.mark.parametrize("rules", RULES)
def test_given_codes_are_judged_as_upstream_does(gpt, told, rules) -> None:
    codes, wanted = told[f"{rules}_codes"].tolist(), told[f"{rules}_scores"]
    asked = sequence(rules)
    _, latents = gpt.teacher_forced(asked.text_ids, asked.conditioning, codes)
    assert np.abs(latents.numpy() - told[f"{rules}_latents"]).max() <= drawing.LIMITS["latents"]
    scores = drawing.judged(gpt, asked, codes[: len(wanted)]).numpy()
    assert np.array_equal(np.isinf(scores), np.isinf(wanted))
    heard = np.isfinite(wanted)
    assert np.abs(scores[heard] - wanted[heard]).max() <= drawing.LIMITS["scores"]


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
