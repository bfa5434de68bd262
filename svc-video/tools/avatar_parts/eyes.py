"""Eyes: a wet ball behind two lids that have thickness, a crease, lashes and a shadow on what they cover."""

from dataclasses import dataclass

import numpy as np

from avatar_parts.grid import Colour, Field, Grid, mix
from avatar_parts.head import EYES
from avatar_parts.looks import Look
from avatar_parts.relief import Relief
from avatar_parts.shapes import Curve, ellipse, path, ribbon, shifted
from avatar_parts.strands import Strands
from avatar_parts.surface import Stuff, Surface

APART = 79.0  # units from the middle line to a pupil
HALF = 38.0  # of an eye's opening
IRIS, PUPIL = 16.4, 6.6  # radii
BALL = 46.0
WET = Stuff(0.07, 60.0, 0.4)
WHITE: Colour = (234, 226, 221)


@dataclass(frozen=True, slots=True)
class Lids:
    """One eye's edges, from the inner to the outer corner, and the crease above."""

    side: int
    upper: Curve
    lower: Curve
    crease: Curve

    def opening(self) -> Curve:
        """The outline between the lids."""
        return np.concatenate([self.upper, self.lower[::-1]])


def lids(look: Look, side: int) -> Lids:
    """Where the lids are when the eye is open."""
    x, y, tall, tilt = side * APART, EYES, look.eye * 0.95, look.eye_tilt
    inner, outer = (x - side * HALF, y + 5.0), (x + side * HALF, y + 2.5 - tilt)
    upper = [inner, (x - side * 31, y - 2.5 * tall), (x - side * 17, y - 11.5 * tall), (x + side * 1, y - 15 * tall),
             (x + side * 19, y - 11.8 * tall - tilt * 0.3), (x + side * 32, y - 4.6 * tall - tilt * 0.7),
             outer]  # fmt: skip
    lower = [inner, (x - side * 30, y + 8.5), (x - side * 14, y + 11.6), (x + side * 4, y + 12.6),
             (x + side * 22, y + 9.6 - tilt * 0.4), outer]  # fmt: skip
    up = look.crease
    crease = [(x - side * 37, y - 2 - up * 0.3), (x - side * 22, y - 9 * tall - up * 0.85),
              (x - side * 1, y - 15 * tall - up), (x + side * 22, y - 11 * tall - up),
              (x + side * 43, y - 1 - up * 0.4 - tilt)]  # fmt: skip
    return Lids(side, path(upper, 60), path(lower, 60), path(crease, 60))


def fold(relief: Relief, look: Look) -> None:
    """What the lids do to the face's relief: the crease, and the soft edge of the lower lid."""
    for side in (-1, 1):
        eye = lids(look, side)
        relief.groove(eye.crease, 4.0, 3.4)
        relief.groove(shifted(eye.crease, 0, -8), 8.0, -1.6)
        relief.groove(shifted(eye.lower, 0, 4), 3.4, -1.4)
        relief.groove(shifted(eye.lower, 0, 14), 7.0, 1.5)
        relief.bump(side * (APART - HALF - 3), EYES + 6, 5, 5, -3)


def balls(surface: Surface, look: Look) -> None:
    """Both eyeballs with iris, pupil and the lids' shadow."""
    for side in (-1, 1):
        _ball(surface, look, lids(look, side))


def _ball(surface: Surface, look: Look, eye: Lids) -> None:
    grid, x, y = surface.grid, eye.side * APART, EYES - 1.5
    opening = grid.mask(eye.opening())
    row, column = int(EYES * grid.scale), int((512 + x) * grid.scale)
    sphere = np.sqrt(np.clip(BALL**2 - (grid.x() - x) ** 2 - (grid.y() - EYES) ** 2, 1, None)) - BALL
    relief = Relief(grid, sphere.astype(np.float32) + surface.height[row, column] - 5)
    surface.tint(grid.mask(ribbon(eye.lower, (5, 6.5, 5)), 0.7), mix(look.skin, (226, 150, 140), 0.5), 0.75)
    surface.lay(opening, relief, WHITE, WET)
    corner = grid.mask(ellipse(x - eye.side * (HALF - 3), y + 8, 6, 4.5), 1.6)
    surface.tint(corner * opening, (206, 122, 112), 0.8)
    for at, wide in ((-HALF, 17), (HALF, 19)):
        surface.tint(grid.mask(ellipse(x + eye.side * at, y + 3, wide, 22), 6) * opening, (150, 112, 106), 0.55)
    _iris(surface, look, opening, (x, y))
    lid = np.concatenate([shifted(eye.upper, 0, -8), shifted(eye.upper, 0, 6.5)[::-1]])
    surface.tint(grid.mask(lid, 2.6) * opening, (38, 24, 26), 0.74)


