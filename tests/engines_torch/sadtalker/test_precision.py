"""Half precision where it is harmless: what moves is the same to the bit, what is seen differs a little."""

from __future__ import annotations

import warnings

import pytest
import torch
from tests.fakes.sadtalker_portraits import orders, renderer, source

from svc_video.engines.sadtalker import precision
from svc_video.engines.sadtalker.grids import identity
from svc_video.engines.sadtalker.precision import policy, settle

LEAST_DB = {"fp16": 55.0, "bf16": 37.0}  # on random weights, which say nothing of the real ones

pytestmark = pytest.mark.timeout(240)  # half precision and tapes are slow on a busy processor


@pytest.mark.parametrize("name", ["fp16", "bf16"])
def test_what_moves_is_what_moves_in_fp32(name) -> None:
    full, half = renderer(), renderer(precision=name)
    wanted, found = full.appearance(source(1)), half.appearance(source(1))
    assert torch.equal(found.canonical, wanted.canonical)
    assert torch.equal(found.volume, wanted.volume)
    assert {part.dtype for part in (found.canonical, found.volume, found.compressed)} == {torch.float32}
    order = orders(full, 1)[0]
    amplitude = [moved(of, order) for of in (full, half)]
    assert amplitude[0] > 0.001
    assert amplitude[1] == pytest.approx(amplitude[0], rel=0.01)  # a half everywhere nearly stops the head


def moved(of, order) -> float:
    """How far cells move, root mean square."""
    with torch.inference_mode():
        motion = of._motion(order.appearance.compressed[None], order.source[None], order.driving[None])
        places = motion.places[0]
        return float((places - identity(places.shape[:3], places)).square().mean().sqrt())


@pytest.mark.parametrize("name", ["fp16", "bf16"])
def test_what_is_seen_differs_a_little(name) -> None:
    wanted = renderer().render_float(orders(renderer(), 1))
    half = renderer(precision=name)
    found = half.render_float(orders(half, 1))
    assert found.dtype == torch.float32
    psnr_db = -10 * torch.log10((found - wanted).square().mean())
    assert LEAST_DB[name] < psnr_db < 90, f"{name}: {psnr_db:.1f} dB"


def test_places_in_halves_would_tremble() -> None:
    """Why volumes move in fp32: at 512 pixels a cell is a 128th of a side, and a half tells 2,048 places of 1."""
    places = torch.linspace(0.5, 1, 1000)
    cells = {
        dtype: float(((places.to(dtype).float() - places).abs() * 64).max()) for dtype in precision.HALVES.values()
    }
    assert cells[torch.float16] > 0.015
    assert cells[torch.bfloat16] > 0.12  # of a cell, which is four pixels


@pytest.mark.parametrize(
    ("name", "device", "pixels", "tf32"),
    [
        ("auto", "cpu", torch.float32, False),
        ("auto", "cuda", torch.float16, True),
        ("fp32", "cuda", torch.float32, False),
        ("tf32", "cuda", torch.float32, True),
        ("tf32", "cpu", torch.float32, False),
        ("bf16", "cuda:1", torch.bfloat16, True),
    ],
)
def test_policies(name, device, pixels, tf32) -> None:
    chosen = policy(name, device)
    assert chosen.device == torch.device(device)
    assert (chosen.motion.dtype, chosen.pixels.dtype, chosen.tf32) == (torch.float32, pixels, tf32)
    assert chosen.winograd == (device == "cpu" and pixels == torch.float32)


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(ValueError, match="no precision"):
        policy("fp8", "cpu")


@pytest.fixture
def rounding():
    backends = (torch.backends.cudnn.conv, torch.backends.cuda.matmul)
    held, benchmark = [part.fp32_precision for part in backends], torch.backends.cudnn.benchmark
    yield lambda: {part.fp32_precision for part in backends}
    for part, value in zip(backends, held, strict=True):
        part.fp32_precision = value
    torch.backends.cudnn.benchmark = benchmark


@pytest.mark.parametrize(("name", "said"), [("fp32", "ieee"), ("tf32", "tf32"), ("fp16", "tf32")])
def test_a_card_is_told_how_to_round(rounding, name, said) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        settle(policy(name, "cuda"))
    assert rounding() == {said}
    assert torch.backends.cudnn.benchmark


def test_a_processor_is_told_nothing(rounding) -> None:
    before, benchmark = rounding(), torch.backends.cudnn.benchmark
    settle(policy("fp32", "cpu"))
    assert (rounding(), torch.backends.cudnn.benchmark) == (before, benchmark)
