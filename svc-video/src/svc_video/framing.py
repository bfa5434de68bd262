"""How a film is framed: its shape, its size in pixels, and what stands behind the person.

Sides are even, 64 to 1920 pixels, and a frame has no more pixels than 1920 x 1080. With no side given the shorter one
has 512; with one given the other follows from the aspect; with both given they win, and the aspect only says how the
picture is placed in them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from troupe.wire.errors import InvalidArgument
from troupe.wire.framing import aspect_name, background_name

Rgb = npt.NDArray[np.uint8]  # (H, W, 3)
Aspect = Literal["square", "portrait", "landscape", "original"]
Kind = Literal["keep", "blur", "colour", "image"]
Size = tuple[int, int]  # width, height in pixels

ASPECTS: tuple[Aspect, ...] = get_args(Aspect)
KINDS: tuple[Kind, ...] = get_args(Kind)
RATIOS: Mapping[Aspect, float] = {"square": 1.0, "portrait": 9 / 16, "landscape": 16 / 9}  # width / height
USUAL_SIDE = 512  # pixels of the shorter side
# 912 and not 910: 57 whole macroblocks of H.264, so that nothing is padded.
USUAL: Mapping[Aspect, Size] = {"square": (512, 512), "portrait": (512, 912), "landscape": (912, 512)}
MIN_SIDE, MAX_SIDE, MAX_PIXELS = 64, 1920, 1920 * 1080
UNLIKE = 1.2  # of two sides given, from this ratio on the frame is upright or lying, where no aspect was named
GREEN = (0x00, 0xB1, 0x40)  # the usual chroma key green


@dataclass(frozen=True, slots=True)
class Background:
    """What stands behind the person. `key` tells two pictures apart; `picture` gives one when it is needed."""

    kind: Kind = "keep"
    colour: tuple[int, int, int] = (0, 0, 0)
    key: str = ""
    picture: Callable[[], Rgb] | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """A short name, the same for the same background: it may stand in a file's name."""
        if self.kind == "colour":
            return "".join(f"{value:02x}" for value in self.colour)
        return f"{self.kind}-{self.key}" if self.key else self.kind


@dataclass(frozen=True, slots=True)
class Framing:
    """The shape of a film and what is behind the person."""

    aspect: Aspect = "square"
    background: Background = field(default_factory=Background)

    @property
    def name(self) -> str:
        """A short name, the same for what looks the same."""
        return f"{self.aspect}-{self.background.name}"

    def size(self, width: int, height: int, picture: Size) -> Size:
        """The frame's (width, height) for a picture of (width, height); 0 = follows. Raises `InvalidArgument`."""
        if self.aspect == "original" and not (width and height):
            return _original(width, height, picture)
        return frame_size(self.aspect, width, height)


USUAL_FRAMING = Framing()


def to_aspect(name: str, width: int, height: int) -> Aspect:
    """The named aspect; with none named that of the two sides, where both are given. Raises `InvalidArgument`."""
    wanted = aspect_name(name)
    return next((aspect for aspect in ASPECTS if aspect == wanted), _aspect_of(width, height))


def to_background(name: str, *, pictured: bool) -> Background:
    """The named background; `pictured`: a picture came with it. Raises `InvalidArgument`."""
    wanted = background_name(name, pictured=pictured)
    if wanted == "green":
        return Background("colour", GREEN)
    if wanted.startswith("#"):
        red, green, blue = bytes.fromhex(wanted[1:])
        return Background("colour", (red, green, blue))
    return Background(next(kind for kind in KINDS if kind == wanted))


def frame_size(aspect: Aspect, width: int, height: int) -> Size:
    """(width, height) of a frame whose shape is known without the picture; raises `InvalidArgument`."""
    ratio = RATIOS.get(aspect, 1.0)
    if not (width or height):
        return USUAL.get(aspect, USUAL["square"])
    for name, side in (("width", width), ("height", height)):
        if side and (not MIN_SIDE <= side <= MAX_SIDE or side % 2):
            raise InvalidArgument(
                f"{name} is {side}; allowed: even numbers from {MIN_SIDE} to {MAX_SIDE}, 0 = it follows.", field=name
            )
    size = width or _even(height * ratio), height or _even(width / ratio)
    return _checked(size, aspect)


def _original(width: int, height: int, picture: Size) -> Size:
    """The picture's own shape: as large as the given side says, else with the usual shorter side, where that fits."""
    ratio = picture[0] / picture[1]
    if width or height:
        given = frame_size("square", width, height)[0]
        size = (given, _even(given / ratio)) if width else (_even(given * ratio), given)
        return _checked(size, "original")
    shorter = min(USUAL_SIDE, MAX_SIDE * min(ratio, 1 / ratio))
    wide, high = shorter * max(ratio, 1), shorter * max(1 / ratio, 1)
    return max(MIN_SIDE, _even(wide)), max(MIN_SIDE, _even(high))


def _checked(size: Size, aspect: Aspect) -> Size:
    width, height = size
    if not all(MIN_SIDE <= side <= MAX_SIDE for side in size):
        raise InvalidArgument(
            f"{width} x {height} pixels follow from the side given and the aspect {aspect}; each side may have "
            f"{MIN_SIDE} to {MAX_SIDE}. Give another side, or both."
        )
    if width * height > MAX_PIXELS:
        raise InvalidArgument(
            f"{width} x {height} is {width * height:,} pixels; a frame has at most {MAX_PIXELS:,} (1920 x 1080)."
        )
    return size


def _aspect_of(width: int, height: int) -> Aspect:
    if width and height and max(width, height) >= UNLIKE * min(width, height):
        return "portrait" if height > width else "landscape"
    return "square"


def _even(side: float) -> int:
    return 2 * round(side / 2)
