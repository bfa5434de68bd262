"""What is seen between the lips: flat layers that are moved, laid over each other and shaded.

From back to front: cavity, tongue and its tip, lower teeth (they go with the jaw), upper teeth (they stay with the
skull); then the shadow of the lips on all of it and the moist rim where the lips roll inwards. The layers are painted
once, at three times the size, and get the picture's own softness and grain. Where they stand is rounded to fractions of
a pixel, so that a stack seen before is used again.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from svc_video.engines.portrait import own_teeth, teeth
from svc_video.engines.portrait.blendshapes import Blendshapes
from svc_video.engines.portrait.contour import Gap
from svc_video.engines.portrait.light import Light
from svc_video.engines.portrait.warp import Float, Mask, Pixels, Region, blend, region_around
from svc_video.faces import landmarks as lm

JAW_TEETH_PART = 0.88  # the lower teeth's part of the lower lip's way
TONGUE_PART = 0.52
TIP_HURRIES, TIP_APPEARS = 1.6, 3  # the tip is nearly up at 0.7, and wholly drawn from a third
TIP_BETWEEN = 0.85  # of the tongue: beyond it the tip comes out between the teeth, as in /th/
TIP_OUT = 0.03  # mouth widths that it covers of their edge there
TIP_REST = 0.13  # mouth widths by which the tip at rest lies below its place behind the teeth
ROUNDED_HIDES = 0.1  # mouth widths by which fully rounded lips hide drawn upper teeth
JAW_STEPS, SHAPE_STEPS = 3, 16  # per pixel of the jaw, per unit of a parameter: finer is not seen
STACKS = 96  # kept of each kind; one is about 15 KB at 512 x 512
FINE = 3  # times as many pixels a side while a layer is painted
SHADOW_BLUR = 0.045  # mouth widths
SHADOW_FALLS = 0.022  # mouth widths: light comes from above
SHADOW_DEPTH = 0.38
RIM_REACH = 0.022  # mouth widths by which the lower lip's moist inner side is seen
RIM_OPENS = 0.16  # mouth widths of opening at which it is seen whole
RIM_TINT = np.array([0.74, 0.57, 0.57])  # of the lip: in shadow, and redder
UPPER_RIM_PART = 0.35
GRAIN_SEED = 4
GRAIN_WHOLE = 180  # grey level at which the grain is that of the skin


@dataclass(frozen=True, slots=True)
class Canvas:
    """The part of the frame where the inside can be seen."""

    region: Region
    unit: float  # the mouth's width in pixels
    axes: Float  # (2, 2): unit vectors across and down the face
    middle: Float  # (n, 2): the line of the closed lips in the frame
    gap: Gap

    @classmethod
    def of(cls, shapes: Blendshapes, middle: Float, within: Region) -> "Canvas":
        """The canvas for a line of closed lips, inside a region."""
        unit = shapes.mouth_width
        box = region_around(middle, (unit * 0.12, unit * 0.2, unit * 0.12, unit * 0.62), (10**6, 10**6))
        left, top = max(box.left, within.left), max(box.top, within.top)
        width = min(box.left + box.width, within.left + within.width) - left
        height = min(box.top + box.height, within.top + within.height) - top
        gap = Gap((left, top), (height, width), shapes.axes)
        return cls(Region(left, top, width, height), unit, shapes.axes, middle, gap)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.region.height, self.region.width

    def grids(self, fine: int) -> tuple[Float, Float]:
        """`across` and `down` of `teeth`'s painters at `fine` times as many pixels a side."""
        x = self.region.left + (np.arange(self.region.width * fine) + 0.5) / fine - 0.5
        y = self.region.top + (np.arange(self.region.height * fine) + 0.5) / fine - 0.5
        origin = self.middle[[0, -1]].mean(axis=0)
        place = (np.stack(np.meshgrid(x, y), axis=-1) - origin) @ self.axes.T
        line = (self.middle - origin) @ self.axes.T
        rest = np.interp(place[..., 0], line[:, 0], line[:, 1])
        return place[..., 0] / (self.unit / 2), (place[..., 1] - rest) / self.unit