def _iris(surface: Surface, look: Look, opening: Field, at: tuple[float, float]) -> None:
    """Rings and fibres: dark at the limbus, lighter below where the key falls through the cornea."""
    grid = surface.grid

    def disc(radius: float, blur: float, dx: float = 0, dy: float = 0) -> Field:
        return grid.mask(ellipse(at[0] + dx, at[1] + dy, radius, radius), blur) * opening

    surface.tint(disc(IRIS, 0.9), mix(look.iris, (14, 10, 14), 0.74))
    surface.tint(disc(IRIS - 2.6, 1.5), look.iris)
    _fibres(surface, look, disc(IRIS - 2.4, 1.2), at)
    glow = grid.mask(ellipse(at[0] + 4, at[1] + 7, 10, 6.5, -24), 2.6) * disc(IRIS - 3, 1.4)
    surface.tint(glow, mix(look.iris, (255, 200, 130), 0.28), 0.7)
    surface.tint(disc(PUPIL + 2.2, 1.8), mix(look.iris, (20, 12, 12), 0.6), 0.6)
    surface.tint(disc(PUPIL, 0.7), (9, 7, 9))


def _fibres(surface: Surface, look: Look, where: Field, at: tuple[float, float]) -> None:
    rng = np.random.default_rng(look.seed)
    waves = rng.uniform(0, 2 * np.pi, 5)
    angle = np.arctan2(surface.grid.y() - at[1], surface.grid.x() - at[0])
    fibres = sum(np.cos(n * angle + w) for n, w in zip((9, 17, 23, 31, 41), waves, strict=True)) / 5
    surface.tint(where * np.clip(fibres, 0, 1), mix(look.iris, (255, 226, 180), 0.22), 0.8)
    surface.tint(where * np.clip(-fibres, 0, 1), mix(look.iris, (10, 8, 10), 0.6), 0.7)


def catchlights(picture: Field, grid: Grid) -> None:
    """The key's window in both eyes, and a faint echo of the fill opposite."""
    for side in (-1, 1):
        x, y = side * APART, EYES - 1.5
        _glow(picture, grid.mask(ellipse(x - 5.6, y - 6.2, 3.9, 4.3, 20), 0.55), 0.96)
        _glow(picture, grid.mask(ellipse(x + 6.8, y + 6.4, 2.6, 1.9, -30), 1.0), 0.34)
        _glow(picture, grid.mask(ellipse(x + side * 8, EYES + 11.6, 9, 0.9), 0.8), 0.30)


def _glow(picture: Field, mask: Field, part: float) -> None:
    picture += (np.float32(252) - picture) * (mask * np.float32(part))[..., None]


def lashes(strands: Strands, look: Look) -> None:
    """The line of the upper lid, its lashes and the fine ones below."""
    rng = np.random.default_rng(look.seed + 7)
    dark = mix(look.brow_colour or look.hair, (16, 10, 12), 0.82) if look.age < 0.6 else (74, 58, 54)
    for side in (-1, 1):
        eye = lids(look, side)
        weight = 2.2 + 1.5 * look.lashes + 2.4 * look.liner
        strands.paint(
            ribbon(shifted(eye.upper, 0, -0.8), (0.8, weight * 0.8, weight, weight * 1.1, weight * 0.7)), dark, 0.92
        )
        strands.paint(ribbon(eye.crease, (0.4, 1.8, 2.4, 1.6, 0.3)), mix(look.skin, (70, 28, 24), 0.62), 0.42, 0.9)
        if look.liner:
            wing = path(
                [tuple(eye.upper[-8]), tuple(eye.upper[-1]), (side * (APART + HALF + 9), EYES - 5 - look.eye_tilt)], 20
            )
            strands.paint(ribbon(wing, (weight, weight * 0.7, 0.6)), dark, 0.9)
        _lash_row(strands, rng, eye, dark, look)
        below = eye.lower[18:]
        strands.paint(ribbon(shifted(below, 0, 0.8), (0.3, 1.6, 2.4, 2.2)), dark, 0.30 + 0.16 * look.lashes, 0.9)


def _lash_row(strands: Strands, rng: np.random.Generator, eye: Lids, dark: Colour, look: Look) -> None:
    skin, strength = look.skin, look.lashes
    for t in np.sort(rng.uniform(0.10, 0.99, 84)):
        root = eye.upper[int(t * (len(eye.upper) - 1))]
        long = (2.2 + 4.6 * t) * (0.45 + 0.55 * strength) * rng.uniform(0.75, 1.15)
        lean = eye.side * (t - 0.42) * 1.1
        hair = [tuple(root), (root[0] + lean * long * 0.5, root[1] - long * 0.38),
                (root[0] + lean * long + eye.side * 0.6, root[1] - long * 0.95)]  # fmt: skip
        strands.hair(path(hair, 7), 0.5, dark, mix(dark, skin, 0.65))
