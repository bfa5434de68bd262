"""What they wear, from the shoulders down."""

import numpy as np

from avatar_parts.grid import Colour, mix
from avatar_parts.looks import Look
from avatar_parts.relief import Relief
from avatar_parts.shapes import Curve, Point, path, ribbon, sided, spline
from avatar_parts.surface import CLOTH, Surface

WEAVE = 0.1  # units of relief
GROUND = 30.0  # height of cloth over the chest, in units


def clothes(surface: Surface, look: Look) -> None:
    """Lays the look's clothes over neck and chest."""
    wear = {"blazer": _blazer, "blouse": _blouse, "shirt": _shirt, "crew": _crew, "turtleneck": _turtleneck,
            "cardigan": _cardigan, "drape": _drape}[look.clothes]  # fmt: skip
    wear(surface, look)


def _shoulders(look: Look, opening: float, depth: float) -> Curve:
    """The upper body with a neckline: its half width and lowest point."""
    wide, span = look.shoulders, look.shoulders - opening
    right: list[Point] = [(opening - 2, 820), (opening + 16, 815), (opening + span * 0.26, 838),
        (opening + span * 0.6, 868), (wide - 34, 904)]  # fmt: skip
    right += [(wide, 962), (wide + 14, 1060), (wide + 20, 1200)]
    low: list[Point] = [
        (-opening * 0.72, 806 + (depth - 806) * 0.62),
        (0, depth),
        (opening * 0.72, 806 + (depth - 806) * 0.62),
    ]
    return spline(right + [(-x, y) for x, y in reversed(right)] + low)


def _chest(surface: Surface, look: Look) -> Relief:
    """The body below the cloth: round shoulders, and folds that hang from them."""
    grid = surface.grid
    across = np.clip(np.abs(grid.x()) / (look.shoulders + 18), 0, 0.995)
    fall = np.interp(grid.axis(), [780, 850, 930, 1030], [0, 46, 86, 100])[:, None]
    relief = Relief(grid, grid.soft((GROUND - 70 + fall * (1 - across**2.6) ** 0.5).astype(np.float32), 6))
    rng = np.random.default_rng(look.seed + 29)
    for side in (-1, 1):
        for k in range(5):
            x = look.shoulders * (0.30 + 0.15 * k) + rng.uniform(-10, 10)
            fold = path(sided([(x + 26, 880 + 9 * k), (x + 4, 950), (x - 18 - 5 * k, 1060)], side), 60)
            relief.groove(fold, rng.uniform(8, 15), rng.uniform(2.0, 4.5))
        pull = [(look.shoulders - 24, 950), (look.shoulders - 64, 986), (look.shoulders - 90, 1060)]
        relief.groove(path(sided(pull, side), 60), 12, 8)
    return relief


def _garment(surface: Surface, look: Look, opening: float, depth: float, colour: Colour) -> Relief:
    """Lays a piece with that neckline; gives the relief on which others lie."""
    relief, mask = _chest(surface, look), surface.grid.mask(_shoulders(look, opening, depth))
    relief.height += np.float32(GROUND) + WEAVE * surface.grid.noise(np.random.default_rng(look.seed), 2.4)
    on_top = relief.copy()
    relief.swell(mask, 7, 5, 1.2)
    surface.lay(mask, relief, colour, CLOTH)
    return on_top


def _panel(surface: Surface, outline: Curve, under: Relief, colour: Colour, thick: float = 9) -> None:
    """A piece that lies on top: a lapel, a collar's wing."""
    mask, relief = surface.grid.mask(outline), under.copy()
    relief.height += np.float32(thick)
    relief.swell(mask, 6, 4, 1.0)
    surface.lay(mask, relief, colour, CLOTH)


def _hem(surface: Surface, under: Relief, line: Curve, width: float, colour: Colour, *, ribbed: bool = False) -> None:
    """A band along a neckline."""
    mask, relief = surface.grid.mask(ribbon(line, (width, width))), under.copy()
    relief.height += np.float32(4)
    relief.swell(mask, width / 2, 5, 1.0)
    if ribbed:
        for k in range(2, len(line) - 2, 2):
            across = np.array([-(line[k + 1] - line[k - 1])[1], (line[k + 1] - line[k - 1])[0]])
            across *= width / 2 / np.hypot(*across)
            relief.groove(np.stack([line[k] - across, line[k] + across]), 1.5, 1.8)
    surface.lay(mask, relief, colour, CLOTH)


