"""What is to be lit: per pixel a height, a direction, a colour, a gloss and how much it is flesh."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_parts.grid import Colour, Field, Grid, linear
from avatar_parts.relief import Relief

FAR = -400.0  # units behind the face: the wall


@dataclass(frozen=True, slots=True)
class Stuff:
    """How a material takes light: `gloss` 0..1, `tight` the exponent of its highlight, `flesh` 0..1."""

    gloss: float
    tight: float = 18.0
    flesh: float = 0.0


SKIN = Stuff(0.13, 16.0, 1.0)
CLOTH = Stuff(0.02, 8.0)


class Surface:
    """Layers are laid from the back to the front; each brings its own relief, so that edges stay clean."""

    def __init__(self, grid: Grid) -> None:
        shape = (grid.side, grid.side)
        self.grid = grid
        self.height = np.full(shape, FAR, dtype=np.float32)
        self.normal = np.zeros((*shape, 3), dtype=np.float32)
        self.normal[..., 2] = 1
        self.albedo = np.zeros((*shape, 3), dtype=np.float32)  # linear RGB
        self.gloss, self.flesh, self.cover = (np.zeros(shape, dtype=np.float32) for _ in range(3))
        self.tight = np.full(shape, 16.0, dtype=np.float32)

    def lay(self, mask: Field, relief: Relief, colour: Colour | NDArray[np.float32], stuff: Stuff) -> None:
        """Covers what `mask` says. `colour` is one screen colour, or linear RGB per pixel."""
        albedo = linear(colour) if isinstance(colour, tuple) else colour
        part = mask[..., None]
        self.height += (relief.height - self.height) * mask
        self.normal += (relief.normal() - self.normal) * part
        self.albedo += (albedo - self.albedo) * part
        self.gloss += (np.float32(stuff.gloss) - self.gloss) * mask
        self.tight += (np.float32(stuff.tight) - self.tight) * mask
        self.flesh += (np.float32(stuff.flesh) - self.flesh) * mask
        self.cover = np.maximum(self.cover, mask)

    def tint(self, mask: Field, colour: Colour, part: float = 1.0) -> None:
        """Stains what is there, as make-up or a shadow does; the form stays."""
        self.albedo += (linear(colour) - self.albedo) * (mask * np.float32(part))[..., None]

    def matte(self, mask: Field) -> None:
        """Takes the gloss away."""
        self.gloss *= 1 - mask

    def dim(self, mask: Field, part: float) -> None:
        """Takes light away, evenly."""
        self.albedo *= 1 - (mask * np.float32(part))[..., None]
