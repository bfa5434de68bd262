"""Points of faces by the seed's own detector and mesh, which the engine portrait uses: nothing to fetch, no torch.

The mesh's 478 points hold the 68 within a pixel or two of where the other backends see them, the chin and cheeks
less so. Coefficients differ a little from upstream's; films look alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from svc_video.engines.sadtalker.anchors import Box
from svc_video.engines.sadtalker.source import Floats, Rgb
from svc_video.faces.finder import Face, FaceFinder

_JAW = (127, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 356)
_BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
_NOSE = (168, 197, 5, 4, 75, 97, 2, 326, 305)
_EYES = (33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380)
_MOUTH = (61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87)
OF_MESH = np.array([*_JAW, *_BROWS, *_NOSE, *_EYES, *_MOUTH])
"""Which of the mesh's points the 68 are."""


class MeshLandmarks:
    """What the finder sees, as the seam has it."""

    def __init__(self, finder: FaceFinder | None = None) -> None:
        self._finder = finder or FaceFinder()
        self._known: dict[Box, Floats] = {}  # of the last pictures: finding a face gives its points too

    def boxes(self, pictures: Sequence[Rgb], *, square: bool) -> list[list[Box]]:  # noqa: ARG002  # the seam's
        """The faces of each picture, the largest first."""
        self._known = {}
        return [[self._remembered(face) for face in self._finder.find_faces(picture)] for picture in pictures]

    def points(self, pictures: Sequence[Rgb], boxes: Sequence[Box]) -> Floats:  # noqa: ARG002  # the seam's
        """(n, 68, 2) of boxes that `boxes` gave last."""
        found = [self._known[box] for box in boxes]
        return np.stack(found) if found else np.zeros((0, 68, 2), np.float32)

    def _remembered(self, face: Face) -> Box:
        x, y, width, height = face.box
        box = Box(x, y, x + width, y + height, face.score)
        self._known[box] = np.ascontiguousarray(face.points[OF_MESH, :2], np.float32)
        return box


def backend(folder: Path, device: str) -> MeshLandmarks:  # noqa: ARG001  # the seam's
    """Always there."""
    return MeshLandmarks()