@dataclass(frozen=True, slots=True)
class Thing:
    """Something in the mouth: colours (H, W, 3) and where it is (H, W)."""

    pixels: Pixels
    alpha: Mask

    def moved(self, by: Float) -> "Thing":
        """Shifted by (x, y) pixels; its colours reach further than it does."""
        if not by.any():
            return self
        shift, size = np.array([[1, 0, by[0]], [0, 1, by[1]]]), self.alpha.shape[::-1]
        pixels = cv2.warpAffine(self.pixels, shift, size, borderMode=cv2.BORDER_REPLICATE)
        return Thing(np.asarray(pixels, dtype=np.uint8), np.asarray(cv2.warpAffine(self.alpha, shift, size)))

    def over(self, under: Pixels, strength: float = 1) -> Pixels:
        """Laid over other pixels."""
        return blend(under, self.pixels, self.alpha * np.float32(strength))


class Inside:
    """Paints the inside of one mouth."""

    _tip: Thing

    def __init__(
        self, picture: Pixels, canvas: Canvas, light: Light, shapes: Blendshapes, rest: tuple[Float, Float] | None
    ) -> None:
        """`rest` is the gap's upper and lower line (n, 2) where the picture shows its teeth."""
        self._canvas, self._unit, self._down = canvas, canvas.unit, canvas.axes[1]
        self._draw_things(light)
        self._dark = np.broadcast_to(_bytes(0.4 * light.dark + 0.22 * light.flesh), (*canvas.shape, 3)).copy()
        self._rim = _lip_rim(picture, canvas, shapes)
        self._hidden_by = ROUNDED_HIDES * self._unit
        self._more_than_rest: Mask = np.ones(canvas.shape, dtype=np.float32)
        if rest is not None:
            gap = canvas.gap.mask(*rest, 0)
            self._upper = Thing(*own_teeth.taken(picture[canvas.region.part], gap, self._unit, light))
            self._hidden_by = float((gap > 0.5).sum(axis=0).max())
            lower = self._hidden_by / 2 - teeth.UPPER_EDGE * self._unit
            self._tip = self._tip.moved(self._down * lower)  # behind these teeth, not behind drawn ones
            self._more_than_rest = np.float32(1) / self._light(gap)
        self._tip_out = self._tip.moved(-self._down * TIP_OUT * self._unit)
        self._back = lru_cache(maxsize=STACKS)(self._draw_back)
        self._front = lru_cache(maxsize=SHAPE_STEPS + 1)(self._move_front)

    def paint(self, mask: Mask, jaw: float, rounded: float, tongue: float, parted: float) -> Pixels:
        """The inside behind a gap's mask (H, W).

        The jaw is dropped by pixels; lips rounded by 0..1 hide the teeth; the tongue's tip is raised by 0..1: behind
        the teeth, and at 1 between them. The lips stand `parted` pixels further apart than in the picture, which turns
        their inner rims into sight.
        """
        back = self._back(round(jaw * JAW_STEPS), round(tongue * SHAPE_STEPS))
        out = self._front(round(rounded * SHAPE_STEPS)).over(back)
        if tongue > TIP_BETWEEN:
            out = self._tip_out.over(out, (tongue - TIP_BETWEEN) / (1 - TIP_BETWEEN))
        out = blend(self._dark, out, np.minimum(self._light(mask) * self._more_than_rest, 1))
        seen = min(max(parted / (RIM_OPENS * self._unit), 0), 1)
        return blend(self._rim, out, self._without_rims(mask, seen)) if seen else out

    def _draw_back(self, jaw_step: int, tongue_step: int) -> Pixels:
        """Cavity, tongue and lower teeth."""
        drop, raised = self._down * (jaw_step / JAW_STEPS), tongue_step / SHAPE_STEPS
        out = self._tongue.moved(drop * TONGUE_PART).over(self._cavity)
        if raised:
            low = drop * TONGUE_PART + self._down * TIP_REST * self._unit
            out = self._tip.moved(low * (1 - raised) ** TIP_HURRIES).over(out, min(TIP_APPEARS * raised, 1))
        return self._lower.moved(drop * JAW_TEETH_PART).over(out)

    def _move_front(self, rounded_step: int) -> Thing:
        """Upper teeth."""
        return self._upper.moved(-self._down * (rounded_step / SHAPE_STEPS * self._hidden_by))

    def _draw_things(self, light: Light) -> None:
        """The layers at rest."""
        across, down = self._canvas.grids(FINE)
        finish = _Finish(light, self._canvas.shape)
        self._cavity = finish.pixels(teeth.cavity(across, down, light))
        painters = (teeth.tongue, teeth.tip, teeth.lower_teeth, teeth.upper_teeth)
        things: list[Thing] = [finish.thing(*paint(across, down, light)) for paint in painters]
        self._tongue, self._tip, self._lower, self._upper = things

    def _light(self, mask: Mask) -> Mask:
        """Light that reaches the inside: less near the lips, least below the upper one."""
        half = cv2.resize(mask, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        soft = cv2.GaussianBlur(half, (0, 0), self._unit * SHADOW_BLUR / 2)
        falls = self._down * (self._unit * SHADOW_FALLS)
        grow = np.array([[2, 0, 0.5 + falls[0]], [0, 2, 0.5 + falls[1]]])
        lit = cv2.warpAffine(soft, grow, mask.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(lit * np.float32(SHADOW_DEPTH) + np.float32(1 - SHADOW_DEPTH), dtype=np.float32)

    def _without_rims(self, mask: Mask, seen: float) -> Mask:
        """The gap without the lips' inner rims."""
        reach = self._down * (RIM_REACH * self._unit)
        inner = np.minimum(_shifted(mask, -reach), _shifted(mask, reach * UPPER_RIM_PART))
        return inner * np.float32(seen) + np.float32(1 - seen)


class _Finish:
    """Brings what was painted to the picture's size, softness and grain."""

    def __init__(self, light: Light, shape: tuple[int, int]) -> None:
        self._size = shape[::-1]
        self._blur = max(light.softness, 0.3)
        noise = np.random.default_rng(GRAIN_SEED).standard_normal(shape).astype(np.float32)
        grain = cv2.GaussianBlur(noise, (0, 0), max(0.6 * light.softness, 0.3))
        self._grain = (grain / grain.std() * light.grain)[..., None]

    def pixels(self, colour: Float) -> Pixels:
        """(H * FINE, W * FINE, 3) -> (H, W, 3); what is dark has less grain."""
        small = self._smaller(colour)
        return _bytes(small + self._grain * np.sqrt(np.maximum(small.mean(axis=2, keepdims=True), 0) / GRAIN_WHOLE))

    def thing(self, colour: Float, alpha: Float) -> Thing:
        """The same, with its mask."""
        return Thing(self.pixels(colour), self._smaller(alpha))

    def _smaller(self, values: Float) -> Mask:
        small = cv2.resize(values.astype(np.float32), self._size, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.GaussianBlur(small, (0, 0), self._blur), dtype=np.float32)


def _lip_rim(picture: Pixels, canvas: Canvas, shapes: Blendshapes) -> Pixels:
    """The lips' inner side: in each column the colour of the lower lip's edge, in shadow."""
    places = shapes.points[lm.LOWER_LIP[1, 1:-1]]
    smooth = cv2.GaussianBlur(picture[canvas.region.part], (0, 0), canvas.unit * 0.03)
    at = (places - (canvas.region.left, canvas.region.top)).round().astype(int)
    at = np.clip(at, 0, np.array(canvas.shape[::-1]) - 1)
    colours = smooth[at[:, 1], at[:, 0]].astype(np.float64)
    across = (places - canvas.middle[0]) @ canvas.axes[0]
    wanted = (canvas.region.pixels() - canvas.middle[0]) @ canvas.axes[0]
    row = np.stack([np.interp(wanted, across, channel) for channel in colours.T], axis=-1)
    return _bytes(row * RIM_TINT)


def _shifted(mask: Mask, by: Float) -> Mask:
    shift = np.array([[1, 0, by[0]], [0, 1, by[1]]])
    moved = cv2.warpAffine(mask, shift, mask.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.float32)


def _bytes(colour: NDArray[np.floating]) -> Pixels:
    return np.ascontiguousarray(np.clip(colour, 0, 255).round().astype(np.uint8))
