"""A canvas of 1024 units drawn at twice the size: smooth paths, soft shading, strands."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]  # RGB 0..255
Mask = NDArray[np.float32]  # 0..1
Curve = NDArray[np.float64]  # (n, 2)

UNITS = 1024
SCALE = 2  # pixels per unit while drawing
SIDE = UNITS * SCALE
SHIFT = 4  # sub-pixel bits
COARSE_BLUR = 6.0  # units above which a blur is done on a quarter-size mask


def spline(points: Sequence[tuple[float, float]], *, closed: bool = True, density: int = 24) -> Curve:
    """A Catmull-Rom curve through the points."""
    knots = np.array(points, dtype=np.float64)
    if closed:
        around = np.concatenate([knots[-1:], knots, knots[:2]])
    else:
        around = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    t = np.linspace(0, 1, density, endpoint=False)[:, None]
    a, b, c, d = (around[k : len(around) - 3 + k][:, None] for k in range(4))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    flat = curve.reshape(-1, 2)
    return flat if closed else np.concatenate([flat, knots[-1:]])


def mirrored(half: Sequence[tuple[float, float]], middle: float = 512) -> list[tuple[float, float]]:
    """A closed symmetric outline from its right half, (distance from the middle, y) from top to bottom."""
    right = [(middle + x, y) for x, y in half]
    left = [(middle - x, y) for x, y in reversed(half) if x > 0]
    return right + left


def mix(a: Colour, b: Colour, part: float) -> Colour:
    """`part` of b in a."""
    return tuple(x * (1 - part) + y * part for x, y in zip(a, b, strict=True))  # type: ignore[return-value]  # three


def dark(colour: Colour, part: float) -> Colour:
    """The colour with less light, a little warmer in the shade."""
    return mix(colour, (36, 14, 22), part)


def light(colour: Colour, part: float) -> Colour:
    """The colour with more light."""
    return mix(colour, (255, 244, 232), part)


def shifted(curve: Curve, x: float, y: float) -> Curve:
    """The curve moved to the right and down."""
    return np.asarray(curve + np.array([x, y]))


class Canvas:
    """What has been painted so far, (SIDE, SIDE, 3) float32 RGB."""

    def __init__(self, colour: Colour) -> None:
        self.pixels = np.empty((SIDE, SIDE, 3), dtype=np.float32)
        self.pixels[:] = colour

    @staticmethod
    def mask(outline: Curve, blur: float = 0.0) -> Mask:
        """Where the outline's inside is; `blur` in units."""
        out = np.zeros((SIDE, SIDE), dtype=np.float32)
        box, part = _patch(outline, blur)
        out[box] = part
        return out

    def paint(self, mask: Mask, colour: Colour | NDArray[np.float32], opacity: float = 1.0) -> None:
        """Lays a colour, or a picture of colours, over the canvas where the mask says."""
        part = (mask * np.float32(opacity))[..., None]
        self.pixels += (np.asarray(colour, dtype=np.float32) - self.pixels) * part

    def _paint_patch(self, outline: Curve, colour: Colour, opacity: float, blur: float, clip: Mask | None) -> None:
        """As `paint`, only where the shape is: most shapes are small."""
        box, part = _patch(outline, blur)
        part = (part if clip is None else part * clip[box])[..., None] * np.float32(opacity)
        self.pixels[box] += (np.asarray(colour, dtype=np.float32) - self.pixels[box]) * part

    def fill(self, outline: Curve, colour: Colour, opacity: float = 1.0, blur: float = 0.0) -> Mask:
        """Paints a shape and gives its mask."""
        self._paint_patch(outline, colour, opacity, blur, None)
        return self.mask(outline, blur)

    def shade(self, outline: Curve, colour: Colour, opacity: float, blur: float, clip: Mask) -> None:
        """A soft shape that stays inside `clip`."""
        self._paint_patch(outline, colour, opacity, blur, clip)

    def stroke(self, line: Curve, widths: tuple[float, float, float], colour: Colour, opacity: float = 1.0) -> None:
        """A tapered line: widths in units at its start, middle and end."""
        self._paint_patch(ribbon(line, widths), colour, opacity, 0.5, None)

    def strands(
        self, rng: np.random.Generator, guides: Sequence[Curve], count: int, tones: Sequence[Colour], clip: Mask | None
    ) -> None:
        """Hairs between neighbouring guide curves (all of one length), in random tones and widths."""
        layer = self.pixels.astype(np.uint8)
        for _ in range(count):
            at = rng.uniform(0, len(guides) - 1)
            low = min(int(at), len(guides) - 2)
            hair = guides[low] + (guides[low + 1] - guides[low]) * (at - low) + rng.normal(0, 1.2, 2)
            begin, end = sorted(rng.integers(0, len(hair), 2))
            if end - begin < len(hair) // 6:
                begin, end = 0, len(hair)
            colour = tones[int(rng.integers(len(tones)))]
            line = np.round(hair[begin:end] * SCALE * (1 << SHIFT)).astype(np.int32)
            cv2.polylines(layer, [line], isClosed=False, color=colour, thickness=int(rng.integers(1, 4)),
                          lineType=cv2.LINE_AA, shift=SHIFT)  # fmt: skip
        mask = clip if clip is not None else np.ones((SIDE, SIDE), dtype=np.float32)
        self.paint(mask, layer.astype(np.float32), 0.55)

    def finished(self) -> NDArray[np.uint8]:
        """The picture (UNITS, UNITS, 3)."""
        small = cv2.resize(self.pixels, (UNITS, UNITS), interpolation=cv2.INTER_AREA)
        return np.clip(np.round(small), 0, 255).astype(np.uint8)


