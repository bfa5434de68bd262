"""Four heads of hair: what falls behind the neck, and what lies over the face's edge."""

import numpy as np

from avatar_parts.canvas import Canvas, Colour, Curve, Mask, dark, ellipse, light, shifted, soft, spline
from avatar_parts.looks import Look

GUIDE = 40  # points per guide curve


def behind(canvas: Canvas, look: Look) -> None:
    """Painted before neck and face."""
    {"waves": _waves_behind, "curls": _curls_behind, "side": _nothing, "crop": _nothing}[look.hair_style](canvas, look)


def over(canvas: Canvas, look: Look) -> None:
    """Painted after the face."""
    {"waves": _waves_over, "curls": _curls_over, "side": _side_over, "crop": _crop_over}[look.hair_style](canvas, look)


def _nothing(canvas: Canvas, look: Look) -> None:
    del canvas, look


def _tones(colour: Colour) -> list[Colour]:
    steps = (dark(colour, 0.5), dark(colour, 0.28), dark(colour, 0.1), colour, light(colour, 0.1), light(colour, 0.19))
    return [tuple(int(c) for c in step) for step in steps]  # type: ignore[misc]  # three each


def _guide(points: list[tuple[float, float]]) -> Curve:
    curve = spline(points, closed=False)
    return np.asarray(curve[np.linspace(0, len(curve) - 1, GUIDE).astype(int)])


def _mass(canvas: Canvas, look: Look, outline: Curve, guides: list[Curve], count: int) -> Mask:
    """One body of hair: flat colour, strands along the guides, a shaded rim."""
    mask = canvas.fill(outline, dark(look.hair, 0.12), 1, 0.8)
    rng = np.random.default_rng(look.seed)
    canvas.strands(rng, guides, count, _tones(look.hair), mask)
    canvas.paint(mask * (1 - soft(mask, 9)), dark(look.hair, 0.5), 0.5)
    return mask


def _waves_behind(canvas: Canvas, look: Look) -> None:
    outline = spline([(520, 158), (632, 192), (708, 306), (734, 460), (740, 600), (772, 730), (764, 850), (716, 930),
                      (640, 900), (512, 850), (384, 900), (308, 930), (260, 850), (252, 730), (284, 600), (290, 460),
                      (312, 310), (390, 200)])  # fmt: skip
    guides = [_guide([(512 + side * (70 + 120 * k), 260), (512 + side * (120 + 96 * k), 470),
                      (512 + side * (106 + 130 * k), 650), (512 + side * (140 + 130 * k), 780),
                      (512 + side * (90 + 130 * k), 900)])
              for side, parts in ((-1, np.linspace(1, 0, 6)), (1, np.linspace(0, 1, 6))) for k in parts]  # fmt: skip
    mask = _mass(canvas, look, outline, guides, 1500)
    canvas.shade(ellipse(512, 730, 170, 150), dark(look.hair, 0.7), 0.75, 40, mask)


def _waves_over(canvas: Canvas, look: Look) -> None:
    """Parted beside the middle, falling over both temples to the shoulders."""
    left = spline([(562, 226), (526, 164), (414, 186), (326, 300), (300, 450), (288, 590), (250, 720), (258, 850),
                   (312, 944), (352, 934), (366, 880), (390, 800), (356, 720), (366, 630), (358, 540), (360, 440),
                   (408, 366), (482, 318), (548, 262)])  # fmt: skip
    right = spline([(546, 226), (574, 168), (660, 212), (712, 326), (726, 460), (736, 590), (776, 720), (768, 850),
                    (716, 940), (676, 930), (664, 880), (640, 800), (670, 720), (660, 630), (668, 540), (666, 440),
                    (640, 364), (596, 306), (556, 262)])  # fmt: skip
    lines = [
        [_guide([(556 - 10 * k, 246 - 50 * k), (450 - 40 * k, 200 + 130 * (1 - k)), (362 - 46 * k, 420),
                 (360 - 66 * k, 580),
                 (362 - 104 * k, 720), (376 - 100 * k, 830), (336 - 20 * k, 944)]) for k in np.linspace(0, 1, 6)],
        [_guide([(552 + 10 * k, 246 - 50 * k), (610 + 50 * k, 214 + 90 * (1 - k)), (662 + 48 * k, 420),
                 (664 + 64 * k, 580),
                 (664 + 102 * k, 720), (652 + 104 * k, 830), (692 + 18 * k, 944)]) for k in np.linspace(0, 1, 6)],
    ]  # fmt: skip
    for outline, guides in zip((left, right), lines, strict=True):
        canvas.fill(shifted(outline, 3, 7), dark(look.skin, 0.55), 0.32, 8)
        mask = _mass(canvas, look, outline, guides, 1300)
        canvas.shade(ellipse(412, 300, 84, 20, -40), light(look.hair, 0.5), 0.34, 12, mask)
        canvas.shade(ellipse(654, 310, 56, 18, 52), light(look.hair, 0.4), 0.24, 12, mask)


