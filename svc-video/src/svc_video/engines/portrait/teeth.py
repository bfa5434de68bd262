"""Paints what is inside a mouth: cavity, tongue, two rows of teeth.

All painters take grids in mouth units: `across` is -1..1 from corner to corner, `down` is mouth widths below the line
of the closed lips. They give colours (H, W, 3) as floats and, except the cavity, a mask (H, W) of where the thing is.
Proportions of the teeth are those of dental textbooks: a central incisor is 8.5 mm wide in a mouth of 50 to 60 mm.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svc_video.engines.portrait.light import Light

Grid = NDArray[np.float64]

ENAMEL = np.array([0.985, 0.945, 0.87])  # of white: teeth are a little yellow
NECK = np.array([0.97, 0.9, 0.8])
EDGE_TINT = np.array([0.86, 0.9, 0.94])  # the edge lets the dark behind it through
CORRIDOR = 0.7  # how dark the row gets towards the corners
SIDE_LIGHT = 0.16
UPPER_EDGE = 0.078  # how far the upper teeth reach below the lips' line, in mouth widths
LOWER_EDGE = 0.1
TONGUE_TOP = 0.035
TIP_TOP = 0.06  # of the raised tip: behind the upper teeth's edge


@dataclass(frozen=True, slots=True)
class Row:
    """Teeth from the middle outwards: widths in half mouth widths, the rest in mouth widths."""

    widths: tuple[float, ...]
    lengths: tuple[float, ...]  # how far beyond the first one's edge
    points: tuple[float, ...]  # how far the middle of the edge goes beyond its ends
    corners: float  # rounding towards the neighbours
    uneven: tuple[float, ...]  # what the right half's edges differ from the left's


UPPER = Row(
    widths=(0.265, 0.2, 0.19, 0.14, 0.1, 0.08),
    lengths=(0.0, -0.016, -0.004, -0.02, -0.03, -0.04),
    points=(0.002, 0.003, 0.016, 0.012, 0.01, 0.01),
    corners=0.018,
    uneven=(-0.003, 0.004, -0.003, 0.002, 0.0, 0.0),
)
LOWER = Row(
    widths=(0.14, 0.15, 0.17, 0.15, 0.12, 0.1),
    lengths=(0.0, -0.002, 0.006, -0.004, -0.01, -0.02),
    points=(0.0, 0.001, 0.012, 0.01, 0.008, 0.008),
    corners=0.01,
    uneven=(0.004, -0.005, 0.003, 0.002, 0.0, 0.0),
)


def cavity(across: Grid, down: Grid, light: Light) -> Grid:
    """The dark behind everything: darkest in the middle, a trace of flesh at the sides."""
    depth = np.exp(-((across / 0.85) ** 2) - ((down - 0.12) / 0.25) ** 2)
    wall = 0.6 * light.dark + 0.17 * light.flesh
    return np.asarray(wall * (1 - 0.55 * depth[..., None]))


def tongue(across: Grid, down: Grid, light: Light) -> tuple[Grid, Grid]:
    """A mound that lies on the jaw, moist on its shoulders."""
    height = down - (TONGUE_TOP + 0.16 * across**2 + 0.008 * np.exp(-((across / 0.1) ** 2)))
    rise = np.clip(height / 0.16, 0, 1)
    lit = 0.6 + 0.4 * rise - 0.07 * np.exp(-((across / 0.07) ** 2)) * rise - 0.25 * across**2
    moist = 0.1 * np.exp(-(((np.abs(across) - 0.22) / 0.12) ** 2) - ((height - 0.1) / 0.03) ** 2)
    colour = light.flesh * (lit * _sided(across, light))[..., None] + light.white * moist[..., None]
    return colour, _edge(height, 0.03) * _edge(0.74 - np.abs(across), 0.12)


def tip(across: Grid, down: Grid, light: Light) -> tuple[Grid, Grid]:
    """The tongue's tip as it stands behind the upper teeth in /t d n l th/."""
    height = down - (TIP_TOP + 0.13 * (across / 0.42) ** 2)
    lit = 0.86 - 0.34 * np.clip((height - 0.02) / 0.14, 0, 1) - 0.15 * (across / 0.42) ** 2
    lit -= 0.05 * np.exp(-((across / 0.05) ** 2)) * _edge(height - 0.02, 0.03)
    moist = 0.12 * np.exp(-((across / 0.2) ** 2) - ((height - 0.03) / 0.014) ** 2)
    colour = light.flesh * (lit * _sided(across, light))[..., None] + light.white * moist[..., None]
    return colour, _edge(height, 0.015) * _edge(0.5 - np.abs(across), 0.08)


