"""Beards and stubble: naps on the lower face that leave the lips free."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from avatar_parts.grid import Field, mix
from avatar_parts.head import CHIN, MOUTH, outline
from avatar_parts.locks import Manner, Volume, nap
from avatar_parts.looks import Look
from avatar_parts.mouth import inside
from avatar_parts.shapes import Curve, Point, ellipse, mirrored, spline
from avatar_parts.strands import Strands

STUBBLE = 26_000  # hairs at the densest
CHEEKS = Volume(0, 560, (190, 200, 150))


def beard(strands: Strands, look: Look) -> None:
    """What the look wears: stubble below a length of 1, else a beard of that length in units."""
    if look.beard <= 0:
        return
    rng, grid = np.random.default_rng(look.seed + 41), strands.under
    full = look.beard >= 1
    colour = look.beard_colour or look.hair
    lips = grid.mask(inside(look), 1.0)
    bare = grid.mask(ellipse(0, MOUTH + 31, 13, 7), 5) * 0.7 + grid.mask(ellipse(0, MOUTH - 28, 5, 14), 4) * 0.6
    where = grid.mask(_outline(look, 16 if full else 0), 5 if full else 12) * (1 - lips) * np.clip(1 - bare, 0, 1)
    if not full:
        _stubble(strands, rng, look, where)
        return
    strands.tint(where, mix(colour, (20, 12, 12), 0.35), 0.72)
    manner = Manner(colour, count=15000, width=0.7, length=look.beard, gloss=0.7, stray=0.26, spread=0.24,
                    volume=CHEEKS, grey=0.015)  # fmt: skip
    lip = grid.mask(spline(mirrored([(0, MOUTH - 40), (70, MOUTH - 24), (70, MOUTH), (0, MOUTH)])), 4)
    nap(strands, rng, where * (1 - lip), manner, _down)
    nap(strands, rng, where * lip, replace(manner, count=2600, length=9.0), _down)


def _stubble(strands: Strands, rng: np.random.Generator, look: Look, where: Field) -> None:
    grid = strands.under
    where = where * grid.mask(outline(look), 2) ** 3 * (1 - grid.mask(ellipse(0, MOUTH - 70, 120, 46), 14))
    colour, count = mix(look.hair, look.skin, 0.48), int(STUBBLE * look.beard)
    nap(strands, rng, where, Manner(colour, count=count, width=0.4, length=2.4, gloss=0.2, stray=0.4), _down)


def _outline(look: Look, below: float) -> Curve:
    """From the sideburns along cheeks and upper lip, round the jaw, `below` units under the chin."""
    jaw, low = look.jaw, CHIN + look.long
    inner: list[Point] = [(0, MOUTH - 34), (34, MOUTH - 34), (64, MOUTH - 22), (96, MOUTH - 22),
        (132, 596), (152, 540), (158, 490)]  # fmt: skip
    outer: list[Point] = [(172, 490), (172, 560), (158 + jaw * 0.6, 620),
        (132 + jaw, 680 + below * 0.5), (86 + jaw * 0.5, 728 + below)]  # fmt: skip
    half = [*inner, *outer, (44, low + below), (0, low + 4 + below)]
    return spline(half + [(-x, y) for x, y in reversed(half) if x > 0])


def _down(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Down and away from the nose, turning in again under the chin."""
    x, y = points[:, 0], points[:, 1]
    out = np.interp(y, [560, MOUTH - 20, 700, 760], [0.10, 0.55, 0.30, 0.05])
    return np.asarray(np.pi / 2 - np.clip(x / 70, -1.2, 1.2) * out)