def _curls(canvas: Canvas, look: Look, mask: Mask, count: int) -> None:
    """Many small arcs: each a lock with a lit and a dark side."""
    rng = np.random.default_rng(look.seed)
    places = np.argwhere(mask[::8, ::8] > 0.5)[:, ::-1] * 4.0
    tones = _tones(look.hair)
    layer = Canvas((0, 0, 0))
    layer.pixels = canvas.pixels.copy()
    for _ in range(count):
        x, y = places[int(rng.integers(len(places)))] + rng.uniform(-3, 3, 2)
        radius, begin = rng.uniform(5, 13), rng.uniform(0, 2 * np.pi)
        t = begin + np.linspace(0, rng.uniform(2.4, 4.6), 14)
        arc = np.stack([x + radius * np.cos(t), y + radius * np.sin(t) * 0.9], axis=1)
        _polyline(layer, arc, tones[int(rng.integers(1, len(tones)))], int(rng.integers(3, 7)))
        _polyline(layer, shifted(arc, 1.6, 2.2), tones[0], 2)
    canvas.paint(soft(mask, 1.5), layer.pixels, 0.8)


def _polyline(layer: Canvas, line: Curve, colour: Colour, thickness: int) -> None:
    import cv2  # noqa: PLC0415  # only curls need it here

    points = np.round(line * 2 * 16).astype(np.int32)
    cv2.polylines(
        layer.pixels, [points], isClosed=False, color=colour, thickness=thickness, lineType=cv2.LINE_8, shift=4
    )


def _cloud(look: Look, centre: tuple[float, float], radii: tuple[float, float], bumps: int) -> Curve:
    """A round, bumpy outline."""
    rng = np.random.default_rng(look.seed + 5)
    t = np.linspace(0, 2 * np.pi, bumps, endpoint=False)
    grow = 1 + rng.uniform(-0.022, 0.022, bumps)
    points = [
        (centre[0] + radii[0] * g * np.cos(a), centre[1] + radii[1] * g * np.sin(a))
        for a, g in zip(t, grow, strict=True)
    ]
    return spline(points)


def _curls_behind(canvas: Canvas, look: Look) -> None:
    mask = canvas.fill(_cloud(look, (512, 396), (252, 244), 60), dark(look.hair, 0.2), 1, 1.5)
    _curls(canvas, look, mask, 1500)
    canvas.shade(ellipse(620, 520, 130, 170), dark(look.hair, 0.7), 0.6, 50, mask)
    canvas.shade(ellipse(410, 260, 110, 60, -30), light(look.hair, 0.5), 0.22, 40, mask)


def _curls_over(canvas: Canvas, look: Look) -> None:
    """A high hairline with locks over the temples."""
    outline = spline([(512, 170), (650, 214), (716, 330), (722, 440), (702, 520), (678, 500), (674, 440), (648, 372),
                      (600, 330), (512, 312), (424, 330), (376, 372), (350, 440), (346, 500), (322, 520), (302, 440),
                      (308, 330), (374, 214)])  # fmt: skip
    canvas.fill(shifted(outline, 2, 8), dark(look.skin, 0.6), 0.34, 9)
    mask = canvas.fill(outline, dark(look.hair, 0.16), 1, 2.2)
    _curls(canvas, look, mask, 1100)
    canvas.shade(ellipse(430, 262, 90, 34, -26), light(look.hair, 0.5), 0.26, 26, mask)