def _patch(outline: Curve, blur: float) -> tuple[tuple[slice, slice], Mask]:
    """The box of the canvas that a shape can touch, and the shape's mask in it."""
    margin = 3.2 * blur + 2
    low = np.clip((np.min(outline, axis=0) - margin) * SCALE, 0, SIDE - 1).astype(int)
    high = np.clip((np.max(outline, axis=0) + margin) * SCALE, low + 1, SIDE).astype(int)
    # the shape is drawn with room around it, so that a blur sees no edge of the canvas
    room = int(3.2 * blur * SCALE) + 2
    flat = np.zeros((high[1] - low[1] + 2 * room, high[0] - low[0] + 2 * room), dtype=np.uint8)
    corners = np.round((np.asarray(outline) * SCALE - low + room) * (1 << SHIFT)).astype(np.int32)
    cv2.fillPoly(flat, [corners], 255, cv2.LINE_AA, SHIFT)
    part = soft(np.asarray(flat / 255, dtype=np.float32), blur)[room:-room, room:-room]
    return (slice(low[1], high[1]), slice(low[0], high[0])), part


def soft(mask: Mask, blur: float) -> Mask:
    """The mask with its edge blurred by `blur` units."""
    if blur <= 0:
        return mask
    if blur < COARSE_BLUR:
        return np.asarray(cv2.GaussianBlur(mask, (0, 0), blur * SCALE))
    height, width = mask.shape
    small = cv2.resize(mask, (max(width // 4, 1), max(height // 4, 1)), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(small, (0, 0), blur * SCALE / 4)
    return np.asarray(cv2.resize(blurred, (width, height), interpolation=cv2.INTER_CUBIC)).clip(0, 1)


def ribbon(line: Curve, widths: tuple[float, float, float]) -> Curve:
    """The outline of a line whose width changes from start over middle to end."""
    along = np.gradient(line, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    t = np.linspace(0, 1, len(line))
    half = (np.interp(t, [0, 0.5, 1], widths) / 2)[:, None]
    return np.concatenate([line + normal * half, (line - normal * half)[::-1]])


def ellipse(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> Curve:
    """An ellipse's outline; `turn` in degrees."""
    t = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    flat = np.stack([np.cos(t) * rx, np.sin(t) * ry], axis=1)
    angle = np.radians(turn)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return shifted(flat @ matrix, x, y)
