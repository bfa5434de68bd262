"""Skull, face, neck and the colours of skin."""

import numpy as np

from avatar_parts.grid import Field, Grid, linear, mix
from avatar_parts.looks import Look
from avatar_parts.relief import Relief
from avatar_parts.shapes import Curve, ellipse, path, sided, spline
from avatar_parts.surface import SKIN, Surface

CROWN, EYES, NOSE_END, MOUTH, CHIN = 206.0, 478.0, 594.0, 646.0, 748.0  # heights of the landmarks, in units
PROFILE = [  # the face seen from the side, without the nose: (y, depth)
    (CROWN - 2, 0), (CROWN + 8, 52), (240, 104), (290, 142), (350, 162), (420, 171), (500, 168),
        (580, 168), (650, 170),
    (700, 165), (724, 152), (738, 132), (CHIN, 100), (CHIN + 40, 20),
]  # fmt: skip


def outline(look: Look) -> Curve:
    """The face from the skull (under the hair) to the chin."""
    jaw, chin, low = look.jaw, look.chin, look.long
    half: list[tuple[float, float]] = [
        (0, CROWN - 8),
        (56, 207),
        (104, 231),
        (143, 272),
        (166, 330),
        (175 + look.broad * 0.5, 400),
    ]
    half += [(174 + look.broad, 470), (168 + look.broad, 528)]
    half += [
        (158 + look.broad * 0.8 + jaw * 0.3, 580),
        (142 + look.broad * 0.4 + jaw * 0.8, 630),
        (115 + jaw, 676 + low * 0.6),
    ]
    half += [(80 + jaw * 0.5 + chin, 714 + low), (43 + chin, 739 + low), (0, CHIN + low)]
    return spline(half + [(-x, y) for x, y in reversed(half[1:-1])])


def skull(grid: Grid, look: Look) -> Relief:
    """Heights of the face with all its forms except eyes and mouth."""
    relief = Relief(grid, _egg(grid, look))
    _planes(relief, look)
    _nose(relief, look)
    if look.age > 0:
        _wrinkles(relief, look)
    return relief


