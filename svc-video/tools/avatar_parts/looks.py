"""What a look says: proportions, colours, hair and clothes of one person."""

from dataclasses import dataclass
from typing import Literal

from avatar_parts.grid import Colour

Hair = Literal["long", "locs", "side", "crop", "silver", "fade", "shaven", "bob", "bun", "scarf"]
Clothes = Literal["blazer", "blouse", "shirt", "crew", "turtleneck", "cardigan", "drape"]


@dataclass(frozen=True, slots=True)
class Look:
    """One person. Lengths are in units (1/1024 of the picture); 0 or 1 is the middle of what people are."""

    name: str
    gender: Literal["female", "male"]
    about: str  # for the page of examples
    voice: str  # the voice that suits the look
    skin: Colour
    lips: Colour
    hair: Colour
    iris: Colour
    hair_style: Hair
    clothes: Clothes
    cloth: Colour
    inner: Colour
    wall: tuple[Colour, Colour]  # behind the head, at the picture's edge
    seed: int
    age: float = 0.0  # 0 smooth .. 1 well over sixty
    broad: float = 0.0  # wider at the cheekbones
    jaw: float = 0.0  # wider at its angle
    chin: float = 0.0  # wider
    long: float = 0.0  # a longer lower face
    cheeks: float = 0.0  # fuller
    brow_ridge: float = 0.0  # stronger
    nose: float = 40.0  # half width at the wings
    bridge: float = 1.0  # height of the nose
    nose_tip: float = 0.0  # lower
    eye: float = 1.0  # opening of the lids
    eye_tilt: float = 3.0  # outer corner above the inner one
    crease: float = 11.0  # from lid to crease
    lashes: float = 1.0
    liner: float = 0.0  # a painted lid line
    brow: float = 1.0  # thickness
    brow_lift: float = 0.0  # higher above the eyes
    brow_arch: float = 5.0
    brow_colour: Colour | None = None
    mouth: float = 62.0  # half width
    fullness: float = 1.0
    smile: float = 7.0  # corners above the middle
    blush: float = 0.0
    freckles: float = 0.0
    beard: float = 0.0  # length of the hairs; below 1 stubble, as its density
    beard_colour: Colour | None = None
    neck: float = 74.0  # half width
    shoulders: float = 320.0  # half width
    glasses: Colour | None = None
    earrings: Colour | None = None
