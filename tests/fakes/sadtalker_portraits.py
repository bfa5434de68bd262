"""A renderer of the narrow release, and frames for it to draw: squares of noise whose key points wander."""

from __future__ import annotations

import functools

import numpy as np
import torch
from tests.fakes.sadtalker_release import values

from svc_video.engines.sadtalker import renderer as renderer_module
from svc_video.engines.sadtalker.dense_motion_fused import FusedMotion
from svc_video.engines.sadtalker.forms import Forms
from svc_video.engines.sadtalker.keypoints import DEPTH
from svc_video.engines.sadtalker.precision import Policy
from svc_video.engines.sadtalker.reader import Reader
from svc_video.engines.sadtalker.renderer import FrameOrder, Renderer
from svc_video.engines.sadtalker.source import Source
from svc_video.engines.sadtalker.spade_fused import FusedDecoder

PARTS = ("generator", "kp_extractor")
SIZE = 128  # pixels: the smallest that the hourglass can halve five times
WANDER = 0.05  # of -1..1, by which a key point moves at most


@functools.cache
def parts() -> list[dict[str, torch.Tensor]]:
    """The release's values, an eighth wide."""
    return [{name: torch.from_numpy(array) for name, array in values(part).items()} for part in PARTS]


@functools.cache
def renderer(device: str = "cpu", precision: str = "fp32") -> Renderer:
    """Of those."""
    return Renderer.of(*parts(), device=device, precision=precision)


@functools.cache
def card_renderer() -> Renderer:
    """The same with the forms that a card takes, on a processor in fp32."""
    held = renderer_module.forms
    renderer_module.forms = of_a_card
    try:
        return renderer.__wrapped__()
    finally:
        renderer_module.forms = held


def of_a_card(reader: Reader, channels: int, label: int, policy: Policy) -> Forms:
    """In place of `forms.forms`."""
    return Forms(FusedMotion(reader, channels, DEPTH, policy.motion), FusedDecoder(reader, label, policy.pixels))


def source(seed: int, size: int = SIZE) -> Source:
    """A square of smooth noise."""
    coarse = np.random.default_rng(seed).integers(0, 256, (size // 16, size // 16, 3))
    image = coarse.astype(np.uint8).repeat(16, axis=0).repeat(16, axis=1)
    return Source(image, np.zeros(73, np.float32), "resize", (size, size))


def orders(of: Renderer, count: int, portraits: int = 1, size: int = SIZE) -> list[FrameOrder]:
    """So many frames, of the portraits in turn."""
    seen = [of.appearance(source(seed, size)) for seed in range(portraits)]
    dice = torch.Generator().manual_seed(7)
    frames = []
    for number in range(count):
        appearance = seen[number % portraits]
        start = appearance.canonical
        moved = (torch.rand(start.shape, generator=dice) * 2 - 1).to(start.device) * WANDER
        frames.append(FrameOrder(appearance, start, start + moved))
    return frames
