"""Finds faces with the short-range BlazeFace network (Bazarevsky et al. 2019) on 128 x 128 pictures.

The network sees faces between a tenth and two thirds of the picture. Where a first look finds none, a second one
shrinks the picture (the face may fill it or stand at its edge) and then looks at overlapping tiles (it may be small).
Thresholds are low, for drawings and dim pictures: whoever looks must check what is found.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from svc_video.faces.net import Net
from svc_video.faces.picture import Rgb

SIDE = 128  # pixels, the network's input
MIN_SCORE = 0.4
TILE_MIN_SCORE = 0.55  # tiles see textures as faces more easily
MAX_OVERLAP = 0.3  # intersection over union above which two boxes are one face
TILINGS = ((2, 0.6), (3, 0.42), (4, 0.3))  # (tiles per side, tile's part of the side)
CLOSE_UPS = (2.2, 2.8, 3.6)  # the sides of closer looks, in sides of the box; the second is the network's favourite
SHRINK = 1.6  # the canvas of the second look, in picture sides


@dataclass(frozen=True, slots=True)
class Detection:
    """One face: box (x, y, width, height) and eyes (left and right of the picture), all in pixels of the picture."""

    box: tuple[float, float, float, float]
    score: float
    eyes: tuple[tuple[float, float], tuple[float, float]]

    @property
    def area(self) -> float:
        """Square pixels of the box."""
        return self.box[2] * self.box[3]


@dataclass(frozen=True, slots=True)
class View:
    """A square part of the picture (it may reach outside): left, top, side in pixels."""

    left: float
    top: float
    side: float


def looks(net: Net, rgb: Rgb, tilings: int = len(TILINGS)) -> Iterator[list[Detection]]:
    """What each look finds, the largest first, looked at only when asked for: whole, shrunk, then ever smaller tiles.

    A look may take textures for faces; `sureness` and the mesh tell them apart.
    """
    height, width = rgb.shape[:2]
    side = max(height, width)
    whole = View((width - side) / 2, (height - side) / 2, side)
    yield _sorted(_look(net, rgb, whole, MIN_SCORE))
    yield _sorted(_look(net, rgb, _grown(whole, SHRINK), MIN_SCORE))
    for count, part in TILINGS[:tilings]:
        seen = [d for view in _tiles(width, height, count, part) for d in _look(net, rgb, view, TILE_MIN_SCORE)]
        yield _sorted([_closer(net, rgb, d) for d in _merged(seen)])


def sureness(net: Net, rgb: Rgb, detection: Detection) -> float:
    """The middle score of three closer looks at different sizes, 0..1: a face stays one, a texture does not."""
    scores = []
    for size in CLOSE_UPS:
        found = _look(net, rgb, _close_up(detection, size), 0.0)
        scores.append(max((d.score for d in found if _overlap(d, detection) > MAX_OVERLAP), default=0.0))
    return sorted(scores)[1]


def _closer(net: Net, rgb: Rgb, detection: Detection) -> Detection:
    """The same face seen at the network's favourite size: small ones are placed roughly. As it was where it is gone."""
    found = _merged(_look(net, rgb, _close_up(detection, CLOSE_UPS[1]), MIN_SCORE))
    best = max(found, key=lambda d: _overlap(d, detection), default=detection)
    return best if _overlap(best, detection) > MAX_OVERLAP else detection


def _close_up(detection: Detection, size: float) -> View:
    """The square around a detection whose side is `size` times the box's."""
    x, y, width, height = detection.box
    side = max(width, height) * size
    return View(x + width / 2 - side / 2, y + height / 2 - side / 2, side)


def _sorted(found: list[Detection]) -> list[Detection]:
    return sorted(_merged(found), key=lambda d: d.area, reverse=True)


def _grown(view: View, factor: float) -> View:
    more = view.side * (factor - 1)
    return View(view.left - more / 2, view.top - more / 2, view.side + more)


def _tiles(width: int, height: int, count: int, part: float) -> Iterator[View]:
    side = max(width, height) * part
    for top in np.linspace(0, max(height - side, 0), count if height > side else 1):
        for left in np.linspace(0, max(width - side, 0), count if width > side else 1):
            yield View(float(left), float(top), side)


def _look(net: Net, rgb: Rgb, view: View, min_score: float) -> list[Detection]:
    """The network's raw findings in one view, in pixels of the whole picture."""
    scale = SIDE / view.side
    matrix = np.array([[scale, 0, -view.left * scale], [0, scale, -view.top * scale]])
    source = rgb if scale > 0.5 else _shrunk(rgb, matrix, scale)
    patch = cv2.warpAffine(source, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    out = net((patch.astype(np.float32) / 127.5 - 1.0)[None])
    scores = 1 / (1 + np.exp(-np.clip(out["classificators"][0, :, 0], -80, 80)))
    keep = np.flatnonzero(scores >= min_score)
    raw = out["regressors"][0, keep].reshape(-1, 8, 2) / SIDE
    raw[:, [0, *range(2, 8)]] += _anchors()[keep][:, None]
    raw = raw * view.side
    raw[:, [0, *range(2, 8)]] += (view.left, view.top)
    return [_detection(row, float(scores[i])) for row, i in zip(raw, keep, strict=True)]


def _shrunk(rgb: Rgb, matrix: NDArray[np.float64], scale: float) -> Rgb:
    """The picture at twice the network's scale, area-averaged against aliasing; the matrix is adapted in place."""
    factor = scale * 2
    small = cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    matrix[:, :2] /= factor
    return np.asarray(small, dtype=np.uint8)


def _anchors() -> NDArray[np.float32]:
    """Centres (896, 2) in 0..1: two per cell of a 16 x 16 grid, six per cell of an 8 x 8 one."""
    parts = []
    for cells, repeat in ((16, 2), (8, 6)):
        line = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
        parts.append(np.repeat(grid, repeat, axis=0))
    return np.concatenate(parts)


def _detection(row: NDArray[np.float32], score: float) -> Detection:
    (x, y), (width, height) = row[0], row[1]
    eyes = (float(row[2, 0]), float(row[2, 1])), (float(row[3, 0]), float(row[3, 1]))
    return Detection((float(x - width / 2), float(y - height / 2), float(width), float(height)), score, eyes)


def _merged(found: list[Detection]) -> list[Detection]:
    """One detection per face: overlapping ones are averaged by score."""
    left = sorted(found, key=lambda d: d.score, reverse=True)
    out = []
    while left:
        same = [d for d in left if _overlap(left[0], d) > MAX_OVERLAP]
        weights = np.array([d.score for d in same])
        box = np.average([d.box for d in same], axis=0, weights=weights)
        eyes = np.average([d.eyes for d in same], axis=0, weights=weights)
        x, y, width, height = (float(v) for v in box)
        pair = (float(eyes[0, 0]), float(eyes[0, 1])), (float(eyes[1, 0]), float(eyes[1, 1]))
        out.append(Detection((x, y, width, height), left[0].score, pair))
        left = [d for d in left if d not in same]
    return out


def _overlap(a: Detection, b: Detection) -> float:
    """Intersection over union."""
    width = min(a.box[0] + a.box[2], b.box[0] + b.box[2]) - max(a.box[0], b.box[0])
    height = min(a.box[1] + a.box[3], b.box[1] + b.box[3]) - max(a.box[1], b.box[1])
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / (a.area + b.area - shared) if shared else 0.0
