"""Short heads of hair: naps at the sides, locks on top."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avatar_parts.grid import mix
from avatar_parts.locks import SHADE, Manner, lock, nap, sheet, waved
from avatar_parts.looks import Look
from avatar_parts.shapes import Curve, Point, path, ribbon, shifted, sided, spline
from avatar_parts.strands import Strands

SIDES = 26_000  # hairs
TEMPLES: list[Point] = [(122, 318), (146, 356), (152, 408), (160, 446)]
HAIRLINE: list[Point] = [(0, 300), (70, 300), *TEMPLES, (166, 500), (178, 500)]
Keys = list[list[Point]]


def cap(crown: float, wide: float) -> Curve:
    """The outline of short hair: from the hairline over the head's edge; `crown` is its top, `wide` its half width."""
    edge: list[Point] = [(wide - 4, 440), (wide, 380), (wide - 12, 300), (wide - 46, 236), (wide - 104, crown + 12)]
    half = [*HAIRLINE, *edge, (0, crown)]
    return spline(half + [(-x, y) for x, y in reversed(half) if x > 0])


def _over_ears(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Away from the crown, bending down at the sides."""
    x, y = points[:, 0], points[:, 1] - 236
    return np.asarray(np.arctan2(np.abs(y) + 60, x * 0.4))


def _sides(strands: Strands, look: Look, rng: np.random.Generator, outline: Curve, length: float) -> None:
    """Hair of one short length all over the outline."""
    strands.paint(outline, look.hair, 0.55, 4)
    manner = Manner(look.hair, count=SIDES, gloss=0.5, stray=0.13, width=0.5, length=length)
    nap(strands, rng, strands.under.mask(outline, 2.5), manner, _over_ears)


def soft_hairline(strands: Strands, look: Look, rng: np.random.Generator, towards: Point) -> None:
    """Fine hairs that rise from the forehead's skin, combed towards a point."""
    right = [(70, 300), *TEMPLES[:3]]
    edge = path([(-x, y) for x, y in reversed(right)] + [(0, 300), *right], 90)
    band = strands.under.mask(ribbon(shifted(edge, 0, -4), (4, 15, 18, 15, 4)), 4)

    def comb(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.arctan2(towards[1] - points[:, 1], towards[0] - points[:, 0]))

    manner = Manner(mix(look.hair, SHADE, 0.28), count=2600, gloss=0.3, stray=0.16, width=0.5, spread=0.2, length=20)
    nap(strands, rng, band, manner, comb)


def _combed(strands: Strands, rng: np.random.Generator, guides: list[Curve], manner: Manner, end: float) -> None:
    """Locks along guides, `end` units wide at their tips."""
    widths: Sequence[float] = (14, 30, 36, 33, 25, end)
    for guide in guides:
        lock(strands, rng, waved(guide, rng, 5, 1.4, 0.1), widths, manner)


def side(strands: Strands, look: Look, rng: np.random.Generator) -> None:
    """Short at the sides, long on top, swept over from a parting."""
    _sides(strands, look, rng, cap(190, 181), 12)
    manner = Manner(look.hair, count=120, gloss=1.0)
    beside: Keys = [
        [(-58, 186), (-126, 212), (-170, 284), (-179, 372)],
        [(-78, 212), (-134, 244), (-164, 316), (-172, 384)],
        [(-104, 262), (-138, 286), (-156, 330), (-164, 388)],
    ]
    over: Keys = [
        [(-90, 204), (-38, 180), (56, 174), (136, 220), (176, 310), (180, 376)],
        [(-106, 240), (-46, 196), (52, 188), (126, 230), (166, 306), (174, 372)],
        [(-116, 268), (-54, 214), (42, 206), (114, 244), (156, 304), (168, 362)],
        [(-122, 290), (-60, 240), (30, 228), (102, 260), (146, 308), (164, 358)],
        [(-126, 312), (-68, 270), (18, 256), (90, 280), (138, 318), (160, 362)],
        [(-126, 334), (-72, 300), (10, 288), (80, 304), (130, 334), (156, 372)],
    ]
    _combed(strands, rng, sheet(beside, 22, rng, 0.14), manner, 12)
    _combed(strands, rng, sheet(over, 34, rng, 0.14), manner, 10)


def crop(strands: Strands, look: Look, rng: np.random.Generator) -> None:
    """Short sides; on top choppy locks that fall forward, row over row."""
    _sides(strands, look, rng, cap(188, 181), 10)
    manner = Manner(look.hair, count=60, gloss=0.6, stray=0.3)
    for row, (begin, end, reach) in enumerate(((178, 262, 150), (190, 300, 158), (210, 330, 146), (232, 352, 128))):
        for x in np.linspace(-reach, reach, 16 - row) + rng.uniform(-7, 7, 16 - row):
            lean, drop = rng.uniform(-6, 26), rng.uniform(-16, 18) - abs(x) * 0.08
            sag = (x / 190) ** 2 * 70
            root, tip = (x * 0.5, begin + sag * 0.3), (x + lean, end + drop + sag)
            bent = [(x * 0.86, begin + 20 + sag * 0.6), (x + lean * 0.4, (begin + end) / 2 + sag)]
            lock(strands, rng, path([root, *bent, tip], 25), (8, 24, 25, 18, 3), manner)


def silver(strands: Strands, look: Look, rng: np.random.Generator) -> None:
    """A short, full, layered cut of grey hair, swept to one side."""
    manner = Manner(look.hair, count=80, gloss=0.35, spread=0.16, grey=0.25, stray=0.25)
    sides: Keys = [
        [(60, 190), (160, 226), (208, 330), (212, 440), (200, 530), (178, 580)],
        [(60, 200), (146, 246), (192, 340), (200, 440), (190, 526), (166, 562)],
        [(60, 216), (126, 268), (170, 350), (182, 430), (174, 500), (158, 530)],
    ]
    back: Keys = [
        [(-66, 200), (-120, 210), (-176, 270), (-204, 370)],
        [(-74, 228), (-116, 242), (-158, 300), (-182, 384)],
        [(-84, 254), (-112, 270), (-142, 320), (-162, 390)],
    ]
    top: Keys = [
        [(-66, 200), (-10, 168), (90, 168), (168, 230), (206, 350)],
        [(-76, 222), (-20, 184), (76, 186), (146, 246), (186, 350)],
        [(-84, 244), (-34, 206), (56, 212), (122, 266), (164, 360)],
        [(-88, 262), (-50, 234), (30, 246), (96, 288), (146, 372)],
    ]
    for s in (1, -1):
        _combed(strands, rng, sheet([sided(key, s) for key in sides], 26, rng, 0.3), manner, 7)
    _combed(strands, rng, sheet(back, 24, rng, 0.3), manner, 6)
    _combed(strands, rng, sheet(top, 32, rng, 0.3), manner, 6)


def fade(strands: Strands, look: Look, rng: np.random.Generator) -> None:
    """Combed back from the forehead, short at the sides."""
    _sides(strands, look, rng, cap(194, 181), 7)
    manner = Manner(look.hair, count=80, gloss=0.9, stray=0.22, spread=0.16, tip=0.75)
    keys: Keys = [
        [(80, 206), (128, 232), (152, 280), (158, 340)],
        [(64, 196), (108, 222), (132, 268), (140, 316)],
        [(46, 189), (80, 214), (100, 258), (108, 298)],
        [(26, 184), (46, 210), (58, 252), (62, 288)],
        [(0, 182), (4, 210), (8, 250), (6, 286)],
    ]
    for s in (1, -1):
        for guide in sheet([sided(key, s) for key in keys], 28, rng, 0.06):
            lock(strands, rng, waved(guide, rng, 5 * s, 1.6, 0), (18, 28, 30, 26, 14), manner)
    soft_hairline(strands, look, rng, (0, 150))
