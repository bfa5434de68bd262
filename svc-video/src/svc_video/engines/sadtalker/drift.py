"""How far a head's surroundings moved from where the picture has them, so that they can be led back towards the edge.

A network moves what is around a head along with it: collars, hair and shoulders. At the edge of the box they would
stand beside those of the picture, and be seen twice where the head fades in. So the drift is measured, in cells much
coarser than pixels, by the method of Lucas and Kanade ("An iterative image registration technique", 1981) with the
gradients of the picture, which are known beforehand. Where the picture is plain it finds none; slow changes of
brightness do not count.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from svc_video.engines.sadtalker.source import Floats, Rgb

GRID = 96  # cells per side
WINDOWS = (8.0, 6.0, 4.0, 3.0)  # cells: sigma of what is looked at together, one round each, coarse to fine
SLOW = 8.0  # cells: brightness that changes more slowly than this is no detail
MOST = 6.0  # cells: what seems to have moved farther is something else
FIRM = 40.0  # squared levels per cell: gradients weaker than this say little of motion
GREY = np.array((0.299, 0.587, 0.114), np.float32)


class Drift:
    """One place: the picture in cells, its gradients and what they tell of motion."""

    def __init__(self, target: Rgb) -> None:
        """`target` (h, w, 3): the picture in the box."""
        self.details = details_of(target)
        self.gradients = _gradients(self.details)
        self.inverses = {sigma: _inverse(*self.gradients, sigma) for sigma in WINDOWS}
        rows, columns = np.indices((GRID, GRID), np.float32)
        self._rows, self._columns = rows, columns

    def of(self, head: Rgb) -> Floats:
        """How far across and down the picture's cells are found in a head (h, w, 3): in cells, (GRID, GRID, 2)."""
        details = details_of(head)
        across, down = np.zeros((2, GRID, GRID), np.float32)
        for sigma in WINDOWS:
            moved = cv2.remap(details, self._columns + across, self._rows + down, cv2.INTER_LINEAR, borderMode=1)
            missing = self.details - moved
            to_right, to_below = (blurred(slope * missing, sigma) for slope in self.gradients)
            a, b, d = self.inverses[sigma]
            across = np.clip(blurred(across + a * to_right + b * to_below, sigma / 2), -MOST, MOST)
            down = np.clip(blurred(down + b * to_right + d * to_below, sigma / 2), -MOST, MOST)
        return np.ascontiguousarray(np.stack([across, down], 2), np.float32)


def details_of(image: Rgb) -> Floats:
    """What of the brightness changes from cell to cell, (GRID, GRID)."""
    cells = cv2.resize(image, (GRID, GRID), interpolation=cv2.INTER_AREA)
    grey = np.asarray(cells.astype(np.float32) @ GREY, np.float32)
    return np.asarray(grey - blurred(grey, SLOW), np.float32)


def window_of(sigma: float) -> Floats:
    """The window as a matrix (GRID, GRID): W.T @ cells @ W is `blurred`."""
    one_way = (2 * round(4 * sigma) + 1, 1)
    unit = np.eye(GRID, dtype=np.float32)
    return np.asarray(cv2.GaussianBlur(unit, one_way, sigma, borderType=cv2.BORDER_REPLICATE), np.float32)


def blurred(cells: Floats, sigma: float) -> Floats:
    """Over a Gaussian window of that many cells."""
    return np.asarray(
        cv2.GaussianBlur(cells, (2 * round(4 * sigma) + 1,) * 2, sigma, borderType=cv2.BORDER_REPLICATE), np.float32
    )


def _gradients(details: Floats) -> tuple[Floats, Floats]:
    soft = blurred(details, 0.7)
    down, across = np.gradient(soft)
    return np.asarray(across, np.float32), np.asarray(down, np.float32)


def _inverse(across: Floats, down: Floats, sigma: float) -> tuple[Floats, Floats, Floats]:
    """The inverse structure tensor of each cell, as (xx, xy, yy)."""
    xx, xy, yy = (blurred(product, sigma) for product in (across * across, across * down, down * down))
    firm: npt.NDArray[np.float32] = (xx + FIRM) * (yy + FIRM) - xy * xy
    return (yy + FIRM) / firm, -xy / firm, (xx + FIRM) / firm
