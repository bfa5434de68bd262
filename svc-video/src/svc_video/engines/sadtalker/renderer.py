"""From a portrait and moved key points to frames.

All that a portrait decides is computed once (`Appearance`); a batch may hold frames of several portraits, and a frame
is the same in any batch. Nothing here waits for the device until its caller reads the pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional

from svc_video.engines.sadtalker.dense_motion import DenseMotion
from svc_video.engines.sadtalker.dense_motion_winograd import WinogradMotion
from svc_video.engines.sadtalker.generator import Bridge, Encoder
from svc_video.engines.sadtalker.keypoints import DEPTH, KeypointDetector
from svc_video.engines.sadtalker.precision import Policy, policy
from svc_video.engines.sadtalker.reader import Reader
from svc_video.engines.sadtalker.source import Source
from svc_video.engines.sadtalker.spade import SpadeDecoder
from svc_video.engines.sadtalker.spade_winograd import WinogradDecoder
from svc_video.engines.sadtalker.winograd import Workspace

WHITE = 255


@dataclass(frozen=True, slots=True)
class Appearance:
    """What frames of one portrait share, on the renderer's device."""

    volume: Tensor  # (C, D, H, W): its features, H = size / 4
    compressed: Tensor  # (4, D, H, W), fp32: what the dense motion network moves
    canonical: Tensor  # (K, 3), fp32: key points of a neutral, frontal head, x, y, z in -1..1

    @property
    def size(self) -> int:
        """Pixels of the frames' square."""
        return 4 * self.volume.shape[-1]


@dataclass(frozen=True, slots=True)
class FrameOrder:
    """One frame to be rendered."""

    appearance: Appearance
    source: Tensor  # (K, 3): the portrait's key points in its own pose
    driving: Tensor  # (K, 3): where they move to


class Renderer:
    """Key points, encoder, dense motion and decoder of one checkpoint."""

    def __init__(self, keypoints: KeypointDetector, reader: Reader, policy: Policy) -> None:
        self.policy = policy
        self._keypoints = keypoints
        self._encoder = Encoder(reader, DEPTH, policy.pixels)
        channels = self._encoder.channels
        self._bridge = Bridge(reader, channels * DEPTH, policy.pixels)
        self._motion: DenseMotion | WinogradMotion
        self._decoder: SpadeDecoder | WinogradDecoder
        if policy.winograd:
            work = Workspace()
            self._motion = WinogradMotion(reader, channels, DEPTH, work)
            self._decoder = WinogradDecoder(reader, self._bridge.channels, work)
        else:
            self._motion = DenseMotion(reader, channels, DEPTH, policy.motion)
            self._decoder = SpadeDecoder(reader, self._bridge.channels, policy.pixels)

    @classmethod
    def of(
        cls,
        generator: Mapping[str, Tensor],
        kp_extractor: Mapping[str, Tensor],
        *,
        device: torch.device | str = "cpu",
        precision: str = "auto",
    ) -> Self:
        """The renderer of a checkpoint's two parts. Raises `CheckpointBroken`."""
        chosen = policy(precision, device)
        reader = Reader(generator, "generator")
        renderer = cls(KeypointDetector.of(kp_extractor, chosen.motion), reader, chosen)
        reader.finish()
        return renderer

    @torch.inference_mode()
    def appearance(self, source: Source) -> Appearance:
        """All that is constant of a portrait."""
        pixels = torch.from_numpy(source.image).to(self.policy.device)
        picture = pixels.permute(2, 0, 1)[None].float() / WHITE
        volume = self._encoder(picture.to(self.policy.pixels.dtype))
        compressed = self._motion.compressed(volume.float())
        return Appearance(volume[0], compressed[0], self._keypoints(picture)[0])

    @torch.inference_mode()
    def render(self, frames: Sequence[FrameOrder]) -> Tensor:
        """Frames of one size -> (N, S, S, 3) uint8 on the device, rounded as upstream does (half to even)."""
        pictures = self.render_float(frames).mul_(WHITE).round_().clamp_(0, WHITE)
        return pictures.to(torch.uint8).permute(0, 2, 3, 1).contiguous()

    @torch.inference_mode()
    def render_float(self, frames: Sequence[FrameOrder]) -> Tensor:
        """Frames of one size -> (N, 3, S, S) fp32, 0..1, on the device."""
        if self.policy.winograd:  # a batch gains nothing there, and costs memory
            return torch.cat([self._computed([frame]) for frame in frames])
        return self._computed(frames)

    def _computed(self, frames: Sequence[FrameOrder]) -> Tensor:
        """All frames in one batch."""
        volumes = _together([frame.appearance.volume for frame in frames])
        compressed = _together([frame.appearance.compressed for frame in frames])
        source = torch.stack([frame.source for frame in frames])
        driving = torch.stack([frame.driving for frame in frames])
        return self.compute(volumes, compressed, source, driving).float()

    def compute(self, volumes: Tensor, compressed: Tensor, source: Tensor, driving: Tensor) -> Tensor:
        """The same of tensors, of static shapes: (N, C, D, H, W), (N, 4, D, H, W), (N, K, 3) twice -> (N, 3, S, S)."""
        motion = self._motion(compressed, source, driving)
        moved = functional.grid_sample(volumes, motion.places.to(volumes.dtype), align_corners=False)
        return self._decoder(self._bridge(moved, motion.occlusion.to(moved.dtype)))


def _together(tensors: list[Tensor]) -> Tensor:
    """Stacked; one portrait's is not copied."""
    first = tensors[0]
    if all(tensor is first for tensor in tensors):
        return first.expand(len(tensors), *first.shape)
    return torch.stack(tensors)