def _egg(grid: Grid, look: Look) -> Field:
    """The head without features: each height cut as a flattened circle between its two edges."""
    edge = outline(look)
    right = edge[: len(edge) // 2 + 1]
    low = look.long * np.clip((grid.axis() - 600) / 140, 0, 1)
    wide = np.interp(grid.axis() - low * 0, right[:, 1], right[:, 0], left=1, right=1)
    wide = np.hypot(wide, 34)  # no edge so narrow that the form would break
    y, depth = spline(PROFILE, closed=False).T
    deep = np.interp(grid.axis() - low, y, depth)
    across = np.clip(np.abs(grid.x()) / np.maximum(wide, 1)[:, None], 0, 0.998)
    egg = deep[:, None] * (1 - across**2.15) ** 0.5
    return grid.soft(egg.astype(np.float32), 3.0)


def _planes(relief: Relief, look: Look) -> None:
    """Forehead, brows, sockets, cheeks, the barrel of the mouth, chin."""
    low, ridge = look.long, look.brow_ridge
    relief.pair(150, 392, 34, 70, -7)  # temples
    relief.pair(56, 348, 60, 46, 3)
    relief.pair(74, 444, 50, 16, 4 + ridge, turn=-6)
    relief.bump(0, 446, 24, 18, 2 + ridge * 0.6)
    relief.pair(68, EYES - 4, 36, 24, -12)  # sockets
    relief.pair(79, EYES, 37, 25, 12)  # the eyeballs push the lids forward
    relief.pair(112, 556, 46, 34, 9 + look.cheeks, turn=18)
    relief.pair(126, 640, 40, 50, -8 + look.cheeks)  # the hollow below them
    relief.pair(84, 612, 34, 30, 3 + look.cheeks * 0.6)
    relief.bump(0, MOUTH - 2, 62, 46, 11)
    relief.bump(0, 722 + low, 40 + look.chin, 25, 10)
    relief.bump(0, 691 + low * 0.5, 46, 10, -6)
    relief.bump(0, 618, 6, 17, -3.2)
    relief.pair(12, 618, 6, 18, 1.8)
    for side in (-1, 1):
        fold = path(sided([(50, 588), (66, 616), (76, 646), (78, 668)], side))
        relief.groove(fold, 9 - 3 * look.age, 2.2 + 2.6 * look.age)


def _nose(relief: Relief, look: Look) -> None:
    """The ridge from between the eyes, a ball at its end, two wings, and the plane below."""
    grid, tip, wide = relief.grid, 574 + look.nose_tip, look.nose
    x = np.abs(grid.x())
    rise = np.interp(grid.axis(), [436, 470, 510, tip - 8, tip + 4, NOSE_END - 2, NOSE_END + 10, NOSE_END + 22],
                     [0, 9, 19 * look.bridge, 36 * look.bridge, 34 * look.bridge, 21, 6, 0])  # fmt: skip
    half = np.interp(grid.axis(), [440, 475, 520, 560, NOSE_END], [13, 12, 15, 21, 29]) * (0.6 + wide / 100)
    ridge = rise[:, None] * np.exp(-((x / half[:, None]) ** 2.4))
    relief.height += grid.soft(np.asarray(ridge, dtype=np.float32), 2.2)
    relief.bump(0, tip - 3, 16 + wide * 0.12, 14, 11)
    relief.pair(wide - 13, NOSE_END - 14, 13.5, 13, 17)
    relief.pair(wide - 18, NOSE_END + 1, 12, 7, -6)
    for side in (-1, 1):
        wing = path(sided([(wide + 1, 577), (wide + 2, 583), (wide - 1, 594), (wide - 9, 600)], side))
        relief.groove(wing, 3.4, 3.0)


def _wrinkles(relief: Relief, look: Look) -> None:
    """What years draw: lines on the forehead, beside and below the eyes, from nose to mouth, beside the chin."""
    deep = look.age
    for left, right, y in ((-84, 20, 372), (-30, 92, 380), (-60, 66, 400)):
        middle = (left + right) / 2
        relief.groove(path([(left, y + 3), (middle - 20, y - 3), (middle + 20, y + 1), (right, y)]),
            5.5, 0.8 * deep)  # fmt: skip
    for side in (-1, 1):
        for spread in (-10, 9):
            foot = [(122, EYES + 2 + spread * 0.4), (136, EYES + spread * 0.9), (148, EYES + 3 + spread * 1.5)]
            relief.groove(path(sided(foot, side), 20), 3.4, 1.2 * deep)
        bag = [(46, EYES + 18), (64, EYES + 27), (88, EYES + 28), (110, EYES + 18)]
        relief.groove(path(sided(bag, side)), 4.0, 2.2 * deep)
        relief.bump(side * 76, EYES + 19, 28, 6, 1.8 * deep)
        cheek = [(84, 668), (90, 688), (88, 706)]
        relief.groove(path(sided(cheek, side), 20), 5.0, 2.4 * deep)
        relief.bump(side * 104, 690, 26, 24, 4 * deep)  # jowls


def complexion(grid: Grid, look: Look) -> Field:
    """Skin is not one colour: redder at nose, cheeks and chin, yellower on the forehead, cooler round the mouth."""
    rng = np.random.default_rng(look.seed)
    base = np.empty((grid.side, grid.side, 3), dtype=np.float32)
    base[:] = linear(look.skin)
    red, gold = linear(mix(look.skin, (202, 62, 56), 0.42)), linear(mix(look.skin, (246, 206, 130), 0.30))
    cool, deep = linear(mix(look.skin, (92, 98, 128), 0.26)), linear(mix(look.skin, (116, 46, 44), 0.40))
    _stain(base, gold, _spots(grid, [(0, 340, 150, 80)]), 0.3)
    _stain(base, red, _spots(grid, [(114, 576, 60, 42), (0, 580, 30, 20), (0, 722, 32, 18)]), 0.24 + look.blush)
    _stain(base, deep, _spots(grid, [(78, EYES - 14, 36, 13), (64, EYES + 20, 34, 9), (44, EYES + 4, 9, 10)]), 0.42)
    if look.gender == "male":
        _stain(base, cool, _spots(grid, [(0, 700, 100, 46), (104, 668, 44, 50), (0, 622, 52, 13)]), 0.42)
    blotches = grid.noise(rng, 26) * 0.5 + grid.noise(rng, 9) * 0.5
    base *= 1 + 0.022 * blotches[..., None] * np.array([0.5, 1.0, 1.0], dtype=np.float32)
    if look.freckles:
        _freckles(base, grid, look, rng)
    return base


def _spots(grid: Grid, places: list[tuple[float, float, float, float]]) -> Field:
    field = Relief(grid)
    for x, y, rx, ry in places:
        field.pair(x, y, rx, ry, 1.0) if x else field.bump(x, y, rx, ry, 1.0)
    return np.asarray(np.clip(field.height, 0, 1))


def _stain(base: Field, colour: Field, where: Field, part: float) -> None:
    base += (colour - base) * (where * np.float32(part))[..., None]


def _freckles(base: Field, grid: Grid, look: Look, rng: np.random.Generator) -> None:
    field = Relief(grid)
    for _ in range(int(320 * look.freckles)):
        x, y = rng.normal(0, 74), rng.normal(556, 34)
        size = rng.uniform(1.1, 2.4)
        field.bump(x, y, size, size * rng.uniform(0.7, 1.0), rng.uniform(0.2, 0.75))
    _stain(base, linear(mix(look.skin, (138, 74, 40), 0.62)), np.clip(field.height, 0, 1), 0.75)


def neck(surface: Surface, look: Look) -> None:
    """The neck, its two long muscles and the collar bones."""
    grid, wide = surface.grid, look.neck
    right = [(wide + 4, 600), (wide - 2, 700), (wide - 1, 760), (wide + 10, 806), (wide + 66, 846),
        (240, 900)]  # fmt: skip
    right += [(262, 1030)]
    half = np.interp(grid.axis(), *spline(right, closed=False).T[::-1])
    across = np.clip(np.abs(grid.x()) / half[:, None], 0, 0.998)
    front = np.interp(grid.axis(), [600, 700, 800, 860, 1030], [66, 62, 70, 84, 96])[:, None]
    relief = Relief(grid, grid.soft((front * (1 - across**2.2) ** 0.5 - 20).astype(np.float32), 4))
    strong = 1.25 if look.gender == "male" else 1.0
    for side in (-1, 1):
        relief.groove(path(sided([(wide - 4, 690), (wide - 22, 760), (34, 830), (16, 866)], side), 60),
            16, -3.5 * strong)  # fmt: skip
        relief.groove(path(sided([(18, 878), (70, 866), (140, 862), (210, 872)], side), 60), 11, -4)
        relief.bump(side * 80, 846, 40, 16, -4)
    relief.bump(0, 858, 16, 18, -4)
    if look.gender == "male":
        relief.bump(0, 776, 13, 20, 8)
    if look.age:
        for y in (770, 800):
            relief.groove(path([(-56, y - 8), (0, y + 3), (56, y - 8)], 40), 4, 1.8 * look.age)
    mask = grid.mask(spline([*right] + [(-x, y) for x, y in reversed(right)]))
    surface.lay(mask, relief, complexion(grid, look) * 0.94, SKIN)
    surface.dim(grid.mask(ellipse(8, 752 + look.long, 104, 30), 14) * mask, 0.42)  # under the chin
