"""Ears, nostrils and brows: what the relief of the face alone does not say."""

import numpy as np

from avatar_parts.eyes import APART
from avatar_parts.grid import mix
from avatar_parts.head import EYES, NOSE_END, complexion
from avatar_parts.looks import Look
from avatar_parts.relief import Relief
from avatar_parts.shapes import Curve, ellipse, path, ribbon, sided, spline
from avatar_parts.strands import Strands
from avatar_parts.surface import SKIN, Surface


def ears(surface: Surface, look: Look) -> None:
    """Both ears with rim, inner fold and lobe."""
    grid = surface.grid
    skin = complexion(grid, look) * np.array([1.0, 0.90, 0.88], dtype=np.float32)
    for side in (-1, 1):
        shape = [(158, 470), (174, 452), (190, 452), (199, 474), (197, 506), (190, 540), (182, 568),
            (171, 580), (160, 572)]  # fmt: skip
        mask = grid.mask(spline(sided(shape, side)))
        relief = Relief(grid, 8)
        relief.swell(mask, 14, 22, 2)
        relief.groove(path(sided([(176, 470), (186, 468), (190, 490), (187, 520), (182, 546)], side),
            40), 3.6, 6)  # fmt: skip
        relief.groove(path(sided([(168, 494), (176, 486), (180, 506), (176, 534), (168, 544)], side),
            40), 5.0, 9)  # fmt: skip
        relief.bump(side * 166, 522, 6, 10, 9)
        surface.lay(mask, relief, skin, SKIN)
        inner = grid.mask(spline(sided([(164, 494), (178, 484), (183, 510), (176, 540),
            (164, 546)], side)), 4)  # fmt: skip
        surface.tint(inner * mask, mix(look.skin, (96, 30, 26), 0.7), 0.6)


def nostrils(surface: Surface, look: Look) -> None:
    """Two soft dark openings and the crease round the wings."""
    grid, wide, dark = surface.grid, look.nose, mix(look.skin, (44, 14, 12), 0.86)
    for side in (-1, 1):
        hole = ellipse(side * (wide * 0.46), NOSE_END + 0.5, 8.4, 3.7, side * -13)
        surface.tint(grid.mask(hole, 1.3), dark, 0.86)
        surface.tint(grid.mask(ellipse(side * wide * 0.46, NOSE_END + 2, 12, 6, side * -13), 3), dark, 0.22)
        wing = path(sided([(wide + 1, 578), (wide + 2, 585), (wide, 594), (wide - 8, 601)], side))
        surface.tint(grid.mask(ribbon(wing, (0.5, 3.2, 3.4, 1.0)), 1.6), dark, 0.34)
    surface.tint(grid.mask(ellipse(0, NOSE_END + 8, 22, 4), 3), dark, 0.18)


def brows(strands: Strands, look: Look) -> None:
    """Hairs that rise at the nose, then lie over to the temple."""
    rng = np.random.default_rng(look.seed + 17)
    colour = look.brow_colour or look.hair
    for side in (-1, 1):
        x, y, arch = side * APART, EYES - 41 - look.brow_lift, look.brow_arch
        middle = path([(x - side * 46, y + 3), (x - side * 14, y - arch * 0.7),
            (x + side * 22, y - arch), (x + side * 54, y + 8)], 60)  # fmt: skip
        wide = 10.5 * look.brow
        strands.paint(
            ribbon(middle, (wide * 0.7, wide, wide * 0.9, wide * 0.6, 1)), mix(colour, look.skin, 0.3), 0.5, 2.0
        )
        for t in np.sort(rng.uniform(0, 0.97, int(330 * look.brow))):
            deep = mix(colour, (14, 8, 8), rng.uniform(0, 0.3))
            hair = _brow_hair(rng, middle[int(t * 59)], float(t), side, wide)
            strands.hair(hair, 0.5, mix(deep, look.skin, 0.12), mix(deep, look.skin, 0.55))


def _brow_hair(rng: np.random.Generator, root: Curve, t: float, side: int, wide: float) -> Curve:
    """One hair: steep at the nose (t = 0), lying down at the temple (t = 1); `wide` is the brow's height."""
    thick = wide * np.interp(t, [0, 0.25, 0.7, 1], [0.8, 1.0, 0.75, 0.15])
    v = rng.uniform(-0.5, 0.5)
    x, y = root[0] + rng.normal(0, 0.8), root[1] + v * thick
    turn = np.interp(t, [0, 0.2, 0.5, 1], [-0.95, -0.55, -0.15, 0.42]) + v * 0.55 + rng.normal(0, 0.10)
    long = np.interp(t, [0, 0.3, 1], [7, 10, 9]) * rng.uniform(0.8, 1.15)
    across, down = side * np.cos(turn) * long, np.sin(turn) * long
    return path([(x, y), (x + across * 0.5, y + down * 0.5 - 0.6), (x + across, y + down)], 8)
