"""The teeth that a picture shows, taken from it and prolonged to where the picture's lips hide them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from svc_video.engines.portrait.light import Light
from svc_video.engines.portrait.warp import Float, Mask, Pixels

SMOOTH = 0.02  # mouth widths: of the row's lower and upper line
EDGE = 0.04  # mouth widths of feather below them
NECK = 0.04  # mouth widths that the teeth go on above the gap; then comes the gum
GUM_EDGE = 0.02
RIM = 1.4  # the picture's softness: pixels at the gap's lines that are half lip or in its shadow
CORRIDOR, CORRIDOR_DARK = 0.06, 0.75  # mouth widths beyond the teeth that are seen
ACROSS, ALONG = 0.012, 0.05  # mouth widths over which colours are mixed beyond the gap
REACHES = ((1.0, 1.0), (4.0, 1e-3), (16.0, 1e-6))  # times that, and trust: far ones where there are no near ones


def taken(part: Pixels, gap: Mask, unit: float, light: Light) -> tuple[Pixels, Mask]:
    """Colours (H, W, 3) and where they are (H, W), for a gap's mask in a part of the picture.

    They reach up behind the lip, down only by a feather: below them is what the drop of the jaw uncovers.
    """
    seen = gap > 0.5
    rows = np.arange(len(gap))[:, None]
    top, bottom = _lines(seen, unit)
    alpha = np.clip(1 - (rows - bottom - 1) / (EDGE * unit), 0, 1)
    gum = np.clip(((top - rows) / unit - NECK) / GUM_EDGE, 0, 1)[..., None]
    colours = _spread(part, seen, unit, max(round(RIM * light.softness), 1))
    covered = colours * (1 - gum) + light.flesh * 0.95 * gum
    return np.ascontiguousarray(np.clip(covered, 0, 255).round().astype(np.uint8)), alpha.astype(np.float32)


def _lines(seen: NDArray[np.bool_], unit: float) -> tuple[Float, Float]:
    """First and last row that is seen in each column (1, W), smoothed and prolonged to the sides."""
    columns = np.flatnonzero(seen.any(axis=0))
    ends = seen[:, columns].argmax(axis=0), len(seen) - 1 - seen[::-1, columns].argmax(axis=0)
    lines = [np.interp(np.arange(seen.shape[1]), columns, end)[None] for end in ends]
    top, bottom = (np.asarray(cv2.GaussianBlur(line, (0, 0), unit * SMOOTH)) for line in lines)
    return top, bottom


def _spread(part: Pixels, seen: NDArray[np.bool_], unit: float, rim: int) -> Float:
    """The pixels that are seen, and around them the brighter of their colours, prolonged up and down.

    At the gap's lines pixels are half lip, and gums are dark: without weights they would be drawn out as streaks.
    """
    colours = part.astype(np.float64)
    core = cv2.erode(seen.astype(np.float64), np.ones((2 * rim + 1, rim), np.uint8), borderValue=0)
    core = core if core.any() else seen.astype(np.float64)
    weights = core * colours.max(axis=2) ** 2
    total, weight = np.zeros_like(colours), np.full(seen.shape, 1e-9)
    for size, trust in REACHES:
        across, along = unit * ACROSS * size, unit * ALONG * size
        total += trust * cv2.GaussianBlur(colours * weights[..., None], (0, 0), across, sigmaY=along)
        weight += trust * cv2.GaussianBlur(weights, (0, 0), across, sigmaY=along)
    depth = cv2.distanceTransform((core > 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    inside = np.clip((depth - 0.5) / rim, 0, 1)[..., None]
    beyond = total / weight[..., None] * _corridor(np.asarray(core, dtype=np.float64), unit)[:, None]
    return np.asarray(inside * colours + (1 - inside) * beyond)


def _corridor(core: Float, unit: float) -> Float:
    """How bright teeth are in each column (W,): those further out than any that are seen are in the cheeks' shadow."""
    seen = np.flatnonzero(core.any(axis=0))
    columns = np.arange(core.shape[1])
    outside = np.maximum(seen[0] - columns, columns - seen[-1]) / (CORRIDOR * unit)
    return np.asarray(1 - CORRIDOR_DARK * np.clip(outside, 0, 1))
