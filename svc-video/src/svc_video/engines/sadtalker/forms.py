"""Which of its forms a network takes on a device: all compute the same.

- `winograd`: a processor's, in fp32;
- `fused`: a card's, for matrix units; tried at load against `plain`, and taken where it agrees and is faster there;
- `plain`: operator by operator, as the papers say it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from statistics import median
from typing import NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor

from svc_video.engines.sadtalker.dense_motion import DenseMotion, Motion
from svc_video.engines.sadtalker.dense_motion_fused import FusedMotion, PlaneLayer, VolumeLayer
from svc_video.engines.sadtalker.dense_motion_winograd import WinogradMotion
from svc_video.engines.sadtalker.keypoints import DEPTH
from svc_video.engines.sadtalker.precision import Policy
from svc_video.engines.sadtalker.reader import Reader
from svc_video.engines.sadtalker.spade import SpadeDecoder
from svc_video.engines.sadtalker.spade_fused import FusedDecoder
from svc_video.engines.sadtalker.spade_winograd import WinogradDecoder
from svc_video.engines.sadtalker.winograd import Workspace

TRIED_FRAMES, TRIED_CELLS = 4, 64  # what is drawn to try a form: cells of a side, as at 256 pixels
ROUNDS = 3  # of each, the median counts; one more goes before
DIFFER = {torch.float32: 1e-2, torch.float16: 2e-2, torch.bfloat16: 1e-1}
"""By what share of the whole two forms may differ: many roundings (those of TF32 where it is fp32), no defect."""

log = logging.getLogger("sadtalker")
Form = TypeVar("Form")


class MotionNetwork(Protocol):
    """See `dense_motion.DenseMotion`."""

    keypoints: int

    def compressed(self, volume: Tensor) -> Tensor:
        """(B, C, D, H, W) -> (B, 4, D, H, W)."""

    def __call__(self, compressed: Tensor, source: Tensor, driving: Tensor) -> Motion:
        """Volumes (B, 4, D, H, W) and key points (B, K, 3) twice."""


class Decoder(Protocol):
    """See `spade.SpadeDecoder`."""

    def __call__(self, features: Tensor) -> Tensor:
        """(B, label, H, W) -> (B, 3, 4 H, 4 W), 0..1."""


class Forms(NamedTuple):
    """The networks that draw every frame."""

    motion: MotionNetwork
    decoder: Decoder


def forms(reader: Reader, channels: int, label: int, policy: Policy) -> Forms:
    """Of volumes with `channels` and a decoder that sees `label` channels. Raises `CheckpointBroken`."""
    if policy.winograd:
        work = Workspace()
        return Forms(WinogradMotion(reader, channels, DEPTH, work), WinogradDecoder(reader, label, work))
    motion = partial(DenseMotion, reader, channels, DEPTH, policy.motion)
    decoder = partial(SpadeDecoder, reader, label, policy.pixels)
    if policy.device.type == "cpu":
        return Forms(motion(), decoder())
    made = partial(FusedMotion, reader, channels, DEPTH, policy.motion)
    motions = {"planes": partial(made, layers=PlaneLayer), "volumes": partial(made, layers=VolumeLayer)}
    decoders = {"fused": partial(FusedDecoder, reader, label, policy.pixels)}
    cells = _noise(policy, channels, DEPTH, TRIED_CELLS, TRIED_CELLS)
    features = _noise(policy, label, TRIED_CELLS, TRIED_CELLS).to(policy.pixels.dtype)
    return Forms(
        chosen("dense motion", motions, motion, partial(_moved, cells)),
        chosen("decoder", decoders, decoder, partial(_drawn, features)),
    )


@torch.inference_mode()
def chosen(
    name: str, makes: Mapping[str, Callable[[], Form]], make_plain: Callable[[], Form], ask: Callable[[Form], Tensor]
) -> Form:
    """The fastest of those that answer `ask` as the plain form does, or that one itself."""
    best = make_plain()
    expected = ask(best)
    best_s = plain_s = _seconds(partial(ask, best))
    for other, make in makes.items():
        try:
            form = make()
            apart = _apart(ask(form), expected)
            taken_s = _seconds(partial(ask, form))
        except Exception:  # whatever a card's compiler has to say: the plain form needs none
            log.exception("%s: the form %s cannot run here", name, other)
            continue
        agrees = apart <= DIFFER[expected.dtype]  # not where it gave no number
        told = "it agrees" if agrees else "no rounding: it is not taken"
        log.info(
            "%s: %s %.2f ms, plain %.2f ms; %.1e apart, %s", name, other, 1e3 * taken_s, 1e3 * plain_s, apart, told
        )
        if agrees and taken_s <= best_s:
            best, best_s = form, taken_s
    return best


def _apart(answer: Tensor, expected: Tensor) -> float:
    """How far apart, as a share of how far the expected numbers are from their mean."""
    answer, expected = answer.double(), expected.double()
    spread = (expected - expected.mean()).norm()
    return float((answer - expected).norm() / spread.clamp(min=torch.finfo(torch.float32).tiny))


def _seconds(work: Callable[[], Tensor]) -> float:
    """The median time of that, the device's included; what is chosen by trial is chosen before."""
    taken = []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        made = work()
        made.flatten()[:1].cpu()  # waits for the device
        taken.append(time.perf_counter() - start)
    return median(taken[1:])


def _moved(volume: Tensor, network: MotionNetwork) -> Tensor:
    """Where the network moves cells of that volume, by key points that differ by a tenth."""
    compressed = network.compressed(volume)
    points = volume[:, 0, 0, : network.keypoints, :3] / 2
    motion = network(compressed, points, points + 0.1 * points.roll(1, dims=1))
    return torch.cat((motion.places.flatten(), motion.occlusion.flatten()))


def _drawn(features: Tensor, network: Decoder) -> Tensor:
    return network(features)


def _noise(policy: Policy, *shape: int) -> Tensor:
    """The same on every device."""
    dice = torch.Generator().manual_seed(0)
    return torch.randn(TRIED_FRAMES, *shape, generator=dice).to(policy.device)
