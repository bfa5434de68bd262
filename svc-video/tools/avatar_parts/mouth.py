"""The mouth: two lips of different planes and the line where they meet."""

import numpy as np

from avatar_parts.grid import mix
from avatar_parts.head import MOUTH
from avatar_parts.looks import Look
from avatar_parts.relief import Relief
from avatar_parts.shapes import Curve, mirrored, path, ribbon, shifted, sided, spline
from avatar_parts.surface import Stuff, Surface

LIPS = Stuff(0.20, 26.0, 0.8)


def line(look: Look) -> Curve:
    """Where the lips meet, from the left corner to the right one, slightly smiling."""
    w, up = look.mouth, look.smile
    half: list[tuple[float, float]] = [(0, MOUTH + 2.2), (w * 0.24, MOUTH + 0.4), (w * 0.52, MOUTH + 0.8)]
    half += [(w * 0.8, MOUTH - up * 0.4), (w, MOUTH - up)]
    return path([(-x, y) for x, y in reversed(half[1:])] + half, 90)


def upper(look: Look) -> Curve:
    """The upper lip's edge with its bow."""
    w, full, up = look.mouth, look.fullness, look.smile
    half: list[tuple[float, float]] = [(0, MOUTH - 11.5 * full), (w * 0.19, MOUTH - 15.5 * full)]
    half += [(w * 0.5, MOUTH - 11 * full - up * 0.2), (w * 0.8, MOUTH - 4.6 * full - up * 0.7), (w, MOUTH - up)]
    return path([(-x, y) for x, y in reversed(half[1:])] + half, 90)


def lower(look: Look) -> Curve:
    """The lower lip's edge."""
    w, full, up = look.mouth, look.fullness, look.smile
    half: list[tuple[float, float]] = [(0, MOUTH + 23 * full), (w * 0.3, MOUTH + 21.5 * full)]
    half += [(w * 0.62, MOUTH + 14 * full), (w * 0.86, MOUTH + 4.5 * full - up * 0.5), (w, MOUTH - up)]
    return path([(-x, y) for x, y in reversed(half[1:])] + half, 90)


def lips(surface: Surface, face: Relief, look: Look) -> None:
    """Lays the lips on the face's relief."""
    grid, meet = surface.grid, line(look)
    top = np.concatenate([upper(look), meet[::-1]])
    bottom = np.concatenate([meet, lower(look)[::-1]])
    relief = face.copy()
    relief.swell(grid.mask(top), 12, 4.5, 1.6)
    relief.swell(grid.mask(bottom), 17 * look.fullness, 7.5, 1.8)
    relief.height += _creases(surface, look)
    relief.groove(meet, 3.0, 4.6)
    both = grid.mask(np.concatenate([upper(look), lower(look)[::-1]]), 1.1)
    surface.lay(both, relief, look.lips, LIPS)
    surface.tint(grid.mask(top, 1.2), mix(look.lips, (70, 20, 30), 0.36), 0.85)
    rim = mix(look.lips, look.skin, 0.5)
    surface.tint(grid.mask(ribbon(lower(look), (0.5, 3, 4, 3, 0.5)), 1.4), rim, 0.55)
    surface.tint(grid.mask(ribbon(shifted(meet, 0, 0.6), (4, 5, 6, 5, 4)), 2.0), mix(look.lips, (50, 14, 20), 0.6), 0.6)
    surface.tint(grid.mask(ribbon(meet, (1.6, 2.3, 2.6, 2.3, 1.6)), 0.55), mix(look.lips, (24, 6, 10), 0.86), 0.95)
    surface.matte(grid.mask(ribbon(meet, (8, 9, 10, 9, 8)), 1.2))
    for side in (-1, 1):
        x, y = look.mouth, MOUTH - look.smile
        corner = spline(sided([(x - 4, y - 2), (x + 6, y + 1), (x - 3, y + 4)], side))
        surface.tint(grid.mask(corner, 2.2), mix(look.skin, (60, 20, 20), 0.7), 0.6)


def _creases(surface: Surface, look: Look) -> np.ndarray:
    """Fine upright lines, deeper with the years."""
    rng = np.random.default_rng(look.seed + 3)
    streaks = surface.grid.noise(rng, 3.4, stretch=7.0)
    return np.asarray(streaks * np.float32(0.22 + 0.2 * look.age))


def inside(look: Look) -> Curve:
    """The outline of both lips, where no beard grows."""
    return spline(
        mirrored(
            [(0, MOUTH - 14 * look.fullness), (look.mouth + 3, MOUTH - look.smile), (0, MOUTH + 25 * look.fullness)]
        )
    )
