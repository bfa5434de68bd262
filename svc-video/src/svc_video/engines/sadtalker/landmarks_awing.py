"""Points of faces as upstream finds them: RetinaFace for the box, the AWing network for what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from svc_video.engines.sadtalker import checkpoint
from svc_video.engines.sadtalker.anchors import Box
from svc_video.engines.sadtalker.awing import Awing
from svc_video.engines.sadtalker.heatmaps import as_68
from svc_video.engines.sadtalker.reader import Place
from svc_video.engines.sadtalker.retinaface import RetinaFace
from svc_video.engines.sadtalker.source import Floats, Rgb

PIXELS_AT_ONCE = 1024 * 1024  # of pictures in which faces are looked for together


class AwingLandmarks:
    """Both networks on one device."""

    def __init__(self, detector: RetinaFace, network: Awing) -> None:
        self._detector = detector
        self._network = network

    def boxes(self, pictures: Sequence[Rgb], *, square: bool) -> list[list[Box]]:
        """The faces of each picture, the surest first.

        Upstream feeds the square as blue, green, red, which the network knows, and the picture before as red, green,
        blue, which it does not; both are kept, for the boxes differ by pixels.
        """
        if not pictures:
            return []
        fed = [np.ascontiguousarray(picture[..., ::-1]) for picture in pictures] if square else pictures
        height, width = pictures[0].shape[:2]
        step = max(PIXELS_AT_ONCE // (height * width), 1)
        found = [boxes for i in range(0, len(fed), step) for boxes in self._detector.find(fed[i : i + step])]
        return [[box for box in boxes if box.seen(width, height)] for boxes in found]

    def points(self, pictures: Sequence[Rgb], boxes: Sequence[Box]) -> Floats:
        """(n, 68, 2)."""
        edges = [box.inside(p.shape[1], p.shape[0]) for p, box in zip(pictures, boxes, strict=True)]
        crops = [p[top:bottom, left:right] for p, (left, top, right, bottom) in zip(pictures, edges, strict=True)]
        inner = [as_68(points) for points in self._network.points(crops)]
        placed = [points + np.array(edge[:2], np.float32) for points, edge in zip(inner, edges, strict=True)]
        return np.stack(placed) if placed else np.zeros((0, 68, 2), np.float32)


def backend(folder: Path, device: str) -> AwingLandmarks:
    """With the official files of that folder; raises `CheckpointNotFound` or `CheckpointBroken`."""
    held = checkpoint.face_files(folder)
    place = Place(torch.device(device))
    return AwingLandmarks(RetinaFace.of(held.retinaface, place), Awing.of(held.fan, place))
