"""Heads of hair: what lies behind the neck is modelled, what lies over the face is drawn in locks.

Key curves stand for the right half of the head and run from roots to tips, the hindmost first.
"""

import numpy as np

from avatar_parts import short_hair
from avatar_parts.grid import Colour, mix
from avatar_parts.locks import SHADE, Manner, Volume, lock, sheet, waved
from avatar_parts.looks import Look
from avatar_parts.relief import Relief
from avatar_parts.shapes import Curve, Point, ellipse, normals, path, ribbon, sided, spline
from avatar_parts.short_hair import Keys
from avatar_parts.strands import Strands
from avatar_parts.surface import Stuff, Surface

CURTAIN = Stuff(0.03, 20.0)
SIDES = (1, -1)  # the lit side is drawn last
CURTAINS: dict[str, list[Point]] = {  # right halves of what falls behind the neck
    "long": [(0, 190), (150, 220), (222, 360), (232, 560), (262, 760), (246, 900), (120, 930), (0, 930)],
    "locs": [(0, 190), (150, 220), (218, 360), (226, 560), (238, 720), (214, 860), (120, 900), (0, 900)],
    "bob": [(0, 190), (150, 220), (212, 360), (220, 520), (222, 640), (200, 706), (140, 726), (0, 728)],
    "scarf": [(0, 190), (120, 240), (170, 360), (180, 620), (180, 800), (0, 850)],
}
BOB: Keys = [
    [(-12, 178), (90, 180), (174, 240), (208, 350), (216, 480), (222, 590), (220, 680), (182, 744)],
    [(-12, 184), (76, 194), (150, 254), (190, 360), (202, 480), (206, 590), (204, 680), (160, 738)],
    [(-10, 190), (60, 212), (130, 282), (168, 372), (182, 480), (186, 580), (182, 668), (140, 722)],
]
FRINGE: Keys = [
    [(40, 190), (106, 232), (148, 320), (158, 432)],
    [(30, 194), (76, 236), (104, 320), (112, 426)],
    [(14, 196), (40, 240), (54, 320), (58, 420)],
    [(2, 196), (-2, 240), (-2, 320), (-6, 416)],
]
LOCS: Keys = [
    [(0, 180), (96, 178), (180, 236), (216, 350), (224, 490), (236, 620), (250, 740), (244, 850)],
    [(0, 190), (80, 194), (156, 256), (196, 370), (206, 500), (212, 620), (220, 740), (214, 880)],
    [(0, 212), (56, 214), (126, 268), (172, 372), (184, 500), (188, 620), (190, 730), (180, 870)],
    [(0, 236), (40, 236), (104, 282), (154, 370), (172, 480), (174, 600), (170, 710), (156, 840)],
]
UPDO: Keys = [  # from the bun down to the hairline
    [(60, 196), (156, 250), (192, 340), (197, 440), (180, 520)],
    [(46, 194), (126, 232), (168, 300), (184, 376), (168, 436)],
    [(34, 194), (92, 220), (130, 264), (152, 316), (150, 366)],
    [(18, 194), (56, 212), (82, 240), (98, 274), (98, 308)],
    [(0, 194), (2, 212), (4, 236), (4, 264), (0, 290)],
]


def behind(surface: Surface, look: Look) -> None:
    """Hair (or the back of a scarf) that falls behind neck and shoulders; laid before them."""
    half = CURTAINS.get(look.hair_style)
    if half is None:
        return
    colour: Colour = look.inner if look.hair_style == "scarf" else look.hair
    mask = surface.grid.mask(spline(half + [(-x, y) for x, y in reversed(half) if x > 0]), 1.0)
    relief = Relief(surface.grid, -90)
    relief.swell(mask, 90, 60, 8)
    relief.height += surface.grid.noise(np.random.default_rng(look.seed), 5, stretch=40) * 2.2
    surface.lay(mask, relief, mix(colour, SHADE, 0.4), CURTAIN)


def over(strands: Strands, look: Look) -> None:
    """Hair over the head's edge and the forehead."""
    styles = {"long": _long, "locs": _locs, "bob": _bob, "bun": _bun, "side": short_hair.side,
              "crop": short_hair.crop, "silver": short_hair.silver, "fade": short_hair.fade}  # fmt: skip
    draw = styles.get(look.hair_style)
    if draw is not None:
        draw(strands, look, np.random.default_rng(look.seed))


def _mirrored(keys: Keys, side: int) -> Keys:
    return [sided(key, side) for key in keys]