def _side_over(canvas: Canvas, look: Look) -> None:
    """Short at the sides, swept over from a parting."""
    sides = spline([(330, 500), (322, 420), (330, 320), (400, 236), (512, 206), (624, 230), (694, 310), (704, 420),
                    (694, 500), (682, 506), (682, 440), (660, 370), (600, 330), (430, 330), (366, 376), (344, 440),
                    (344, 506)])  # fmt: skip
    guides = [_guide([(512 + s * (90 + 70 * k), 240 + 40 * k), (512 + s * (160 + 26 * k), 330),
                      (512 + s * (166 + 22 * k), 500)])
              for s in (-1, 1) for k in (0.0, 0.5, 1.0)]  # fmt: skip
    canvas.fill(shifted(sides, 2, 6), dark(look.skin, 0.55), 0.3, 8)
    mask = _mass(canvas, look, sides, guides[:3], 300)
    canvas.strands(np.random.default_rng(look.seed), guides[3:], 300, _tones(look.hair), mask)
    top = spline([(404, 262), (440, 196), (540, 168), (640, 192), (702, 268), (704, 344), (676, 372), (630, 322),
                  (560, 316), (480, 330), (420, 322), (392, 340), (372, 322)])  # fmt: skip
    sweep = [_guide([(402 + 10 * k, 330 - 60 * k), (470 + 20 * k, 300 - 92 * k), (580 + 16 * k, 290 - 90 * k),
                     (690 - 4 * k, 356 - 64 * k)]) for k in np.linspace(0, 1, 6)]  # fmt: skip
    canvas.fill(shifted(top, 2, 8), dark(look.skin, 0.6), 0.4, 8)
    mask = _mass(canvas, look, top, sweep, 900)
    canvas.shade(ellipse(520, 236, 100, 20, -6), light(look.hair, 0.5), 0.3, 16, mask)


def _crop_over(canvas: Canvas, look: Look) -> None:
    """A textured fringe, short sides."""
    sides = spline([(332, 494), (322, 410), (332, 312), (404, 222), (512, 190), (620, 218), (692, 310), (702, 410),
                    (692, 494), (682, 500), (680, 430), (656, 372), (590, 352), (434, 352), (368, 372), (344, 430),
                    (342, 500)])  # fmt: skip
    canvas.fill(shifted(sides, 2, 6), dark(look.skin, 0.5), 0.28, 8)
    guides = [_guide([(512 + 40 * s, 200), (512 + 120 * s, 250), (512 + 176 * s, 350), (512 + 176 * s, 490)])
              for s in np.linspace(-1.05, 1.05, 8)]  # fmt: skip
    head = _mass(canvas, look, sides, guides, 700)
    rng = np.random.default_rng(look.seed)
    for x in np.linspace(392, 632, 13):
        tip = 372 + rng.uniform(-16, 14) - 22 * abs((x - 512) / 150) ** 2
        lean = rng.uniform(4, 26)
        lock = spline(
            [(x - 26, 262), (x + 22, 262), (x + 24 + lean * 0.4, 330), (x + lean, tip), (x - 14 + lean * 0.2, 330)]
        )
        canvas.fill(shifted(lock, 2, 5), dark(look.skin, 0.55), 0.22, 4)
        strand = [
            _guide([(x - 20 + 36 * k, 258), (x - 12 + 30 * k + lean * 0.3, 320), (x + lean, tip)])
            for k in (0.0, 0.5, 1.0)
        ]
        mask = canvas.fill(lock, dark(look.hair, 0.05), 1, 0.8)
        canvas.strands(rng, strand, 60, _tones(look.hair), mask)
    crown = [_guide([(430 + 160 * k, 200), (400 + 220 * k, 250), (390 + 250 * k, 300)]) for k in np.linspace(0, 1, 6)]
    canvas.strands(rng, crown, 400, _tones(look.hair), canvas.mask(ellipse(512, 262, 150, 66), 14) * head)
    canvas.paint(canvas.mask(ellipse(470, 246, 96, 18, -12), 14) * head, light(look.hair, 0.5), 0.24)
