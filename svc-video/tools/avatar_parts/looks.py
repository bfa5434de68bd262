"""Who the avatars are: colours, proportions, hair and clothes."""

from dataclasses import dataclass
from typing import Literal

from avatar_parts.canvas import Colour


@dataclass(frozen=True, slots=True)
class Look:
    """One person. Lengths are in canvas units."""

    name: str
    gender: Literal["female", "male"]
    skin: Colour
    blush: Colour
    lips: Colour
    hair: Colour
    brows: Colour
    iris: Colour
    hair_style: Literal["waves", "curls", "side", "crop"]
    clothes: Literal["blazer", "blouse", "shirt", "crew"]
    cloth: Colour
    inner: Colour
    backdrop: tuple[Colour, Colour]  # middle, rim
    jaw: float = 0.0  # wider at the jaw's angle
    chin: float = 0.0  # longer
    neck: float = 66.0  # half width
    shoulders: float = 306.0
    eye_height: float = 1.08
    eye_tilt: float = 4.0  # the outer corner above the inner one
    lid: float = 1.0  # weight of the upper lash line
    brow_weight: float = 11.0
    nose: float = 34.0  # half width
    mouth: float = 58.0  # half width
    fullness: float = 1.0  # of the lips
    stubble: float = 0.0
    wing: bool = False  # lashes beyond the outer corner
    earrings: Colour | None = None
    seed: int = 1


LOOKS = (
    Look(
        name="ada", gender="female", skin=(240, 200, 176), blush=(226, 124, 112), lips=(196, 88, 92),
        hair=(92, 52, 34), brows=(92, 58, 42), iris=(92, 122, 98), hair_style="waves", clothes="blazer",
        cloth=(36, 98, 106), inner=(244, 238, 230), backdrop=((233, 226, 214), (201, 196, 190)), wing=True,
        earrings=(222, 190, 120), seed=11,
    ),
    Look(
        name="maya", gender="female", skin=(150, 96, 68), blush=(178, 78, 66), lips=(142, 58, 62),
        hair=(38, 26, 24), brows=(40, 26, 22), iris=(78, 48, 30), hair_style="curls", clothes="blouse",
        cloth=(226, 162, 60), inner=(226, 162, 60), backdrop=((206, 222, 222), (158, 184, 190)), wing=True,
        jaw=4, nose=38, mouth=62, fullness=1.28, earrings=(230, 200, 130), seed=12,
    ),
    Look(
        name="leo", gender="male", skin=(216, 168, 134), blush=(198, 110, 92), lips=(176, 110, 96),
        hair=(52, 36, 30), brows=(48, 34, 28), iris=(98, 66, 40), hair_style="side", clothes="shirt",
        cloth=(52, 78, 124), inner=(238, 240, 244), backdrop=((222, 226, 232), (180, 188, 202)),
        jaw=17, chin=8, neck=88, shoulders=352, eye_height=0.94, eye_tilt=2, lid=0.62, brow_weight=15, nose=38,
        mouth=62, fullness=0.74, stubble=0.36, seed=13,
    ),
    Look(
        name="kenji", gender="male", skin=(238, 202, 170), blush=(222, 134, 116), lips=(198, 130, 116),
        hair=(28, 26, 30), brows=(36, 32, 34), iris=(66, 44, 32), hair_style="crop", clothes="crew",
        cloth=(108, 116, 122), inner=(238, 238, 236), backdrop=((228, 220, 226), (188, 176, 192)),
        jaw=16, chin=5, neck=86, shoulders=338, eye_height=0.92, eye_tilt=6, lid=0.62, brow_weight=16,
        nose=36, mouth=59,
        fullness=0.76, seed=14,
    ),
)  # fmt: skip
