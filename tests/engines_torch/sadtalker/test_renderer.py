"""The renderer: frames as upstream's formula gives them, in any batch and company."""

from __future__ import annotations

import pytest
import torch
from tests.engines_torch.sadtalker import plain
from tests.engines_torch.sadtalker.rendering import SIZE, distance, picture, poses, source, tensors

from svc_video.engines.sadtalker.renderer import FrameOrder, Renderer
from troupe.wire.errors import CheckpointBroken


@pytest.fixture(scope="module")
def parts():
    return {part: tensors(part) for part in ("generator", "kp_extractor")}


@pytest.fixture(scope="module")
def renderer(parts):
    return Renderer.of(**parts, precision="fp32")


def orders(appearance, frames, seed=0):
    rest = appearance.canonical + poses(1, seed=100 + seed, strength=0.05)[0]
    return [FrameOrder(appearance, rest, appearance.canonical + pose) for pose in poses(frames, seed=seed)]


@torch.inference_mode()
def test_a_frame(parts, renderer):
    appearance = renderer.appearance(source())
    assert appearance.size == SIZE
    order = orders(appearance, 1)[0]
    found = renderer.render_float([order])
    expected = plain.frame(parts["generator"], picture(source()), order.source[None], order.driving[None])
    assert expected.std() > 0.05
    assert distance(found, expected) < 1e-4
    assert psnr(found, expected) > 100


def psnr(found, expected):
    return float(-10 * (found - expected).double().square().mean().log10())


def test_a_frame_is_the_same_in_any_batch(renderer):
    asked = orders(renderer.appearance(source()), 16)
    sixteen = renderer.render_float(asked)
    assert distance(renderer.render_float(asked[:7]), sixteen[:7]) < 1e-5
    assert distance(renderer.render_float(asked[3:4]), sixteen[3:4]) < 1e-5


def test_portraits_share_a_batch(renderer):
    first, second = (orders(renderer.appearance(source(seed)), 2, seed) for seed in (0, 1))
    together = renderer.render_float([first[0], second[0], second[1], first[1]])
    alone = [renderer.render_float([order]) for order in (first[0], second[0], second[1], first[1])]
    assert distance(together, torch.cat(alone)) < 1e-5
    assert distance(together[:1], together[1:2]) > 0.1


def test_pixels_are_rounded_half_to_even(renderer, monkeypatch):
    values = torch.tensor([0.0, 0.5 / 255, 1.5 / 255, 2.4999 / 255, 254.5 / 255, 1.0]).repeat(3).view(1, 3, 1, 6)
    monkeypatch.setattr(Renderer, "render_float", lambda *_: values.clone())
    assert renderer.render([])[0, 0, :, 0].tolist() == (values[0, 0, 0] * 255).round().int().tolist()
    assert renderer.render([])[0, 0, :, 0].tolist() == [0, 0, 2, 2, 254, 255]


def test_pixels_come_as_pictures(renderer):
    frames = renderer.render(orders(renderer.appearance(source()), 2))
    assert frames.shape == (2, SIZE, SIZE, 3)
    assert frames.dtype is torch.uint8
    assert frames.is_contiguous()


def test_the_direct_way_gives_the_same(parts, renderer):
    """What a GPU computes, here in bfloat16: near, and no more than near."""
    half = Renderer.of(**parts, precision="bf16")
    ours, theirs = (each.render_float(orders(each.appearance(source()), 1)) for each in (renderer, half))
    assert theirs.dtype is torch.float32
    assert 20 < psnr(theirs, ours) < 100


def test_leftover_tensors_of_the_generator_are_refused(parts):
    generator = {**parts["generator"], "final.weight": torch.zeros(1)}
    with pytest.raises(CheckpointBroken, match=r"not SadTalker's: final\.weight"):
        Renderer.of(generator, parts["kp_extractor"])


def test_an_unknown_precision_is_refused(parts):
    with pytest.raises(ValueError, match="no precision 'fp8'"):
        Renderer.of(**parts, precision="fp8")
