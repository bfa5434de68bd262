"""Points of faces by the PyPI package face-alignment (arXiv:1703.07332), with its files from the checkpoints' folder.

The package is not asked to fetch or to compile anything: it would do the one from a server of its author's, and the
other into the home folder. Its points are not upstream's.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from svc_video.engines.sadtalker.anchors import Box
from svc_video.engines.sadtalker.files import PACKAGE_DETECTOR, PACKAGE_FAN, file
from svc_video.engines.sadtalker.source import Floats, Rgb
from svc_video.engines.sadtalker.unpickling import DAMAGE, read
from troupe.wire.errors import CheckpointBroken, CheckpointNotFound, EngineMissing

LARGEST = 1280  # pixels of a side in which faces are looked for; more would take gigabytes
SHOWN = 200  # characters of what the package says
_INSTALL = "python -m pip install scikit-image numba tqdm && python -m pip install --no-deps face-alignment==1.5.0"
_FETCH = "make sadtalker FACES=face-alignment"


class PackageLandmarks:
    """The package's own object behind the seam."""

    def __init__(self, alignment: Any) -> None:
        self._alignment = alignment

    def boxes(self, pictures: Sequence[Rgb], *, square: bool) -> list[list[Box]]:  # noqa: ARG002  # the seam's
        """The faces of each picture, as its detector orders them."""
        return [self._found(picture) for picture in pictures]

    def points(self, pictures: Sequence[Rgb], boxes: Sequence[Box]) -> Floats:
        """(n, 68, 2)."""
        found = [self._aligned(picture, box) for picture, box in zip(pictures, boxes, strict=True)]
        return np.stack(found) if found else np.zeros((0, 68, 2), np.float32)

    def _found(self, picture: Rgb) -> list[Box]:
        scale = min(1.0, LARGEST / max(picture.shape[:2]))
        size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
        looked_at = picture if scale == 1.0 else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        found = self._alignment.face_detector.detect_from_image(looked_at)
        boxes = [Box.of((*(edge / scale for edge in row[:4]), row[4])) for row in found]
        return [box for box in boxes if box.seen(picture.shape[1], picture.shape[0])]

    def _aligned(self, picture: Rgb, box: Box) -> Floats:
        edges = np.array([box.left, box.top, box.right, box.bottom])
        return np.asarray(self._alignment.get_landmarks_from_image(picture, [edges])[0], np.float32)


def backend(folder: Path, device: str) -> PackageLandmarks:
    """With the files of that folder; raises `EngineMissing`, `CheckpointNotFound` or `CheckpointBroken`."""
    package = _package()
    fan, detector = _file(folder, PACKAGE_FAN), _file(folder, PACKAGE_DETECTOR)
    weights = read(fan)
    read(detector)  # the package reads it again; here damage is told as such
    try:
        made = _local(package, weights)(
            package.LandmarksType.TWO_D,
            device=device,
            compile=False,
            face_detector_kwargs={"path_to_detector": str(detector)},
        )
    except DAMAGE as error:  # what other tensors than its own raise in the package
        raise CheckpointBroken(
            f"{fan} or {detector.name} is not what face-alignment wants: {str(error)[:SHOWN]}. Remove both, then "
            f"`{_FETCH}`.",
            remedy=_FETCH,
        ) from error
    return PackageLandmarks(made)


def _package() -> Any:
    try:
        return import_module("face_alignment")
    except ImportError as error:
        raise EngineMissing(
            f"The package face-alignment cannot be used: {error}. It finds the points of a face for SadTalker.",
            remedy=_INSTALL,
        ) from error


def _file(folder: Path, name: str) -> Path:
    try:
        return file(folder, name)
    except CheckpointNotFound as error:
        raise CheckpointNotFound(
            f"The file {name} of face-alignment is not in {folder}. `{_FETCH}` fetches it.", remedy=_FETCH
        ) from error


def _local(package: Any, weights: Any) -> Any:
    """The package's class with these weights of its network: it has no argument for a file, and would fetch one."""

    class Local(package.FaceAlignment):
        def _load_native(self, network_name: str, network_size: int, device: str, dtype: Any) -> Any:  # noqa: ARG002
            network = package.api.FAN(network_size)
            network.load_state_dict(weights)
            return network.to(device, dtype=dtype).eval()

    return Local
