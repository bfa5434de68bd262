"""Curves in units: x from the middle line to the right, y from the top edge down; a picture is 1024 units high."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]  # (n, 2)
Point = tuple[float, float]

UNITS = 1024


def spline(points: Sequence[Point], *, closed: bool = True, density: int = 24) -> Curve:
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


def path(points: Sequence[Point], count: int = 40) -> Curve:
    """An open curve through the points, (count, 2), evenly spaced along its length."""
    return resampled(spline(points, closed=False), count)


def resampled(curve: Curve, count: int) -> Curve:
    """The same open curve with `count` points at equal distances."""
    steps = np.hypot(*np.diff(curve, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    at = np.linspace(0, along[-1], count)
    return np.stack([np.interp(at, along, curve[:, k]) for k in range(2)], axis=1)


def mirrored(half: Sequence[Point]) -> list[Point]:
    """A closed symmetric outline from its right half, from top to bottom."""
    return list(half) + [(-x, y) for x, y in reversed(half) if x > 0]


def sided(points: Sequence[Point], side: int) -> list[Point]:
    """Points given for the right half of the picture, on the asked side (-1 left, 1 right)."""
    return [(x * side, y) for x, y in points]


def shifted(curve: Curve, x: float, y: float) -> Curve:
    """The curve moved to the right and down."""
    return np.asarray(curve + np.array([x, y]))


def normals(curve: Curve) -> Curve:
    """Unit vectors across the curve, (n, 2)."""
    along = np.gradient(curve, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)[:, None]
    return np.stack([-along[:, 1], along[:, 0]], axis=1)


def ribbon(line: Curve, widths: Sequence[float]) -> Curve:
    """The outline of a tapered line; widths at equal distances from its start to its end."""
    t = np.linspace(0, 1, len(line))
    half = np.interp(t, np.linspace(0, 1, len(widths)), np.array(widths) / 2)[:, None]
    across = normals(line) * half
    return np.concatenate([line + across, (line - across)[::-1]])


def ellipse(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> Curve:
    """An ellipse's outline; `turn` in degrees, clockwise."""
    t = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    angle = np.radians(turn)
    cos, sin = np.cos(angle), np.sin(angle)
    flat = np.stack([np.cos(t) * rx, np.sin(t) * ry], axis=1)
    return shifted(flat @ np.array([[cos, sin], [-sin, cos]]), x, y)
