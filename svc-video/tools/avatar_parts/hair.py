"""Heads of hair: what lies behind the neck is modelled, what lies over the face is drawn in locks."""

import numpy as np
from avatar_parts import short_hair
from avatar_parts.grid import mix
from avatar_parts.locks import Manner, Volume, lock, sheet, waved
from avatar_parts.looks import Look
from avatar_parts.relief import Relief
from avatar_parts.shapes import Curve, Point, ellipse, normals, path, ribbon, sided, spline
from avatar_parts.strands import Strands
from avatar_parts.surface import Stuff, Surface

CURTAIN = Stuff(0.03, 20.0)
SIDES = (1, -1)  # the lit side is drawn last


def behind(surface: Surface, look: Look) -> None:
    """Hair that falls behind neck and shoulders; laid before them."""
    if look.hair_style == "long":
        _curtain(surface, look, [(0, 190), (150, 220), (222, 360), (232, 560), (262, 760), (246, 900), (120, 930), (0, 930)])
    elif look.hair_style == "locs":
        _curtain(surface, look, [(0, 190), (150, 220), (218, 360), (226, 560), (238, 720), (214, 860), (120, 900), (0, 900)])
    elif look.hair_style == "scarf":
        _curtain(surface, look, [(0, 190), (120, 240), (170, 360), (180, 620), (180, 800), (0, 850)])
    elif look.hair_style == "bob":
        _curtain(surface, look, [(0, 190), (150, 220), (212, 360), (220, 520), (222, 640), (200, 706), (140, 726), (0, 728)])


def over(strands: Strands, look: Look) -> None:
    """Hair over the head's edge and the forehead."""
    draw = {"long": _long, "locs": _locs, "bob": _bob, "bun": _bun, "side": short_hair.side, "crop": short_hair.crop,
            "silver": short_hair.silver, "fade": short_hair.fade}.get(look.hair_style)  # fmt: skip
    if draw is not None:
        draw(strands, look, np.random.default_rng(look.seed))


def _curtain(surface: Surface, look: Look, half: list[Point]) -> None:
    mask = surface.grid.mask(spline(half + [(-x, y) for x, y in reversed(half) if x > 0]), 1.0)
    relief = Relief(surface.grid, -90)
    relief.swell(mask, 90, 60, 8)
    relief.height += surface.grid.noise(np.random.default_rng(look.seed), 5, stretch=40) * 2.2
    surface.lay(mask, relief, mix(look.hair, (24, 14, 14), 0.4), CURTAIN)


def _tilted(keys: list[list[Point]], side: int) -> list[list[Point]]:
    return [sided(key, side) for key in keys]


def _long(strands: Strands, look: Look, rng: np.random.Generator) -> None:
    """Parted beside the middle, falling in loose waves over both shoulders."""
    manner = Manner(look.hair, count=110, gloss=1.1)
    part = -26.0
    for side in SIDES:
        top = part * side
        keys: list[list[Point]] = [
            [(top, 182), (92, 178), (176, 236), (214, 350), (222, 490), (236, 640), (268, 770), (272, 880), (236, 968)],
            [(top, 184), (74, 188), (156, 256), (198, 370), (206, 500), (214, 640), (236, 770), (236, 880), (206, 976)],
            [(top, 214), (30, 216), (112, 280), (172, 380), (186, 500), (190, 630), (204, 750), (196, 860), (166, 962)],
            [(top, 258), (8, 258), (84, 302), (146, 384), (172, 490), (174, 610), (182, 720), (168, 830), (134, 920)],
        ]
        for guide in sheet(_tilted(keys, side), 30, rng):
            lock(strands, rng, waved(guide, rng, 9 * side, 2.1), (14, 26, 30, 30, 30, 30, 28, 18), manner)
    strands.paint(ribbon(path([(part, 178), (part + 3, 254)]), (1, 3, 2)), mix(look.hair, (20, 10, 10), 0.6), 0.7, 1.6)
    _flyaways(strands, look, rng)


def _flyaways(strands: Strands, look: Look, rng: np.random.Generator) -> None:
    """Single hairs that left the mass."""
    tone = mix(look.hair, (210, 180, 150), 0.2)
    for _ in range(8):
        side = float(rng.choice((-1, 1)))
        x, y = side * rng.uniform(204, 216), rng.uniform(280, 520)
        line = [(x, y), (x + side * rng.uniform(2, 12), y + rng.uniform(40, 90)), (x + side * rng.uniform(-6, 14), y + rng.uniform(110, 190))]
        strands.hair(path(line, 16), 0.5, look.hair, tone)