def upper_teeth(across: Grid, down: Grid, light: Light) -> tuple[Grid, Grid]:
    """Their edge follows the smile's arch, their necks are hidden by the lip."""
    reach, part, near = _edge_of(UPPER, across)
    above = UPPER_EDGE + reach - 0.028 * across**2 - down  # the edge's height over the pixel
    colour = _enamel(across, part, near, light)
    thin = np.exp(-np.clip(above, 0, 1) / 0.013)[..., None]
    colour *= 1 - thin * (1 - EDGE_TINT)
    neck = _edge(-0.02 - down, 0.1)[..., None]
    colour *= 1 - neck * (1 - NECK)
    gleam = np.exp(-(((part - 0.5) / 0.22) ** 2) - ((above - 0.05) / 0.022) ** 2) * (1 - np.abs(across)) ** 2
    colour += light.white * (0.1 * gleam)[..., None]
    gum = _edge(-0.125 + 0.03 * near**4 - down, 0.015)[..., None]
    colour = colour * (1 - gum) + light.flesh * 0.85 * gum
    return colour, _edge(above, 0.012) * _edge(0.95 - np.abs(across), 0.08)


def lower_teeth(across: Grid, down: Grid, light: Light) -> tuple[Grid, Grid]:
    """Smaller and darker than the upper ones: they stand further back, in the lip's shadow."""
    reach, part, near = _edge_of(LOWER, across)
    below = down - (LOWER_EDGE + 0.05 * across**2 - reach)
    colour = _enamel(across, part, near, light) * (0.86 - 0.1 * np.clip(below / 0.1, 0, 1))[..., None]
    gum = _edge(below - 0.11 + 0.02 * near**4, 0.015)[..., None]
    colour = colour * (1 - gum) + light.flesh * 0.7 * gum
    return colour, _edge(below, 0.012) * _edge(0.76 - np.abs(across), 0.08)


def _edge_of(row: Row, across: Grid) -> tuple[Grid, Grid, Grid]:
    """How far the row's edge reaches at each pixel; where in its tooth that is, 0..1; how near to a neighbour, 0..1."""
    ends = np.concatenate([[0.0], np.cumsum(row.widths)])
    place = np.abs(across)
    index = np.clip(np.searchsorted(ends, place) - 1, 0, len(row.widths) - 1)
    part = np.clip((place - ends[index]) / np.array(row.widths)[index], 0, 1)
    near = np.abs(2 * part - 1)
    reach = np.array(row.lengths)[index] + np.array(row.points)[index] * (1 - near)
    reach = reach + np.where(across > 0, np.array(row.uneven)[index], 0) - row.corners * near**7
    return reach, part, near


def _enamel(across: Grid, part: Grid, near: Grid, light: Light) -> Grid:
    """Colours of a row of teeth: each is round, darker between the teeth and towards the cheeks."""
    round_part = 1 - 0.07 * (2 * part - 1.0) ** 2
    groove = 1 - 0.3 * np.clip((near - 0.86) / 0.14, 0, 1) ** 2
    corridor = np.clip(1 - CORRIDOR * np.abs(across) ** 2.6, 0.08, 1)
    return np.asarray(light.white * ENAMEL * (round_part * groove * corridor * _sided(across, light))[..., None])


def _sided(across: Grid, light: Light) -> Grid:
    return np.asarray(1 + SIDE_LIGHT * light.side * across)


def _edge(distance: Grid, softness: float) -> Grid:
    """0 for negative distances, 1 beyond the softness."""
    t = np.clip(distance / softness, 0, 1)
    return np.asarray(t * t * (3 - 2 * t))
