"""What the networks are given of a portrait: plain arrays, which travel between processes. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

Rgb = npt.NDArray[np.uint8]  # (H, W, 3)
Floats = npt.NDArray[np.float32]
Mode = Literal["crop", "extcrop", "resize", "full", "extfull"]

MODES: tuple[Mode, ...] = get_args(Mode)
SIZES = (256, 512)  # pixels of the networks' square
FPS = 25  # frames per second: the networks know no other rate
EXPRESSION, POSE, PLACE = 64, 6, 3
"""Coefficients: 64 of expression, then 3 angles and 3 translations, then scale and place of the crop of 224 pixels."""


@dataclass(frozen=True, slots=True)
class Crop:
    """Which part of a picture the networks see; upstream names them `rsize`, `crop` and `quad`."""

    picture: tuple[int, int]  # (width, height) the picture was shrunk to first, pixels
    outer: tuple[int, int, int, int]  # left, top, right, bottom in that picture
    inner: tuple[float, float, float, float]  # the same within `outer`


@dataclass(frozen=True, slots=True)
class Source:
    """One portrait, ready for the networks."""

    image: Rgb  # (size, size, 3): the cut, squeezed into the networks' square
    coefficients: Floats  # (73,): `EXPRESSION` + `POSE` + `PLACE`
    mode: Mode
    cut: tuple[int, int]  # (width, height) of what was cut out, before it was squeezed; upstream's crop_info[0]
    crop: Crop | None = None  # none in the mode resize
    notes: tuple[str, ...] = ()  # what the caller should know

    @property
    def size(self) -> int:
        """Pixels of the networks' square."""
        return int(self.image.shape[0])

    @property
    def full(self) -> bool:
        """Whether the head is set back into the whole picture; another mapping network belongs to that."""
        return self.mode in {"full", "extfull"}

    @property
    def natural(self) -> tuple[int, int]:
        """(width, height) of a frame as upstream gives it, before a codec pads it: the shape of what was cut."""
        return self.size, int(self.size * self.cut[1] / self.cut[0])
