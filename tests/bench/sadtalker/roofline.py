"""Each network of a frame beside what the device could do: time, rates reached, the floor, and what is left to gain.

The floor is the longer of two times: operations at the device's rate for their numbers, bytes at its memory's rate.
Both rates are those found here (`peaks.found`), not the data sheet's. On a card each network is replayed as a graph, so
that the time of launching is not in its row; the row `frame` is the whole, so replayed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from tests.bench.sadtalker.peaks import GIGA, TERA, Peak, seconds
from tests.bench.sadtalker.work import META, Counter, OnePass, Work
from torch import Tensor
from torch.nn import functional

from svc_video.engines.sadtalker.dense_motion import DenseMotion
from svc_video.engines.sadtalker.dense_motion_fused import FusedMotion, PlaneLayer, VolumeLayer
from svc_video.engines.sadtalker.forms import Decoder, MotionNetwork
from svc_video.engines.sadtalker.generator import Bridge, Encoder
from svc_video.engines.sadtalker.graphs import CudaCapture
from svc_video.engines.sadtalker.keypoints import DEPTH, KeypointDetector
from svc_video.engines.sadtalker.reader import Place, Reader
from svc_video.engines.sadtalker.renderer import Renderer
from svc_video.engines.sadtalker.spade import SpadeDecoder
from svc_video.engines.sadtalker.spade_fused import FusedDecoder

Job = Callable[[], Tensor]
ONCE = ("encoder", "key points")  # per portrait, not per frame
MILLI = 1e3


@dataclass(frozen=True, slots=True)
class Networks:
    """What draws a frame, on one device."""

    encoder: Encoder
    keypoints: KeypointDetector
    motion: MotionNetwork
    bridge: Bridge
    decoder: Decoder
    pixels: torch.dtype

    @classmethod
    def of(cls, renderer: Renderer) -> Networks:
        """As they are."""
        pixels = renderer.policy.pixels.dtype
        return cls(
            renderer._encoder, renderer._keypoints, renderer._motion, renderer._bridge, renderer._decoder, pixels
        )

    @classmethod
    def shapes(cls, renderer: Renderer, generator: Mapping[str, Tensor], keypoints: Mapping[str, Tensor]) -> Networks:
        """The same forms without numbers, on the device meta."""
        pixels = renderer.policy.pixels.dtype
        whole, half = Place(META), Place(META, pixels)
        reader = Reader({name: tensor.to(META) for name, tensor in generator.items()}, "generator")
        encoder = Encoder(reader, DEPTH, whole)
        bridge = Bridge(reader, encoder.channels * DEPTH, half)
        motion: MotionNetwork = DenseMotion(reader, encoder.channels, DEPTH, whole)
        if isinstance(renderer._motion, FusedMotion):
            layers = VolumeLayer if isinstance(renderer._motion._hourglass._last, VolumeLayer) else PlaneLayer
            motion = FusedMotion(reader, encoder.channels, DEPTH, whole, OnePass(), layers=layers)
        decoder: Decoder = SpadeDecoder(reader, bridge.channels, half)
        if isinstance(renderer._decoder, FusedDecoder):
            decoder = FusedDecoder(reader, bridge.channels, half, OnePass())
        detector = KeypointDetector.of({name: tensor.to(META) for name, tensor in keypoints.items()}, whole)
        return cls(encoder, detector, motion, bridge, decoder, pixels)


def jobs(networks: Networks, size: int, batch: int, device: torch.device) -> dict[str, Job]:
    """Each network by itself, on noise; those of `ONCE` for one portrait, the others for `batch` frames."""
    cells = size // 4
    picture = _noise(device, 1, 3, size, size)
    channels = networks.encoder.channels
    volumes = _noise(device, batch, channels, DEPTH, cells, cells)
    compressed = networks.motion.compressed(volumes)
    points = _noise(device, batch, networks.motion.keypoints, 3) / 2
    places = _noise(device, batch, DEPTH, cells, cells, 3) / 2
    moved, seen = volumes.to(networks.pixels), _noise(device, batch, 1, cells, cells).to(networks.pixels)
    features = _noise(device, batch, networks.bridge.channels, cells, cells).to(networks.pixels)
    return {
        "encoder": lambda: networks.encoder(picture),
        "key points": lambda: networks.keypoints(picture),
        "dense motion": lambda: networks.motion(compressed, points, points.roll(1, 1)).places,
        "moving": lambda: functional.grid_sample(volumes, places, align_corners=False).to(networks.pixels),
        "bridge": lambda: networks.bridge(moved, seen),
        "decoder": lambda: networks.decoder(features),
    }


def counted(networks: Networks, size: int, batch: int) -> dict[str, Work]:
    """What each has to do; `networks` are on the device meta."""
    works = {}
    with torch.inference_mode():
        for name, job in jobs(networks, size, batch, META).items():
            with Counter() as counter:
                made = job()
            del made
            works[name] = counter.work
    return works


@dataclass(frozen=True, slots=True)
class Row:
    """One network."""

    name: str
    ms: float
    work: Work
    floor_ms: float

    @property
    def tflops(self) -> float:
        return self.work.flop / TERA / (self.ms / MILLI)

    @property
    def gbs(self) -> float:
        return self.work.moved_bytes / GIGA / (self.ms / MILLI)


def floor_ms(work: Work, tflops: float, gbs: float) -> float:
    """No version is faster than that."""
    return MILLI * max(work.flop / TERA / tflops, work.moved_bytes / GIGA / gbs)


@torch.inference_mode()
def rows(renderer: Renderer, shapes: Networks, size: int, batch: int, peak: Peak) -> list[Row]:
    """Measured on the renderer's device."""
    device = renderer.policy.device
    works, measured = counted(shapes, size, batch), []
    halves = renderer.policy.pixels.dtype != torch.float32
    for name, job in jobs(Networks.of(renderer), size, batch, device).items():
        taken = MILLI * seconds(CudaCapture()(job) if device.type == "cuda" else job, device, 10 if batch < 8 else 3)
        rate = peak.half if halves and name in {"bridge", "decoder"} else peak.tf32
        measured.append(Row(name, taken, works[name], floor_ms(works[name], rate, peak.memory)))
    return measured


def _noise(device: torch.device, *shape: int) -> Tensor:
    if device == META:
        return torch.empty(shape, device=META)
    return torch.randn(shape, generator=torch.Generator().manual_seed(1)).to(device)
