"""Paints the inside of a mouth: cavity, tongue, two rows of teeth; or takes the teeth that the picture shows.

All painters take pixel grids in mouth units: `across` is -1..1 from corner to corner, `down` is mouth widths below the
line of the closed lips. They give colours (H, W, 3) and, except the cavity, a mask (H, W) of where the thing is.
"""

import cv2
import numpy as np

from svc_video.engines.portrait.blendshapes import Blendshapes
from svc_video.engines.portrait.warp import Mask, Pixels

ENAMEL = np.array([236.0, 222.0, 202.0])
GUM = np.array([176.0, 92.0, 92.0])
FLESH = np.array([188.0, 92.0, 90.0])
DARK = np.array([62.0, 22.0, 24.0])
UPPER_WIDTHS = (0.2, 0.17, 0.16, 0.13, 0.11, 0.09)  # from the middle, in half mouth widths
LOWER_WIDTHS = (0.115, 0.125, 0.14, 0.14, 0.12, 0.1)
UPPER_EDGE = 0.075  # how far the upper teeth reach below the lips' line, in mouth widths
LOWER_EDGE = 0.1
OWN_SMOOTH = 0.02  # mouth widths
OWN_EDGE = 0.04  # feather below teeth taken from the picture, in mouth widths


def lighting(picture: Pixels, shapes: Blendshapes) -> float:
    """How bright the face is lit, 0.35..1, judged by its cheeks."""
    at = shapes.points[[50, 280, 205, 425, 4]].round().astype(int)
    rows = np.clip(at[:, 1], 0, picture.shape[0] - 1)
    columns = np.clip(at[:, 0], 0, picture.shape[1] - 1)
    brightness = float(picture[rows, columns].max(axis=1).mean()) / 255
    return float(np.clip(0.35 + 0.68 * brightness, 0.35, 1))


def cavity(across: Mask, down: Mask, light: float) -> Pixels:
    """The dark behind everything: darkest in the middle."""
    depth = np.exp(-((across / 0.9) ** 2) - ((down - 0.12) / 0.25) ** 2)
    return _pixels(DARK * light * (1 - 0.6 * depth[..., None]))


def tongue(across: Mask, down: Mask, light: float) -> tuple[Pixels, Mask]:
    """A mound that lies on the jaw."""
    height = down - (0.035 + 0.16 * across**2 + 0.012 * np.exp(-((across / 0.08) ** 2)))
    round_light = 0.5 + 0.5 * np.clip(height / 0.13, 0, 1) - 0.12 * np.exp(-((across / 0.05) ** 2))
    return _pixels(FLESH * light * 0.95 * round_light[..., None]), _edge(height, 0.02) * _edge(
        0.72 - np.abs(across), 0.1
    )


def upper_teeth(across: Mask, down: Mask, light: float) -> tuple[Pixels, Mask]:
    """Their edge is a shallow arch, their necks are hidden by the lip."""
    groove, rounding = _row(across, UPPER_WIDTHS)
    edge = UPPER_EDGE - 0.03 * across**2 - 0.014 * rounding
    colour = _enamel(across, groove, light) * (1 - 0.1 * _edge(down - edge + 0.02, 0.03)[..., None])
    colour = _over(colour, GUM * light * 0.9, _edge(-0.13 + 0.03 * rounding - down, 0.012))
    return _pixels(colour), _edge(edge - down, 0.012) * _edge(0.88 - np.abs(across), 0.06)


def lower_teeth(across: Mask, down: Mask, light: float) -> tuple[Pixels, Mask]:
    """Smaller and darker than the upper ones."""
    groove, rounding = _row(across, LOWER_WIDTHS)
    edge = LOWER_EDGE + 0.05 * across**2 + 0.008 * rounding
    colour = _enamel(across, groove, light * 0.86)
    colour = _over(colour, GUM * light * 0.75, _edge(down - LOWER_EDGE - 0.12 + 0.02 * rounding, 0.012))
    return _pixels(colour), _edge(down - edge, 0.012) * _edge(0.76 - np.abs(across), 0.06)


def own_teeth(part: Pixels, gap: Mask, unit: float) -> tuple[Pixels, Mask]:
    """The picture's own teeth, spread beyond the gap: up behind the lip, down only by a feather."""
    seen = gap > 0.5
    _, nearest = cv2.distanceTransformWithLabels(
        (~seen).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    source = np.zeros((nearest.max() + 1, 3), dtype=np.uint8)
    source[nearest[seen]] = part[seen]
    rows = np.arange(len(gap))[:, None]
    bottom = np.where(seen.any(axis=0), len(gap) - 1 - seen[::-1].argmax(axis=0), 0)
    bottom = np.interp(np.arange(gap.shape[1]), np.flatnonzero(bottom), bottom[bottom > 0])
    bottom = cv2.GaussianBlur(bottom[None], (0, 0), unit * OWN_SMOOTH)[0]
    alpha = np.clip(1 - (rows - bottom[None] - 1) / (OWN_EDGE * unit), 0, 1)
    return np.ascontiguousarray(source[nearest]), alpha.astype(np.float32)


def _row(across: Mask, widths: tuple[float, ...]) -> tuple[Mask, Mask]:
    """How near a pixel is to a gap between two teeth, and to the rounded corner there: both 0..1."""
    ends = np.concatenate([[0.0], np.cumsum(widths)])
    place = np.abs(across)
    index = np.clip(np.searchsorted(ends, place) - 1, 0, len(widths) - 1)
    part = (place - ends[index]) / np.array(widths)[index]
    near = np.abs(2 * part - 1)
    return np.clip((near - 0.82) / 0.18, 0, 1).astype(np.float32), (np.clip(near, 0, 1) ** 4).astype(np.float32)


def _enamel(across: Mask, groove: Mask, light: float) -> np.ndarray:
    """Colours of a row of teeth: darker towards the cheeks and between the teeth."""
    turned = np.clip(1 - 0.55 * np.abs(across) ** 2.2, 0, 1)
    return np.asarray(ENAMEL * light * (turned * (1 - 0.16 * groove))[..., None])


def _edge(distance: np.ndarray, softness: float) -> Mask:
    """0 for negative distances, 1 beyond the softness."""
    t = np.clip(distance / softness, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def _over(under: np.ndarray, colour: np.ndarray, mask: Mask) -> np.ndarray:
    return np.asarray(under * (1 - mask[..., None]) + colour * mask[..., None])


def _pixels(colour: np.ndarray) -> Pixels:
    return np.ascontiguousarray(np.clip(colour, 0, 255).round().astype(np.uint8))
