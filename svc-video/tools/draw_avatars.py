"""Draws the shipped avatars from code: no photograph, no person, no rights to clear.

`make avatars` runs it. The pictures are committed as lossy WebP, with a table of names and genders beside them, in
svc-video and, equal, in the gateway. Who they are stands in avatar_parts/cast.py.
"""

import json
import sys
from pathlib import Path

import numpy as np
from avatar_parts import beard, clothes, eyes, features, hair, head, mouth, worn
from avatar_parts.cast import LOOKS
from avatar_parts.grid import Field, Grid
from avatar_parts.light import lit
from avatar_parts.looks import Look
from avatar_parts.strands import Strands
from avatar_parts.surface import SKIN, Surface
from PIL import Image

SIDE = 1024  # pixels


def draw(look: Look, side: int = SIDE) -> Image.Image:
    """One avatar, side x side pixels."""
    grid = Grid(side)
    surface = Surface(grid)
    hair.behind(surface, look)
    head.neck(surface, look)
    clothes.clothes(surface, look)
    features.ears(surface, look)
    face(surface, look)
    picture = lit(surface, wall(grid, look))
    eyes.catchlights(picture, grid)
    if look.glasses:
        worn.glints(picture, surface)
    strands = Strands(picture)
    features.brows(strands, look)
    eyes.lashes(strands, look)
    beard.beard(strands, look)
    hair.over(strands, look)
    return Image.fromarray(strands.finished())


def face(surface: Surface, look: Look) -> None:
    """Head, eyes, nose and mouth."""
    relief = head.skull(surface.grid, look)
    eyes.fold(relief, look)
    surface.lay(surface.grid.mask(head.outline(look)), relief, head.complexion(surface.grid, look), SKIN)
    features.nostrils(surface, look)
    mouth.lips(surface, relief, look)
    eyes.balls(surface, look)
    worn.worn(surface, look)


def wall(grid: Grid, look: Look) -> Field:
    """A studio wall, lit behind the head."""
    far = ((grid.x() - 40) / 470) ** 2 + ((grid.y() - 420) / 520) ** 2
    near, edge = (np.asarray(colour, dtype=np.float32) for colour in look.wall)
    return edge + (near - edge) * np.exp(-far)[..., None]


if __name__ == "__main__":
    names = sys.argv[2:]
    for look in LOOKS:
        if not names or look.name in names:
            draw(look).save(f"{sys.argv[1]}/{look.name}.png")
