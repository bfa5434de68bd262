"""Face reconstruction: from the aligned crop of 224 pixels to the coefficients of a face (arXiv:1903.08527).

A ResNet-50 and seven 1x1 heads: 80 numbers of identity, 64 of expression, 80 of texture, 3 angles, 27 of light, then
two and one of translation. Expression, angles and translation are used; the other heads are not computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from svc_video.engines.sadtalker.reader import CPU, Place, Reader, stacked
from svc_video.engines.sadtalker.resnet import ResNet, convolved
from svc_video.engines.sadtalker.source import EXPRESSION, POSE, Floats

HEADS = (80, 64, 80, 3, 27, 2, 1)  # outputs of each
USED = (1, 3, 5, 6)  # expression, angles, x and y, z
MOST = 8  # crops read at once


class Reconstruction:
    """Crops to coefficients."""

    def __init__(self, reader: Reader, place: Place) -> None:
        self._place = place
        self._body = ResNet(reader, "backbone", place)
        heads = [reader.convolution(f"final_layers.{i}", self._body.width, 1, 1) for i in range(len(HEADS))]
        self._head = stacked([heads[number] for number in USED]).at(place)

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], place: Place = CPU) -> Self:
        """The network of a checkpoint's part `face_3drecon`. Raises `CheckpointBroken`."""
        reader = Reader(tensors, "face reconstruction")
        network = cls(reader, place)
        reader.finish()
        return network

    def __call__(self, crops: npt.NDArray[np.uint8]) -> Floats:
        """(N, 224, 224, 3) RGB -> (N, 70): 64 of expression, 3 angles in radians, 3 translations."""
        parts = [self._read(crops[start : start + MOST]) for start in range(0, len(crops), MOST)]
        return np.concatenate(parts) if parts else np.zeros((0, EXPRESSION + POSE), np.float32)

    @torch.inference_mode()
    def _read(self, crops: npt.NDArray[np.uint8]) -> Floats:
        scaled = torch.from_numpy((crops / 255.0).astype(np.float32)).permute(0, 3, 1, 2)
        last = self._body(self._place.put(scaled))[-1]
        pooled = functional.adaptive_avg_pool2d(last, 1)
        return convolved(pooled, self._head).flatten(1).float().cpu().numpy()
