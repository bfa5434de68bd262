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

from svc_video.engines.sadtalker.forms import forms
from svc_video.engines.sadtalker.generator import Bridge, Encoder
from svc_video.engines.sadtalker.keypoints import DEPTH, KeypointDetector
from svc_video.engines.sadtalker.precision import Policy, policy, settle
from svc_video.engines.sadtalker.reader import Reader
from svc_video.engines.sadtalker.source import Source

WHITE = 255


@dataclass(frozen=True, slots=True)
class Appearance:
    """What frames of one portrait share, on the renderer's device."""

    volume: Tensor  # (C, D, H, W), fp32: its features, H = size / 4
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
        self._encoder = Encoder(reader, DEPTH, policy.motion)  # once per portrait, and all that moves hangs on it
        channels = self._encoder.channels
        self._bridge = Bridge(reader, channels * DEPTH, policy.pixels)
        self._motion, self._decoder = forms(reader, channels, self._bridge.channels, policy)

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
        settle(chosen)
        reader = Reader(generator, "generator")
        renderer = cls(KeypointDetector.of(kp_extractor, chosen.motion), reader, chosen)
        reader.finish()
        return renderer

    @torch.inference_mode()
    def appearance(self, source: Source) -> Appearance:
        """All that is constant of a portrait."""
        pixels = torch.from_numpy(source.image).to(self.policy.device)
        picture = pixels.permute(2, 0, 1)[None].float() / WHITE
        volume = self._encoder(picture)
        compressed = self._motion.compressed(volume)
        return Appearance(volume[0], compressed[0], self._keypoints(picture)[0])

    @torch.inference_mode()
    def render(self, frames: Sequence[FrameOrder]) -> Tensor:
        """Frames of one size -> (N, S, S, 3) uint8 on the device, rounded as upstream does (half to even)."""
        return _levels(self.render_float(frames))

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
        # In halves a place would be up to half a pixel off, and the head would tremble: volumes move in fp32.
        moved = functional.grid_sample(volumes, motion.places, align_corners=False).to(self.policy.pixels.dtype)
        return self._decoder(self._bridge(moved, motion.occlusion.to(moved.dtype)))

    def pixels(self, volumes: Tensor, compressed: Tensor, source: Tensor, driving: Tensor) -> Tensor:
        """As `compute`, and the frames as `render` gives them: what a graph replays."""
        return _levels(self.compute(volumes, compressed, source, driving).float())


def _levels(pictures: Tensor) -> Tensor:
    """(N, 3, S, S), 0..1, overwritten -> (N, S, S, 3) uint8."""
    pictures = pictures.mul_(WHITE).round_().clamp_(0, WHITE)
    return pictures.to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def _together(tensors: list[Tensor]) -> Tensor:
    """Stacked; one portrait's is not copied."""
    first = tensors[0]
    if all(tensor is first for tensor in tensors):
        return first.expand(len(tensors), *first.shape)
    return torch.stack(tensors)
