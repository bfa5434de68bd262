"""Locks: strands that lie together, and naps: short hairs that stand on skin."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_parts.grid import Colour, Field, mix
from avatar_parts.shapes import Curve, Point, normals, path, resampled, ribbon, shifted
from avatar_parts.strands import Strands, shaded

POINTS = 49  # along a guide
SHADE: Colour = (22, 13, 14)
Direction = Callable[[NDArray[np.float64]], NDArray[np.float64]]  # points (m, 2) -> radians (m,), 0 to the right


@dataclass(frozen=True, slots=True)
class Volume:
    """The rounded mass that hair lies on: an ellipsoid down to its middle, a cylinder below."""

    x: float = 0.0
    y: float = 404.0
    radii: tuple[float, float, float] = (206.0, 224.0, 190.0)

    def at(self, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Heights (...) and facing directions (..., 3) over points (..., 2)."""
        rx, ry, rz = self.radii
        u = (points[..., 0] - self.x) / rx
        v = np.minimum(points[..., 1] - self.y, 0) / ry
        inside = 1 - u**2 - v**2
        w = np.sqrt(0.5 * (inside + np.sqrt(inside**2 + 0.06)))  # level off softly beyond the edge
        return rz * w, np.stack([u / rx, v / ry, w / rz], axis=-1) * min(self.radii)


HEAD = Volume()


@dataclass(frozen=True, slots=True)
class Manner:
    """How a head of hair behaves."""

    colour: Colour
    count: int = 90  # strands of a lock
    width: float = 0.8  # of a strand, in units
    length: float = 10.0  # of a nap's hairs, in units
    gloss: float = 1.0
    stray: float = 0.16  # how far strands leave their lock, in its widths
    spread: float = 0.13  # how much strands differ in brightness
    tip: float = 1.1  # brightness of the ends
    twist: float = 0.0  # turns of a rope-like lock
    grey: float = 0.0  # share of white hairs
    shadow: float = 0.26  # on what lies behind
    volume: Volume = HEAD


def sheet(keys: Sequence[Sequence[Point]], count: int, rng: np.random.Generator, ragged: float = 0.08) -> list[Curve]:
    """`count` guides between key curves (from the hindmost to the foremost), unevenly spaced.

    They miss up to `ragged` of their length at the end.
    """
    curves = [path(key, POINTS) for key in keys]
    places = np.linspace(0, len(curves) - 1, count) + rng.uniform(-0.5, 0.5, count) * (len(curves) - 1) / count
    guides = []
    for at in np.clip(places, 0, len(curves) - 1):
        low = min(int(at), len(curves) - 2)
        guide = curves[low] + (curves[low + 1] - curves[low]) * (at - low)
        guides.append(resampled(guide[: int(POINTS * rng.uniform(1 - ragged, 1.0))], POINTS))
    return guides


def waved(guide: Curve, rng: np.random.Generator, swing: float, turns: float, begin: float = 0.25) -> Curve:
    """The guide with waves that grow from `begin` of its length on."""
    t = np.linspace(0, 1, len(guide))
    grown = np.clip((t - begin) / (1 - begin), 0, 1) ** 0.8
    wave = np.sin(2 * np.pi * (turns * t + rng.uniform(-0.12, 0.12))) * swing * rng.uniform(0.7, 1.2) * grown
    return np.asarray(guide + normals(guide) * wave[:, None])


def lock(strands: Strands, rng: np.random.Generator, guide: Curve, widths: Sequence[float], manner: Manner) -> None:
    """One lock: its shadow, a dark ground, then strands, those at its edges first."""
    body = ribbon(guide, widths)
    strands.paint(shifted(body, 4, 7), SHADE, manner.shadow, 6)
    ground = [0.8 * wide for wide in widths]
    strands.paint(ribbon(guide[: -POINTS // 7], ground), mix(manner.colour, SHADE, 0.62), 0.92, 0.8)
    across = rng.uniform(-1, 1, manner.count)
    across = across[np.argsort(-np.abs(across))]
    t = np.linspace(0, 1, len(guide))
    half = np.interp(t, np.linspace(0, 1, len(widths)), widths) / 2
    drift = rng.normal(0, manner.stray, (manner.count, 2)) @ np.stack([1 - t, t])
    offset = (across[:, None] + drift) * half
    lines = _shortened(rng, guide + normals(guide) * offset[..., None])
    height, facing = manner.volume.at(lines)
    facing = facing + (0.75 * across[:, None] * np.ones_like(t))[..., None] * np.append(
        normals(guide), np.zeros((len(t), 1)), 1
    )
    strands.draw(rng, lines, shaded(lines, height, facing, _tones(rng, manner, across, t), manner.gloss), manner.width)


def _shortened(rng: np.random.Generator, lines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Strands that end at different lengths, so that the lock has no cut end."""
    count, points = lines.shape[:2]
    place = np.linspace(0, points - 1.001, points) * (1 - 0.12 * rng.uniform(0, 1, (count, 1)) ** 2)
    low = place.astype(int)
    row, part = np.arange(count)[:, None], (place - low)[..., None]
    return np.asarray(lines[row, low] * (1 - part) + lines[row, low + 1] * part)


def _tones(
    rng: np.random.Generator, manner: Manner, across: NDArray[np.float64], t: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Own colour of each point of each strand: deep between locks and at roots, lighter at tips."""
    count = len(across)
    value = rng.uniform(0.80, 1.16) * (1 + rng.normal(0, manner.spread, count)) * (1.08 - 0.42 * np.abs(across) ** 2)
    value = value[:, None] * np.interp(t, [0, 0.12, 0.6, 1], [0.72, 0.95, 1.0, manner.tip])
    if manner.twist:
        value *= (1 - 0.45 * across[:, None] ** 4) * (
            1 + 0.5 * np.sin(2 * np.pi * (manner.twist * t + 0.35 * across[:, None]))
        )
    colour = np.broadcast_to(np.array(manner.colour, dtype=np.float64), (count, 3)).copy()
    white = rng.uniform(0, 1, count) < manner.grey
    colour[white] = (164, 163, 162)
    return np.asarray(colour[:, None, :] * value[..., None])


def nap(strands: Strands, rng: np.random.Generator, where: Field, manner: Manner, direction: Direction) -> None:
    """Short hairs on what a mask covers, as dense as the mask says."""
    roots = scatter(rng, where, manner.count)
    turn = direction(roots) + rng.normal(0, manner.stray, len(roots))
    long = manner.length * rng.uniform(0.6, 1.2, len(roots))
    bend = rng.normal(0, 0.25, len(roots))
    steps = np.linspace(0, 1, 5)
    angle = turn[:, None] + bend[:, None] * steps
    lines = roots[:, None] + (long[:, None] * steps)[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    height, facing = manner.volume.at(lines)
    flat = rng.uniform(-0.2, 0.2, len(roots))
    strands.draw(
        rng, lines, shaded(lines, height, facing, _tones(rng, manner, flat, steps), manner.gloss), manner.width
    )


def scatter(rng: np.random.Generator, where: Field, count: int) -> NDArray[np.float64]:
    """Random points in units, the lowest first (what grows above lies over it), as dense as the mask says."""
    chance = np.clip(where.astype(np.float64), 0, 1).ravel()
    places = np.sort(rng.choice(len(chance), size=count, p=chance / chance.sum()))[::-1]
    side = where.shape[0]
    pixel = np.stack([places % side, places // side], axis=1) + rng.uniform(0, 1, (count, 2))
    return np.asarray(pixel * 1024 / side - (512, 0))
