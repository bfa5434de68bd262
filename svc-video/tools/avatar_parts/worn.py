"""Scarf, glasses and earrings: laid over the face, so that they cast their shadows on it."""

import numpy as np

from avatar_parts.grid import Colour, Grid, mix
from avatar_parts.light import Picture
from avatar_parts.locks import HEAD
from avatar_parts.looks import Look
from avatar_parts.relief import Relief
from avatar_parts.shapes import Curve, Point, ellipse, path, ribbon, sided, spline
from avatar_parts.surface import Stuff, Surface

FRAME = Stuff(0.5, 40.0)
METAL = Stuff(0.9, 24.0)
FABRIC = Stuff(0.035, 8.0)


def worn(surface: Surface, look: Look) -> None:
    """Everything the look wears on the head."""
    if look.hair_style == "scarf":
        _scarf(surface, look)
    if look.glasses:
        _glasses(surface, look, look.glasses)
    if look.earrings:
        for side in (-1, 1):
            _bead(surface, look.earrings, ellipse(side * 173, 588, 7.5, 7.5))


def _bead(surface: Surface, colour: Colour, outline: Curve) -> None:
    mask, relief = surface.grid.mask(outline), Relief(surface.grid, 40)
    relief.swell(mask, 8, 8, 0.6)
    surface.lay(mask, relief, colour, METAL)


def _lens(side: int) -> Curve:
    """A rounded, slightly dropped lens."""
    return spline(sided([(30, 462), (48, 446), (84, 441), (118, 446), (133, 462), (132, 492),
        (116, 516), (84, 523),
                         (52, 517), (34, 496)], side))  # fmt: skip


def _glasses(surface: Surface, look: Look, colour: Colour) -> None:
    """Two rims, a bridge and the temples, standing off the face."""
    grid = surface.grid
    rim = np.zeros((grid.side, grid.side), dtype=np.float32)
    for side in (-1, 1):
        lens = _lens(side)
        ring = np.concatenate([lens, lens[:2]])
        rim = np.maximum(rim, grid.mask(ribbon(ring, (6.0, 5.0, 6.0))))
        temple = path(sided([(132, 462), (152, 460), (176, 464)], side), 20)
        rim = np.maximum(rim, grid.mask(ribbon(temple, (8, 6, 5))))
        surface.tint(grid.mask(lens, 1), mix(look.skin, (150, 170, 190), 0.6), 0.03)
    rim = np.maximum(rim, grid.mask(ribbon(path([(-31, 466), (0, 456), (31, 466)], 30), (5, 5.5, 5))))
    relief = Relief(grid, 172)
    relief.height -= (np.abs(grid.x()) / 180) ** 3 * 60
    relief.swell(rim, 3, 4, 0.8)
    surface.lay(rim, relief, colour, FRAME)


def glints(picture: Picture, grid: Grid) -> None:
    """What a window leaves on the lenses."""
    for side in (-1, 1):
        middle = side * 82  # the window is to the left of both lenses' middles
        streak = grid.mask(np.array([(middle + 14, 440), (middle + 40, 440), (middle + 2, 524),
            (middle - 22, 524)]), 3)  # fmt: skip
        part = (streak * grid.mask(_lens(side), 1.2) * np.float32(0.05))[..., None]
        picture += (np.float32(255) - picture) * part


def _opening(grow: float) -> Curve:
    """Where the scarf leaves the face free; `grow` units wider."""
    half: list[Point] = [(0, 296), (66, 304), (118, 338), (146, 400), (152, 470), (150, 540),
        (134, 610), (104, 676), (58, 726), (0, 748)]  # fmt: skip
    cx, cy = 0.0, 520.0
    wider = [(x * (1 + grow / 150) + cx, cy + (y - cy) * (1 + grow / 225)) for x, y in half]
    return spline(wider + [(-x, y) for x, y in reversed(wider[1:-1])])


def _scarf(surface: Surface, look: Look) -> None:
    """A hijab: close round the face, folds that follow its edge, an end thrown over the shoulder."""
    grid, rng = surface.grid, np.random.default_rng(look.seed)
    half: list[Point] = [(0, 158), (74, 174), (146, 220), (190, 300), (208, 410), (206, 570),
        (200, 680), (222, 780), (284, 870), (330, 960), (340, 1060)]  # fmt: skip
    outer = grid.mask(spline([*half, (0, 1080)] + [(-x, y) for x, y in reversed(half) if x > 0]))
    mask = outer * (1 - grid.mask(_opening(0)))
    points = np.stack([grid.x(), grid.y()], axis=-1).astype(np.float64)
    height, _ = HEAD.at(points)
    below = np.clip((grid.y() - 640) / 160, 0, 1)
    relief = Relief(grid, grid.soft((height * (1 - below * 0.45) + 10).astype(np.float32), 5))
    for grow in (18, 44):
        ring = _opening(grow + rng.uniform(-4, 4))
        begin, long = int(rng.integers(0, 60)), len(ring) - 70
        relief.groove(np.roll(ring, -begin, axis=0)[:long], rng.uniform(7, 11), rng.uniform(2.0, 3.5))
    plain = relief.copy()
    _band(surface, look, plain)
    _drape_folds(relief, rng)
    relief.swell(mask, 8, 6, 1.2)
    surface.lay(mask, relief, look.inner, FABRIC)
    _wrap(surface, look, plain, rng)


def _band(surface: Surface, look: Look, under: Relief) -> None:
    """The cap below the scarf, seen at the forehead."""
    edge = _opening(0)
    edge = edge[(edge[:, 1] < 380)]
    edge = edge[np.argsort(edge[:, 0])]
    mask, relief = surface.grid.mask(ribbon(edge, (2, 18, 24, 18, 2))), under.copy()
    relief.height -= np.float32(6)
    surface.lay(mask, relief, mix(look.inner, (30, 14, 20), 0.45), FABRIC)


def _drape_folds(relief: Relief, rng: np.random.Generator) -> None:
    for k in range(9):
        begin = -170 + 42 * k + rng.uniform(-8, 8)
        fold = [(begin * 0.62, 762 + abs(begin) * -0.25), (begin * 0.9, 840), (begin * 1.35 + 20, 940),
            (begin * 1.7 + 30, 1050)]  # fmt: skip
        relief.groove(path(fold, 70), rng.uniform(12, 20), rng.uniform(4, 8))


def _wrap(surface: Surface, look: Look, under: Relief, rng: np.random.Generator) -> None:
    """The upper end: from the right cheek under the chin to the left shoulder."""
    grid = surface.grid
    outline = spline([(214, 470), (208, 590), (204, 690), (150, 790), (40, 868), (-110, 926),
        (-250, 1000), (-330, 1080), (-344, 960), (-280, 868),
                      (-190, 800), (-84, 778), (10, 768), (84, 734), (140, 660), (168, 580),
                          (196, 480)])  # fmt: skip
    mask, relief = grid.mask(outline), under.copy()
    relief.height += np.float32(12)
    for k in range(5):
        t = k / 4
        fold = [(160 + 36 * t, 560), (142 + 50 * t, 680 + 10 * t), (80 + 50 * t, 750 + 46 * t),
            (-60 + 30 * t, 792 + 80 * t),
                (-200 + 20 * t, 830 + 110 * t), (-300, 920 + 120 * t)]  # fmt: skip
        relief.groove(path(fold, 90), rng.uniform(9, 14), rng.uniform(4, 7))
    relief.swell(mask, 9, 7, 1.2)
    surface.lay(mask, relief, look.inner, FABRIC)
