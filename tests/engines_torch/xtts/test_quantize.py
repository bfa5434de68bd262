from __future__ import annotations

import dataclasses
import logging

import pytest
import torch
from tests.fakes.xtts_release import TINY
from tests.fakes.xtts_weights import weights

from svc_tts.engines.xtts import quantize
from svc_tts.engines.xtts.gpt import Dense, Gpt, read_gpt, with_projections
from svc_tts.engines.xtts.quantize import FORMS, Bf16, Int8Rows, Int8Weights, Probe, channel_scales, drift, fitted

FORMS_HERE = [
    pytest.param(
        Int8Rows.of,
        marks=pytest.mark.skipif(
            "fbgemm" not in torch.backends.quantized.supported_engines, reason="FBGEMM is for x86"
        ),
    ),
    Bf16.of,
    Int8Weights.of,
]


@pytest.fixture(scope="module")
def gpt() -> Gpt:
    return read_gpt({name: torch.from_numpy(array) for name, array in weights(TINY).items()}, TINY.gpt)


@pytest.fixture(scope="module")
def probe(gpt) -> Probe:
    voice = torch.randn(32, gpt.width, generator=torch.Generator().manual_seed(1))
    return Probe([40, 50, 60, 70], voice, codes=16)


def dense(outputs: int = 96, inputs: int = 128) -> Dense:
    dice = torch.Generator().manual_seed(2)
    weight = torch.randn(outputs, inputs, generator=dice) * torch.rand(outputs, 1, generator=dice)
    return Dense(weight, torch.randn(outputs, generator=dice))


@pytest.mark.parametrize("form", FORMS_HERE)
@pytest.mark.parametrize("count", [1, 3, 40])
def test_a_projection_is_within_two_percent(form, count) -> None:
    original = dense()
    rows = torch.randn(count, 128, generator=torch.Generator().manual_seed(count))
    wanted, got = original(rows) - original.bias, form(original)(rows) - original.bias
    assert got.dtype == rows.dtype
    assert ((got - wanted).norm() / wanted.norm()).item() < 0.02


@pytest.mark.parametrize("form", FORMS_HERE)
def test_a_loud_row_does_not_coarsen_a_quiet_one(form) -> None:
    original = dense()
    quiet = torch.randn(1, 128, generator=torch.Generator().manual_seed(4))
    both = form(original)(torch.cat([quiet, 1000 * quiet]))
    assert torch.equal(both[:1], form(original)(quiet))


@pytest.mark.parametrize("form", FORMS_HERE)
def test_silence_and_dead_channels_stay_numbers(form) -> None:
    original = dense()
    dead = dataclasses.replace(original, weight=original.weight.index_fill(0, torch.tensor([3]), 0.0))
    got = form(dead)(torch.zeros(2, 128))
    assert torch.allclose(got, original.bias.expand(2, -1), atol=0.02)  # bf16 has 8 bits


def test_a_channel_has_127_steps() -> None:
    assert channel_scales(torch.tensor([[1.27, -2.54], [0.0, 0.0]])).tolist() == pytest.approx([0.02, 0.0], abs=1e-9)


@pytest.mark.parametrize("form", FORMS_HERE)
def test_a_quantised_model_drifts_little(gpt, probe, form) -> None:
    far = drift(gpt, with_projections(gpt, form), probe)
    assert 0 < far < 0.01


def test_a_model_does_not_drift_from_itself(gpt, probe) -> None:
    assert abs(drift(gpt, gpt, probe)) < 1e-6


def test_the_fastest_near_form_is_taken(gpt, probe) -> None:
    found = fitted(gpt, probe, rungs=[["int8-weights"]])
    assert (found.form, found.drift <= quantize.MOST_DRIFT) == ("int8-weights", True)
    assert isinstance(found.gpt.blocks[0].qkv, Int8Weights)


def test_a_form_that_drifts_is_passed_over(gpt, probe, caplog) -> None:
    found = fitted(gpt, probe, most=1e-9)
    assert (found.form, found.gpt) == ("fp32", gpt)
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == len(FORMS)


def test_a_form_that_makes_no_numbers_is_passed_over(gpt, probe, monkeypatch) -> None:
    def broken(original: Dense) -> Dense:
        return Dense(original.weight * float("nan"), original.bias)

    monkeypatch.setitem(FORMS, "int8-rows", broken)
    assert fitted(gpt, probe, rungs=[["int8-rows"]]).form == "fp32"


def test_a_form_that_the_processor_lacks_is_passed_over(gpt, probe, monkeypatch, caplog) -> None:
    def lacking(_: Dense) -> Dense:
        raise RuntimeError("Didn't find engine for operation quantized::linear_prepack NoQEngine\nmore")

    caplog.set_level(logging.INFO)
    monkeypatch.setitem(FORMS, "int8-rows", lacking)
    assert fitted(gpt, probe, rungs=[["int8-rows", "int8-weights"]]).form == "int8-weights"
    assert "int8-rows is not for this processor: Didn't find engine" in caplog.text


@pytest.mark.parametrize("faster", ["bf16", "int8-weights"])
def test_forms_of_one_rung_are_timed(gpt, probe, monkeypatch, faster) -> None:
    kind = {"bf16": Bf16, "int8-weights": Int8Weights}[faster]
    monkeypatch.setattr(quantize, "step_s", lambda made, _rows: 1.0 if isinstance(made.blocks[0].up, kind) else 2.0)
    assert fitted(gpt, probe, rungs=[["bf16", "int8-weights"]]).form == faster


def test_a_step_takes_time(gpt) -> None:
    assert 0 < quantize.step_s(gpt, 4) < 5
