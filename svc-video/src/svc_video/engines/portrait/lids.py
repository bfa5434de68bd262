"""The lids of one eye: skin that stretches over the eyeball, and lashes that ride on its edge.

The picture is taken apart once: bare lid skin, as if there were neither lashes nor an eye behind, and what the lashes
add to it. In a frame the bare skin is stretched, mostly near the edge, and takes the light of a ball; the lashes' part
is moved with the edge as it is and turns over as the lid comes down. At rest this gives the picture again.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from svc_video.engines.portrait.blendshapes import EYE_BASES
from svc_video.engines.portrait.eyeball import Eyeball, shadow
from svc_video.engines.portrait.eyeshape import EyeShape, smooth
from svc_video.engines.portrait.lidparts import lid_parts
from svc_video.engines.portrait.warp import Float, Mask, Pixels

CORNER_BLUR = 0.07  # eye widths: skin beside the corners goes along a little
STRETCH_POWER_STEPS = 5  # of Newton's method
LEAST_DROP = -0.3  # of the lid's skin: further open than that it would fold
LOWER_REACH = 0.3  # eye widths below the eye that follow the lower lid
TURNED = 0.65  # a shut eye's lashes have this part of their length, downwards
SINK = 0.02  # eye widths that the liner goes beyond a shut eye's line
LASH_WIDTH, LASH_FROM, LASH_OPACITY = 0.045, 0.45, 0.5  # eye widths; blink; of a line drawn where lids meet
FOLD = 0.12  # eye widths above the lid's edge where a shut lid goes in
LIGHT, FOLD_SHADE, EDGE_SHADE, CORNER_SHADE = 0.07, 0.08, 0.07, 0.06  # of the skin's brightness, when shut
SMOOTHED = 0.75  # part of the skin's own creases that a shut lid has stretched away
LIFT = 0.05  # eye widths by which a lid goes up at most: the iris goes no further
DIMMED = 0.35  # of the light that an eye nearly shut no longer gets
VISIBLE_MOVE = 0.6  # pixels: skin that moves less is left to the frame


@dataclass(frozen=True, slots=True)
class LidState:
    """One position of the lids: a frame's pixel is frame * kept + eyeball * seen + skin."""

    kept: NDArray[np.uint8]  # (H, W, 1), 255 = 1
    seen: NDArray[np.uint8]  # (H, W, 1), 255 = 1: the opening, darkened by the lid's shadow
    skin: NDArray[np.int16]  # (H, W, 3)