def _bob(strands: Strands, look: Look, rng: np.random.Generator) -> None:
    """A smooth bob that turns in below the jaw, with a fringe."""
    manner = Manner(look.hair, count=120, gloss=0.9, spread=0.12)
    for side in SIDES:
        keys: list[list[Point]] = [
            [(-12, 178), (90, 180), (174, 240), (208, 350), (216, 480), (222, 590), (220, 680), (182, 744)],
            [(-12, 184), (76, 194), (150, 254), (190, 360), (202, 480), (206, 590), (204, 680), (160, 738)],
            [(-10, 190), (60, 212), (130, 282), (168, 372), (182, 480), (186, 580), (182, 668), (140, 722)],
        ]
        for guide in sheet(_tilted(keys, side), 24, rng):
            lock(strands, rng, waved(guide, rng, 2.5 * side, 1.2), (22, 28, 32, 34, 34, 28, 8), manner)
    fringe: list[list[Point]] = [
        [(-40, 190), (-106, 232), (-148, 320), (-158, 432)], [(40, 190), (106, 232), (148, 320), (158, 432)],
        [(-30, 194), (-76, 236), (-104, 320), (-112, 426)], [(30, 194), (76, 236), (104, 320), (112, 426)],
        [(-14, 196), (-40, 240), (-54, 320), (-58, 420)], [(14, 196), (40, 240), (54, 320), (58, 420)],
        [(-2, 196), (-8, 240), (-10, 320), (-8, 416)],
    ]  # fmt: skip
    left, right = fringe[0:6:2] + fringe[6:], fringe[1:6:2] + fringe[6:]
    for keys in (left, right):
        for guide in sheet(keys, 20, rng, 0.05):
            lock(strands, rng, waved(guide, rng, 3, 0.8), (14, 24, 24, 22, 14), manner)


def _locs(strands: Strands, look: Look, rng: np.random.Generator) -> None:
    """Many thin locs, drawn back from the forehead and falling to the shoulders."""
    manner = Manner(look.hair, count=70, gloss=0.6, spread=0.2, stray=0.2, width=1.0, shadow=0.62, twist=15)
    for side in SIDES:
        keys: list[list[Point]] = [
            [(0, 180), (96, 178), (180, 236), (216, 350), (224, 490), (236, 620), (250, 740), (244, 850)],
            [(0, 190), (80, 194), (156, 256), (196, 370), (206, 500), (212, 620), (220, 740), (214, 880)],
            [(0, 212), (56, 214), (126, 268), (172, 372), (184, 500), (188, 620), (190, 730), (180, 870)],
            [(0, 236), (40, 236), (104, 282), (154, 370), (172, 480), (174, 600), (170, 710), (156, 840)],
        ]
        for guide in sheet(_tilted(keys, side), 13, rng, 0.16):
            _loc(strands, rng, waved(guide, rng, 7 * side, rng.uniform(1.4, 2.6)), manner)


def _loc(strands: Strands, rng: np.random.Generator, guide: Curve, manner: Manner) -> None:
    """A tube with the bulges that twisting leaves."""
    bulges = 19 + np.abs(np.sin(np.linspace(0, 34, 60) + rng.uniform(0, 6))) * 4.5
    cut = guide[: int(rng.integers(len(guide) - 5, len(guide) + 1))]
    middle = path([tuple(p) for p in cut[::4]], 90)
    lock(strands, rng, middle, [15, *bulges, 10], manner)
    for edge in (-8.5, 8.5):
        strands.paint(ribbon(middle + normals(middle) * edge, (2, 4, 4, 2)), (14, 9, 9), 0.6, 1.2)


def _bun(strands: Strands, look: Look, rng: np.random.Generator) -> None:
    """Combed up from the hairline into a bun, with loose wisps at the temples."""
    knot = Volume(0, 146, (74, 66, 60))
    manner = Manner(look.hair, count=90, gloss=1.1, volume=knot, shadow=0.3)
    for k in np.linspace(0, 1, 9):
        at = -70 + 140 * k
        turn: list[Point] = [(at * 0.9 - 10, 206), (at - 22, 150), (at * 0.5, 92 + 20 * abs(k - 0.5)), (at * 0.4 + 40, 130), (at * 0.3 + 46, 196)]
        lock(strands, rng, path(turn, 25), (12, 30, 34, 30, 10), manner)
    strands.paint(ellipse(0, 204, 74, 14), (20, 10, 10), 0.5, 8)
    combed = Manner(look.hair, count=110, gloss=0.9, tip=0.7)
    short_hair.soft_hairline(strands, look, rng, (0, 150))
    for side in SIDES:
        keys: list[list[Point]] = [
            [(180, 520), (197, 440), (192, 340), (156, 250), (60, 196)], [(168, 436), (184, 376), (168, 300), (126, 232), (46, 194)],
            [(150, 366), (152, 316), (130, 264), (92, 220), (34, 194)], [(98, 308), (98, 274), (82, 240), (56, 212), (18, 194)],
            [(0, 290), (4, 264), (4, 236), (2, 212), (0, 194)],
        ]  # fmt: skip
        for guide in sheet(_tilted([key[::-1] for key in keys], side), 34, rng, 0.07):
            lock(strands, rng, waved(guide, rng, 3, 1.0), (14, 26, 28, 24, 12), combed)
    short_hair.soft_hairline(strands, look, rng, (0, 150))
    for side in SIDES:
        for _ in range(3):
            x, long = rng.uniform(150, 164), rng.uniform(120, 220)
            wisp: list[Point] = [(x, 370), (x + 12, 370 + long * 0.4), (x + rng.uniform(-4, 16), 370 + long)]
            strands.hair(path(sided(wisp, side), 24), 0.6, look.hair, mix(look.hair, look.skin, 0.3))