def _parted(top: float) -> Keys:
    """Long hair of the right half, from a parting `top` units to the right of the middle."""
    return [
        [(top, 182), (92, 178), (176, 236), (214, 350), (222, 490), (236, 640), (268, 770), (272, 880), (236, 968)],
        [(top, 184), (74, 188), (156, 256), (198, 370), (206, 500), (214, 640), (236, 770), (236, 880), (206, 976)],
        [(top, 214), (30, 216), (112, 280), (172, 380), (186, 500), (190, 630), (204, 750), (196, 860), (166, 962)],
        [(top, 258), (8, 258), (84, 302), (146, 384), (172, 490), (174, 610), (182, 720), (168, 830), (134, 920)],
    ]


def _long(strands: Strands, look: Look, rng: np.random.Generator) -> None:
    """Parted beside the middle, falling in loose waves over both shoulders."""
    manner, part = Manner(look.hair, count=110, gloss=1.1), -26.0
    for side in SIDES:
        for guide in sheet(_mirrored(_parted(part * side), side), 30, rng):
            lock(strands, rng, waved(guide, rng, 9 * side, 2.1), (14, 26, 30, 30, 30, 30, 28, 18), manner)
    line = ribbon(path([(part, 178), (part + 3, 254)]), (1, 3, 2))
    strands.paint(line, mix(look.hair, SHADE, 0.6), 0.7, 1.6)


def _bob(strands: Strands, look: Look, rng: np.random.Generator) -> None:
    """A smooth bob that turns in below the jaw, with a fringe."""
    manner = Manner(look.hair, count=120, gloss=0.9, spread=0.12)
    for side in SIDES:
        for guide in sheet(_mirrored(BOB, side), 24, rng):
            lock(strands, rng, waved(guide, rng, 2.5 * side, 1.2), (22, 28, 32, 34, 34, 28, 8), manner)
    for side in SIDES:
        for guide in sheet(_mirrored(FRINGE, side), 20, rng, 0.05):
            lock(strands, rng, waved(guide, rng, 3, 0.8), (14, 24, 24, 22, 14), manner)


def _locs(strands: Strands, look: Look, rng: np.random.Generator) -> None:
    """Locs, parted in the middle and falling to the shoulders."""
    manner = Manner(look.hair, count=70, gloss=0.6, spread=0.2, stray=0.2, width=1.0, shadow=0.7, twist=17)
    for side in SIDES:
        for count in (12, 9):  # a full head, then single ones that lie on it
            for guide in sheet(_mirrored(LOCS, side), count, rng, 0.16):
                _loc(strands, rng, waved(guide, rng, 7 * side, rng.uniform(1.4, 2.6)), manner)


def _loc(strands: Strands, rng: np.random.Generator, guide: Curve, manner: Manner) -> None:
    """A tube with the bulges that twisting leaves, dark along both edges."""
    middle = path([tuple(p) for p in guide[::4]], 90)
    bulges = 13 + np.abs(np.sin(np.linspace(0, 34, 60) + rng.uniform(0, 6))) * 4
    lock(strands, rng, middle, [11, *bulges, 8], manner)
    for edge in (-6.5, 6.5):
        strands.paint(ribbon(middle + normals(middle) * edge, (2, 4, 4, 2)), SHADE, 0.75, 1.0)


def _bun(strands: Strands, look: Look, rng: np.random.Generator) -> None:
    """Combed up from the hairline into a bun, with loose wisps at the temples."""
    _knot(strands, look, rng)
    combed = Manner(look.hair, count=110, gloss=0.9, tip=0.7)
    for side in SIDES:
        for guide in sheet(_mirrored(UPDO, side), 34, rng, 0.07):
            lock(strands, rng, waved(guide, rng, 3, 1.0), (14, 26, 28, 24, 12), combed)
    short_hair.soft_hairline(strands, look, rng, (0, 150))
    for side in SIDES * 3:
        x, long = rng.uniform(150, 164), rng.uniform(120, 220)
        wisp = path(sided([(x, 370), (x + 12, 370 + long * 0.4), (x + rng.uniform(-4, 16), 370 + long)], side), 24)
        strands.hair(wisp, 0.6, look.hair, mix(look.hair, look.skin, 0.3))


def _knot(strands: Strands, look: Look, rng: np.random.Generator) -> None:
    manner = Manner(look.hair, count=90, gloss=1.1, volume=Volume(0, 146, (74, 66, 60)), shadow=0.3)
    for k in np.linspace(0, 1, 9):
        at = -70 + 140 * k
        turn = [(at * 0.9 - 10, 206), (at - 22, 150), (at * 0.5, 92 + 20 * abs(k - 0.5)), (at * 0.4 + 40, 130)]
        lock(strands, rng, path([*turn, (at * 0.3 + 46, 196)], 25), (12, 30, 34, 30, 10), manner)
    strands.paint(ellipse(0, 204, 74, 14), SHADE, 0.5, 8)