class Lids:
    """Both lids of one eye."""

    def __init__(self, picture: Pixels, shape: EyeShape, ball: Eyeball, blink: str) -> None:
        self._shape, self._blink = shape, EYE_BASES.index(blink)
        self._parts = lid_parts(picture, shape, ball)
        x, y = np.arange(shape.region.width, dtype=np.float32), np.arange(shape.region.height, dtype=np.float32)
        self._x, self._y = np.meshgrid(x, y)
        self._span = shape.upper - shape.top
        inside = np.pad(np.ones((shape.region.height - 2, shape.region.width - 2), dtype=np.float32), 1)
        self._fade = inside * (1 - smooth((np.abs(shape.part) - 1.0) / 0.2))
        self._corner = np.clip(1 - np.abs(shape.part) ** 3, 0, 1)
        self._dome = np.exp(-((shape.part / 0.55) ** 2)).astype(np.float32)

    def at(self, weights: Float) -> LidState:
        """The lids for coefficients of EYE_BASES; those of the brows do nothing."""
        shape = self._shape
        blink = float(np.clip(weights[self._blink], 0, 1))
        upper, lower = self._edges(weights, blink)
        skin, moved = self._skin(upper, lower, blink)
        opening = np.clip(upper * -1 + shape.v + 0.5, 0, 1) * np.clip(lower - shape.v + 0.5, 0, 1)
        opening = np.minimum(opening, np.clip(lower - upper, 0, 1))[..., None]
        edge, clear = self._on_eye(upper, lower)
        was = np.clip(shape.v - shape.upper + 1.5, 0, 1) * np.clip(shape.lower - shape.v + 1.5, 0, 1)
        part = np.maximum(np.clip(moved / VISIBLE_MOVE, 0, 1), was * (np.abs(shape.part) < 1))
        part = (part * self._fade * (1 - shape.still))[..., None].astype(np.float32)
        return LidState(
            kept=_bytes(1 - part),
            seen=_bytes(part * opening * clear * ((1 - DIMMED * blink) * shadow(shape, upper)[..., None])),
            skin=np.round(part * (skin * (1 - opening) + edge * opening)).astype(np.int16),
        )

    def _edges(self, weights: Float, blink: float) -> tuple[Mask, Mask]:
        """Where both lids' edges are (v)."""
        shape = self._shape
        others = np.array([0.0 if "blink" in name or "brow" in name else 1.0 for name in EYE_BASES]) * weights
        upper, lower = shape.upper, shape.lower
        if others.any():
            down = np.tensordot(others.astype(np.float32), shape.upper_moves, axes=1)
            upper = upper + np.maximum(down, -LIFT * shape.width)
            lower = lower + np.tensordot(others.astype(np.float32), shape.lower_moves, axes=1)
        lower = lower + blink * (shape.shut - lower)
        upper = upper + blink * (shape.shut - upper)
        return np.minimum(upper, lower).astype(np.float32), lower.astype(np.float32)

    def _skin(self, upper: Mask, lower: Mask, blink: float) -> tuple[Mask, Mask]:
        """Colours of the skin with its lashes, and how far each pixel's has moved."""
        shape = self._shape
        drop, rise = self._beside(upper - shape.upper), shape.lower - lower
        below = np.clip(shape.v - lower + 0.5, 0, 1)
        up = self._stretched(upper, drop)
        away = np.clip(1 - (shape.v - lower) / (LOWER_REACH * shape.width), 0, 1)
        down = rise * away * away * (3 - 2 * away)
        lid = self._taken(_mixed(self._parts.lid, self._parts.even, SMOOTHED * blink), up)
        if blink:
            lid *= self._light(upper, blink)[..., None]
        lid += self._lashes(upper, drop, blink)
        bare = float(np.clip((blink - 0.4) / 0.4, 0, 1))
        own = self._taken(_mixed(self._parts.own, self._parts.cheek, bare), down)
        skin = lid + below[..., None] * (own - lid)
        if blink:
            skin = self._with_line(skin, upper, blink)
        return skin, np.maximum(np.abs(up) * (1 - below), np.abs(down) * below)

    def _beside(self, drop: Mask) -> Mask:
        """The edge's drop (the same down each column of the face), smooth across the corners."""
        across, down = CORNER_BLUR * self._shape.width, 0.4
        return np.asarray(cv2.GaussianBlur(drop, (0, 0), across, None, down), dtype=np.float32)

    def _stretched(self, upper: Mask, drop: Mask) -> Mask:
        """How far above each pixel its skin was: s + k s^3 solved for s, which is 0 at the fold and 1 at the edge."""
        shape = self._shape
        k = np.maximum(drop / self._span, LEAST_DROP)
        goal = np.clip((shape.v - shape.top) / self._span, 0, 1 + k)
        s = goal / (1 + k)
        for _ in range(STRETCH_POWER_STEPS):
            s = s - (s + k * s**3 - goal) / (1 + 3 * k * s * s)
        inside = shape.top + s * self._span - np.minimum(shape.v, upper)
        return np.asarray(np.where(shape.v < shape.top, 0, inside), dtype=np.float32)

    def _light(self, upper: Mask, blink: float) -> Mask:
        """What the ball behind a lid does to the light on it."""
        shape = self._shape
        start = shape.upper - FOLD * shape.width
        place = (shape.v - start) / np.maximum(upper - start, 1)
        ball = LIGHT * np.exp(-(((place - 0.5) / 0.3) ** 2)) * self._dome
        fold = FOLD_SHADE * np.exp(-((place / 0.14) ** 2)) * self._corner
        edge = EDGE_SHADE * np.clip((place - 0.7) / 0.3, 0, 1)
        corner = CORNER_SHADE * (1 - self._corner) * np.clip(place * 2, 0, 1)
        return np.asarray(1 + blink * (ball - fold - edge - corner), dtype=np.float32)

    def _lashes(self, upper: Mask, drop: Mask, blink: float) -> Mask:
        """What the lashes add to the lid's skin: a liner that rides on the edge, hairs that turn over."""
        shape = self._shape
        sink = blink * SINK * shape.width * self._corner
        liner = self._taken(self._parts.liner, -(drop + sink))
        turn = 1 - (1 + TURNED) * blink
        if abs(turn) < 0.15:
            return liner
        height = (upper - shape.v) / turn
        hairs = self._taken(self._parts.hairs, shape.upper - height - shape.v)
        return np.asarray(liner + min(1.0, (abs(turn) - 0.15) * 3) * hairs)

    def _on_eye(self, upper: Mask, lower: Mask) -> tuple[Mask, Mask]:
        """What the lids' edges show before the eyeball, and the part of it (height, width, 1) that they leave free."""
        over = self._taken(self._parts.over, self._shape.upper - upper)
        under = self._taken(self._parts.under, self._shape.lower - lower)
        clear = 1 - over[..., 3:]
        return over[..., :3] + under[..., :3] * clear, clear * (1 - under[..., 3:])

    def _with_line(self, skin: Mask, upper: Mask, blink: float) -> Mask:
        """A shut eye is a dark line, thicker in its middle, antialiased."""
        shape = self._shape
        half = np.sqrt(self._corner) * (LASH_WIDTH * shape.width / 2)
        cover = np.clip(half + 0.5 - np.abs(shape.v - upper), 0, 1) * (np.abs(shape.part) < 1)
        part = LASH_OPACITY * max(blink - LASH_FROM, 0) / (1 - LASH_FROM)
        return np.asarray(skin + (part * cover)[..., None] * np.minimum(self._parts.dark - skin, 0), dtype=np.float32)

    def _taken(self, layer: Mask | Pixels, down: Mask) -> Mask:
        """A layer (height, width, channels) with every pixel taken from `down` pixels further down the face."""
        across, along = self._shape.axes[1].astype(np.float32)
        x, y = self._x + down * across, self._y + down * along
        return cv2.remap(layer, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32, copy=False)


def _mixed(one: Pixels, other: Pixels, part: float) -> Pixels:
    return np.asarray(cv2.addWeighted(one, 1 - part, other, part, 0), dtype=np.uint8) if part else one


def _bytes(part: Mask) -> NDArray[np.uint8]:
    return np.asarray(np.round(part * 255), dtype=np.uint8)
