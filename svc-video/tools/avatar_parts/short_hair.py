"""Short heads of hair: naps at the sides, locks on top."""

import numpy as np
from avatar_parts.grid import Field, Grid
from avatar_parts.locks import HEAD, SHADE, Manner, lock, nap, sheet, waved
from avatar_parts.looks import Look
from avatar_parts.shapes import Curve, Point, path, ribbon, shifted, sided, spline
from avatar_parts.strands import Strands
from numpy.typing import NDArray

HAIRLINE: list[Point] = [(0, 300), (70, 300), (122, 318), (146, 356), (152, 408), (160, 446), (166, 500), (178, 500)]


def cap(crown: float, wide: float, hairline: list[Point] = HAIRLINE) -> Curve:
    """The outline of short hair: from the hairline over the head's edge; `crown` is its top, `wide` its half width."""
    outer: list[Point] = [(wide - 4, 440), (wide, 380), (wide - 12, 300), (wide - 46, 236), (wide - 104, crown + 12), (0, crown)]
    half = hairline + outer
    return spline(half + [(-x, y) for x, y in reversed(half) if x > 0])


def _over_ears(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Away from the crown, bending down at the sides."""
    x, y = points[:, 0], points[:, 1] - 236
    return np.asarray(np.arctan2(np.abs(y) + 60, x * 0.4))


def _shaven_sides(strands: Strands, look: Look, rng: np.random.Generator, outline: Curve, count: int, length: float) -> Field:
    grid = Grid(strands.grid.side // 2)
    mask = grid.mask(outline, 2.5)
    strands.paint(outline, look.hair, 0.55, 4)
    nap(strands, rng, mask, Manner(look.hair, count=count, gloss=0.5, stray=0.13, width=0.5, volume=HEAD), _over_ears, length)
    return mask


def soft_hairline(strands: Strands, look: Look, rng: np.random.Generator, towards: Point) -> None:
    """Fine hairs that rise from the forehead's skin, combed towards a point."""
    grid = Grid(strands.grid.side // 2)
    edge = path([(-x, y) for x, y in reversed(HAIRLINE[1:-2])] + HAIRLINE[:-2], 90)
    band = grid.mask(ribbon(shifted(edge, 0, -4), (14, 20, 22, 20, 14)), 4)

    def comb(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.arctan2(towards[1] - points[:, 1], towards[0] - points[:, 0]))

    nap(strands, rng, band, Manner(look.hair, count=5000, gloss=0.4, stray=0.16, width=0.5, spread=0.2), comb, 20)


def _combed_over(strands: Strands, rng: np.random.Generator, keys: list[list[Point]], count: int, manner: Manner) -> None:
    for guide in sheet(keys, count, rng, 0.14):
        lock(strands, rng, waved(guide, rng, 4, 1.3, 0.1), (12, 30, 38, 34, 26, 10), manner)


def side(strands: Strands, look: Look, rng: np.random.Generator) -> None:
    """Short at the sides, long on top, swept over from a parting."""
    _shaven_sides(strands, look, rng, cap(190, 181), 26000, 12)
    manner = Manner(look.hair, count=120, gloss=1.0)
    keys: list[list[Point]] = [
        [(-92, 208), (-38, 180), (56, 174), (136, 220), (176, 310), (180, 376)],
        [(-110, 246), (-46, 196), (52, 188), (126, 230), (166, 306), (174, 372)],
        [(-118, 268), (-54, 214), (42, 206), (114, 244), (156, 304), (168, 362)],
        [(-122, 290), (-60, 240), (30, 228), (102, 260), (146, 308), (164, 358)],
        [(-126, 312), (-68, 270), (18, 256), (90, 280), (138, 318), (160, 362)],
        [(-126, 334), (-72, 300), (10, 288), (80, 304), (130, 334), (156, 372)],
    ]
    back: list[list[Point]] = [
        [(-84, 200), (-134, 222), (-170, 288), (-178, 372)], [(-98, 226), (-136, 250), (-160, 316), (-170, 384)],
        [(-114, 272), (-136, 290), (-152, 330), (-162, 384)],
    ]  # fmt: skip
    _combed_over(strands, rng, back, 14, manner)
    _combed_over(strands, rng, keys, 34, manner)


def crop(strands: Strands, look: Look, rng: np.random.Generator) -> None:
    """Short sides; on top choppy locks that fall forward."""
    _shaven_sides(strands, look, rng, cap(188, 181), 26000, 10)
    manner = Manner(look.hair, count=60, gloss=0.6, stray=0.3)
    for row, (begin, end, reach) in enumerate(((178, 262, 150), (190, 300, 158), (210, 330, 146), (232, 352, 128))):
        for x in np.linspace(-reach, reach, 16 - row) + rng.uniform(-7, 7, 16 - row):
            lean, drop = rng.uniform(-6, 26), rng.uniform(-16, 18) - abs(x) * 0.08
            sag = (x / 190) ** 2 * 70
            guide: list[Point] = [(x * 0.5, begin + sag * 0.3), (x * 0.86, begin + 20 + sag * 0.6), (x + lean * 0.4, (begin + end) / 2 + sag), (x + lean, end + drop + sag)]
            lock(strands, rng, path(guide, 25), (8, 24, 25, 18, 3), manner)


def silver(strands: Strands, look: Look, rng: np.random.Generator) -> None:
    """A short, full, layered cut of grey hair, swept to one side."""
    manner = Manner(look.hair, count=80, gloss=0.35, spread=0.16, grey=0.25, stray=0.25)
    for s in (1, -1):
        keys: list[list[Point]] = [
            [(60, 190), (160, 226), (210, 330), (216, 440), (204, 540), (178, 588)], [(60, 200), (146, 246), (192, 340), (200, 440), (190, 530), (166, 566)],
            [(60, 216), (126, 268), (170, 350), (182, 430), (174, 500), (158, 530)],
        ]  # fmt: skip
        for guide in sheet([sided(key, s) for key in keys], 26, rng, 0.3):
            lock(strands, rng, waved(guide, rng, 7 * s, 1.6), (14, 30, 34, 30, 22, 8), manner)
    top: list[list[Point]] = [
        [(-70, 206), (-10, 160), (90, 164), (168, 230), (206, 350)], [(-78, 224), (-20, 180), (76, 186), (146, 246), (186, 350)],
        [(-84, 240), (-34, 204), (56, 212), (122, 266), (164, 360)], [(-88, 258), (-50, 232), (30, 244), (96, 286), (146, 372)],
    ]  # fmt: skip
    for guide in sheet(top, 30, rng, 0.3):
        lock(strands, rng, waved(guide, rng, 6, 1.4, 0.1), (16, 32, 36, 30, 22, 6), manner)
    back: list[list[Point]] = [[(-66, 208), (-120, 214), (-176, 270), (-204, 370)], [(-74, 236), (-116, 246), (-158, 300), (-182, 384)],
                               [(-84, 258), (-112, 272), (-142, 320), (-162, 390)]]  # fmt: skip
    for guide in sheet(back, 22, rng, 0.3):
        lock(strands, rng, waved(guide, rng, 5, 1.2, 0.1), (14, 28, 32, 26, 6), manner)


def fade(strands: Strands, look: Look, rng: np.random.Generator) -> None:
    """Combed back from the forehead, short at the sides."""
    _shaven_sides(strands, look, rng, cap(194, 181), 26000, 7)
    manner = Manner(look.hair, count=80, gloss=0.9, stray=0.22, spread=0.16, tip=0.75)
    keys: list[list[Point]] = [
        [(80, 202), (132, 230), (156, 280), (160, 340)], [(64, 195), (110, 222), (134, 268), (140, 316)],
        [(46, 189), (82, 214), (100, 258), (108, 298)], [(26, 184), (46, 210), (58, 252), (62, 288)],
        [(0, 182), (4, 210), (8, 250), (6, 286)],
    ]  # fmt: skip
    for s in (1, -1):
        for guide in sheet([sided(key, s) for key in keys], 28, rng, 0.06):
            lock(strands, rng, waved(guide, rng, 5 * s, 1.6, 0), (18, 28, 30, 26, 14), manner)
    soft_hairline(strands, look, rng, (0, 150))
