"""478 landmarks of one face with the attention mesh (Grishchenko et al. 2020) on a turned 192 x 192 crop."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from svc_video.faces.landmarks import COUNT, IRIS_LEFT, IRIS_RIGHT, Points
from svc_video.faces.net import Net
from svc_video.faces.picture import Rgb

SIDE = 192  # pixels, the network's input
MARGIN = 1.5  # the crop in sizes of the face's box, as the network was trained
# crops of one face whose landmarks are averaged: shift across and down in sides, size, turn in radians
CROPS = ((0.0, 0.0, 1.0, 0.0), (0.017, -0.011, 1.05, 0.035), (-0.013, 0.015, 0.96, -0.035))


@dataclass(frozen=True, slots=True)
class Region:
    """A turned square of the picture: centre and side in pixels, angle in radians clockwise as seen."""

    x: float
    y: float
    side: float
    angle: float


def region_of_box(box: tuple[float, float, float, float], eyes: tuple[tuple[float, float], ...]) -> Region:
    """The crop for a detection."""
    (ax, ay), (bx, by) = eyes
    x, y, width, height = box
    return Region(x + width / 2, y + height / 2, max(width, height) * MARGIN, float(np.arctan2(by - ay, bx - ax)))


def region_of_points(points: Points) -> Region:
    """The crop for a face whose landmarks are known already: the upright box around them."""
    across = points[263, :2] - points[33, :2]
    angle = float(np.arctan2(across[1], across[0]))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    upright = points[:468, :2] @ turn
    low, high = upright.min(axis=0), upright.max(axis=0)
    x, y = turn @ ((low + high) / 2)
    return Region(float(x), float(y), float((high - low).max()) * MARGIN, angle)


def steady_landmarks(net: Net, rgb: Rgb, region: Region) -> tuple[Points, float]:
    """`landmarks` averaged over slightly different crops, and their middle presence: the network's noise goes down.

    Three passes: about 130 ms.
    """
    found = []
    for right, down, size, turn in CROPS:
        x, y = region.x + right * region.side, region.y + down * region.side
        found.append(landmarks(net, rgb, Region(x, y, region.side * size, region.angle + turn)))
    points = np.asarray(np.mean([points for points, _ in found], axis=0), dtype=np.float32)
    return points, sorted(presence for _, presence in found)[len(found) // 2]


def landmarks(net: Net, rgb: Rgb, region: Region) -> tuple[Points, float]:
    """Points (478, 3) in pixels of the picture, and how surely the region is a face, 0..1."""
    crop, to_picture = _crop(rgb, region)
    out = net((crop.astype(np.float32) / 255.0)[None])
    points = np.zeros((COUNT, 3), dtype=np.float32)
    points[:468] = out["output_mesh_identity"].reshape(468, 3)
    lips, eye, other = (op["subset_idxs"] for op in net.op_options("landmarks2transformmatrix"))
    refined = {
        "output_lips": lips,
        "output_left_eye": eye,
        "output_right_eye": other,
        "output_left_iris": range(IRIS_LEFT, IRIS_LEFT + 5),
        "output_right_iris": range(IRIS_RIGHT, IRIS_RIGHT + 5),
    }
    for name, indices in refined.items():
        points[list(indices), :2] = out[name].reshape(-1, 2)
    points[:, :2] = points[:, :2] @ to_picture[:, :2].T + to_picture[:, 2]
    points[:, 2] *= region.side / SIDE
    return points, float(1 / (1 + np.exp(-out["conv_faceflag"].item())))


def _crop(rgb: Rgb, region: Region) -> tuple[Rgb, NDArray[np.float32]]:
    """The region as SIDE x SIDE pixels, and the 2 x 3 matrix from the crop to the picture."""
    scale = region.side / SIDE
    cos, sin = np.cos(region.angle) * scale, np.sin(region.angle) * scale
    half = SIDE / 2
    to_picture = np.array(
        [[cos, -sin, region.x - (cos - sin) * half], [sin, cos, region.y - (sin + cos) * half]], dtype=np.float32
    )
    inverse, source = to_picture.copy(), rgb
    if scale > 2:  # area-average first: a bilinear crop would alias
        source = np.asarray(cv2.resize(rgb, None, fx=2 / scale, fy=2 / scale, interpolation=cv2.INTER_AREA))
        inverse *= 2 / scale
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    crop = cv2.warpAffine(source, inverse, (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, dtype=np.uint8), to_picture
