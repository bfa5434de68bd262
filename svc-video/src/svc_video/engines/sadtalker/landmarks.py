"""Where faces are and where their 68 points lie: the seam, and what sits on it. No torch here until one is made.

awing            RetinaFace and the AWing network from their official files: upstream's own points
face-alignment   the PyPI package of that name, with its files from the folder of checkpoints
mesh             the face mesh of the engine portrait: nothing to fetch, quick; its points are not upstream's
module:Function  your own: called with the folder and the device, gives a `FaceLandmarks`
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

from svc_video.engines.sadtalker.anchors import Box
from svc_video.engines.sadtalker.source import Floats, Rgb
from troupe.wire.errors import CheckpointNotFound, EngineMissing
from troupe.wire.plugins import engine_class

AUTO = "auto"
BACKENDS: Mapping[str, str] = {
    "awing": "svc_video.engines.sadtalker.landmarks_awing:backend",
    "face-alignment": "svc_video.engines.sadtalker.landmarks_package:backend",
    "mesh": "svc_video.engines.sadtalker.landmarks_mesh:backend",
}
"""In the order in which `auto` tries them: the first whose files and package are there."""


class FaceLandmarks(Protocol):
    """Finds faces and their points. Blocking; called by one thread at a time."""

    def boxes(self, pictures: Sequence[Rgb], *, square: bool) -> list[list[Box]]:
        """The faces of each picture, none where there is none; all pictures have the same size.

        `square` says that they are the networks' square already: a backend may look at that otherwise.
        """

    def points(self, pictures: Sequence[Rgb], boxes: Sequence[Box]) -> Floats:
        """The points of one face in each picture (n, 68, 2), x and y in its pixels, in the order of iBUG."""


Backend = Callable[[Path, str], FaceLandmarks]


def backend(name: str, folder: Path, device: str = "cpu") -> FaceLandmarks:
    """The one of that name, with the checkpoints of that folder on that device.

    Raises `UnknownEngine`, `EngineMissing`, `CheckpointNotFound` or `CheckpointBroken`; `auto` only the last one.
    """
    if name != AUTO:
        return _made(name, folder, device)
    for candidate in BACKENDS:
        try:
            return _made(candidate, folder, device)
        except (EngineMissing, CheckpointNotFound):
            continue
    raise EngineMissing("Nothing finds points of faces here.", remedy="make sadtalker")


def largest(boxes: Sequence[Box]) -> Box:
    """The largest face of a picture; there is one at least."""
    return max(boxes, key=lambda box: box.area)


def surest(boxes: Sequence[Box]) -> Box:
    """The face that the detector is surest of, upstream's choice; there is one at least."""
    return max(boxes, key=lambda box: box.score)


def _made(name: str, folder: Path, device: str) -> FaceLandmarks:
    made: Any = engine_class("face landmark", name, BACKENDS)
    return cast("Backend", made)(folder, device)