def _neckline(opening: float, depth: float) -> Curve:
    inner = 806 + (depth - 806) * 0.62
    return path([(-opening, 808), (-opening * 0.72, inner), (0, depth), (opening * 0.72, inner), (opening, 808)], 90)


def _blouse(surface: Surface, look: Look) -> None:
    """A round, low neckline with a narrow hem."""
    relief = _garment(surface, look, 116, 922, look.cloth)
    _hem(surface, relief, _neckline(116, 922), 11, mix(look.cloth, (255, 250, 240), 0.16))


def _crew(surface: Surface, look: Look) -> None:
    """A knitted jumper with a ribbed collar over a tee."""
    _garment(surface, look, 92, 872, look.inner)
    relief = _garment(surface, look, 104, 892, look.cloth)
    _hem(surface, relief, _neckline(104, 896), 25, mix(look.cloth, (20, 18, 24), 0.12), ribbed=True)


def _turtleneck(surface: Surface, look: Look) -> None:
    """A collar that stands round the neck and folds over."""
    _garment(surface, look, 90, 830, look.cloth)
    grid, wide = surface.grid, look.neck + 9
    outline = spline([(0, 792), (wide - 22, 780), (wide + 2, 756), (wide + 12, 770), (wide + 16, 830),
        (wide - 2, 862), (0, 884)]
                     + [(-x, y) for x, y in ((wide - 2, 862), (wide + 16, 830), (wide + 12, 770),
                         (wide + 2, 756), (wide - 22, 780))])  # fmt: skip
    mask = grid.mask(outline)
    across = np.clip(np.abs(grid.x()) / (wide + 17), 0, 0.995)
    collar = Relief(grid, (GROUND + 20 + 52 * (1 - across**2.2) ** 0.5).astype(np.float32))
    collar.swell(mask, 13, 9, 2)
    for k in np.linspace(-1, 1, 37):
        x = np.sin(k * 1.5) * wide
        collar.groove(path([(x, 772), (x * 1.04, 820), (x * 1.06, 880)], 6), 2.0, 2.0)
    surface.lay(mask, collar, look.cloth, CLOTH)


def _collar(surface: Surface, look: Look, relief: Relief) -> None:
    """A shirt's two wings."""
    for side in (-1, 1):
        wing = [(look.neck + 4, 752), (look.neck + 26, 786), (118, 872), (64, 920), (10, 880),
            (48, 842)]  # fmt: skip
        _panel(surface, np.array(sided(wing, side), dtype=np.float64), relief, look.inner, 14)


def _shirt(surface: Surface, look: Look) -> None:
    """A jumper over a shirt's collar."""
    _garment(surface, look, 84, 890, look.inner)
    relief = _garment(surface, look, 112, 956, look.cloth)
    _hem(surface, relief, _neckline(112, 958), 15, mix(look.cloth, (16, 16, 24), 0.14), ribbed=True)
    _collar(surface, look, relief)


def _lapels(surface: Surface, look: Look, relief: Relief) -> None:
    for side in (-1, 1):
        lapel: list[Point] = [(78, 800), (104, 800), (128, 846), (150, 904), (110, 926), (122, 950),
            (52, 1070), (10, 1086), (56, 940)]  # fmt: skip
        tone = mix(look.cloth, (255, 255, 255), 0.04)
        _panel(surface, np.array(sided(lapel, side), dtype=np.float64), relief, tone, 10)


def _blazer(surface: Surface, look: Look) -> None:
    """An open jacket over a light top."""
    top = _garment(surface, look, 96, 914, look.inner)
    _hem(surface, top, _neckline(96, 914), 6, look.inner)
    relief = _garment(surface, look, 94, 1100, look.cloth)
    _lapels(surface, look, relief)


def _cardigan(surface: Surface, look: Look) -> None:
    """An open knitted jacket over a blouse with a small collar."""
    _garment(surface, look, 84, 880, look.inner)
    relief = _garment(surface, look, 118, 1120, look.cloth)
    _hem(surface, relief, _neckline(118, 1120), 28, mix(look.cloth, (24, 18, 24), 0.12), ribbed=True)
    _collar(surface, look, relief)


def _drape(surface: Surface, look: Look) -> None:
    """A plain dress under a scarf."""
    _garment(surface, look, 90, 850, look.cloth)
