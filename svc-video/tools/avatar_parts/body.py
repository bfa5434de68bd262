"""Backdrop, neck, shoulders and clothes."""

import numpy as np

from avatar_parts.canvas import SCALE, SIDE, Canvas, Curve, Mask, dark, ellipse, light, mirrored, shifted, spline
from avatar_parts.looks import Look


def backdrop(look: Look) -> Canvas:
    """A studio wall, lit behind the head."""
    canvas = Canvas(look.backdrop[1])
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / SCALE
    glow = np.exp(-(((x - 470) / 430) ** 2) - ((y - 400) / 430) ** 2)
    canvas.paint(np.asarray(glow, dtype=np.float32), look.backdrop[0])
    return canvas


def neck(canvas: Canvas, look: Look) -> Mask:
    """The neck with the shadow of the jaw on it."""
    wide = look.neck
    outline = spline(mirrored([(0, 640), (wide - 2, 650), (wide, 740), (wide + 8, 800), (wide + 64, 848), (0, 960)]))
    mask = canvas.fill(outline, dark(look.skin, 0.1))
    canvas.shade(ellipse(530, 700 + look.chin, 150, 74), dark(look.skin, 0.42), 0.75, 20, mask)
    canvas.shade(ellipse(512 + wide, 780, 40, 130), dark(look.skin, 0.4), 0.5, 18, mask)
    canvas.shade(ellipse(490, 836, 36, 40), light(look.skin, 0.2), 0.35, 16, mask)
    for side in (-1, 1):  # the collar bones
        bone = spline([(512 + side * 16, 868), (512 + side * 70, 858), (512 + side * 130, 852)], closed=False)
        canvas.stroke(bone, (1, 5, 1), dark(look.skin, 0.3), 0.35)
    return mask


def clothes(canvas: Canvas, look: Look) -> None:
    """Shoulders in the look's clothes, folds and collar."""
    paint = {"blazer": _blazer, "blouse": _blouse, "shirt": _shirt, "crew": _crew}[look.clothes]
    paint(canvas, look)


def _shoulders(look: Look, opening: float, depth: float) -> Curve:
    """Outline of the upper body with a neckline: half width and lowest point in units."""
    wide = look.shoulders
    span = wide - opening
    right = [(opening, 800), (opening + span * 0.3, 826), (opening + span * 0.64, 854), (wide - 30, 896), (wide, 956)]
    right += [(wide + 6, 1060), (wide + 6, 1400)]
    outer = [(512 + x, y) for x, y in right]
    inner = [(512 - x, y) for x, y in reversed(right)]
    low = [(512 - opening * 0.72, (806 + depth) / 2), (512, depth), (512 + opening * 0.72, (806 + depth) / 2)]
    return spline(outer + inner + low)


def _torso(canvas: Canvas, look: Look, opening: float, depth: float) -> Mask:
    mask = canvas.fill(_shoulders(look, opening, depth), look.cloth)
    canvas.shade(ellipse(512 - look.shoulders * 0.7, 900, 110, 60), light(look.cloth, 0.3), 0.5, 40, mask)
    canvas.shade(ellipse(512 + look.shoulders * 0.9, 1010, 120, 170), dark(look.cloth, 0.5), 0.7, 46, mask)
    canvas.shade(ellipse(512 - look.shoulders * 1.05, 1030, 60, 120), dark(look.cloth, 0.45), 0.6, 36, mask)
    canvas.shade(ellipse(540, 812, 190, 40), dark(look.cloth, 0.5), 0.45, 22, mask)
    for side, bend in ((-1, 12), (1, -6), (-1, -40), (1, 34)):
        at = 512 + side * (look.shoulders * 0.62 + bend)
        fold = spline([(at, 900), (at + side * 14, 960), (at + side * 8, 1030)], closed=False)
        canvas.paint(canvas.mask(ellipse(at + side * 10, 975, 9, 70, -side * 8), 9) * mask, dark(look.cloth, 0.5), 0.5)
        canvas.stroke(shifted(fold, -5, 0), (0.5, 2, 0.5), light(look.cloth, 0.25), 0.25)
    return mask


def _blazer(canvas: Canvas, look: Look) -> None:
    """An open jacket over a light top."""
    top = spline([(430, 826), (512, 920), (594, 826), (640, 1060), (384, 1060)])
    inner = canvas.fill(top, look.inner)
    canvas.shade(ellipse(540, 840, 70, 80), dark(look.inner, 0.35), 0.5, 22, inner)
    canvas.shade(ellipse(470, 1000, 30, 90), dark(look.inner, 0.2), 0.4, 20, inner)
    _torso(canvas, look, 86, 1090)
    for side in (-1, 1):
        lapel = [(84, 800), (118, 842), (142, 900), (96, 922), (110, 946), (34, 1070), (10, 1080), (52, 930)]
        outline = np.array([(512 + side * x, y) for x, y in lapel], dtype=np.float64)
        shadow = shifted(outline, side * 6, 8)
        canvas.fill(shadow, dark(look.cloth, 0.6), 0.5, 5)
        tone = light(look.cloth, 0.1) if side < 0 else dark(look.cloth, 0.06)
        canvas.fill(outline, tone, 1, 0.4)
        edge = spline([(512 + side * 84, 802), (512 + side * 50, 930), (512 + side * 10, 1078)], closed=False)
        canvas.stroke(edge, (2, 3, 2), dark(look.cloth, 0.5), 0.6)


def _blouse(canvas: Canvas, look: Look) -> None:
    """A round, low neckline with a hem."""
    _torso(canvas, look, 112, 912)
    line = spline([(400, 808), (432, 862), (512, 906), (592, 862), (624, 808)], closed=False)
    canvas.stroke(shifted(line, 0, 9), (10, 15, 10), dark(look.cloth, 0.16))
    canvas.stroke(shifted(line, 0, 1), (3, 5, 3), light(look.cloth, 0.35), 0.8)
    canvas.stroke(shifted(line, 0, -6), (4, 9, 4), dark(look.skin, 0.5), 0.35)


def _shirt(canvas: Canvas, look: Look) -> None:
    """A jacket-coloured jumper with a shirt's collar."""
    collar = spline([(414, 790), (512, 900), (610, 790), (640, 900), (512, 960), (384, 900)])
    canvas.fill(collar, look.inner)
    _torso(canvas, look, 108, 952)
    line = spline([(404, 812), (440, 884), (512, 946), (584, 884), (620, 812)], closed=False)
    canvas.stroke(shifted(line, 0, 8), (12, 16, 12), dark(look.cloth, 0.22))
    for side in (-1, 1):
        wing = [(86, 770), (112, 800), (122, 872), (62, 906), (2, 868), (44, 846)]
        outline = np.array([(512 + side * x, y) for x, y in wing], dtype=np.float64)
        canvas.fill(shifted(outline, side * 3, 8), dark(look.cloth, 0.7), 0.5, 5)
        mask = canvas.fill(outline, look.inner if side < 0 else dark(look.inner, 0.07), 1, 0.4)
        canvas.shade(ellipse(512 + side * 50, 806, 40, 40), dark(look.inner, 0.4), 0.4, 14, mask)
    canvas.fill(ellipse(512, 884, 5, 5), dark(look.inner, 0.25))


def _crew(canvas: Canvas, look: Look) -> None:
    """A jumper with a ribbed round collar over a tee."""
    _torso(canvas, look, 104, 884)
    line = spline([(406, 806), (436, 848), (512, 878), (588, 848), (618, 806)], closed=False)
    canvas.stroke(shifted(line, 0, 10), (20, 26, 20), dark(look.cloth, 0.2))
    canvas.stroke(shifted(line, 0, -3), (5, 8, 5), look.inner)
    for k in np.linspace(6, len(line) - 7, 30).astype(int):
        x, y = line[k]
        rib = np.array([[x, y + 2], [x + (x - 512) * 0.02, y + 10], [x + (x - 512) * 0.05, y + 20]])
        canvas.stroke(rib, (1, 1.4, 1), dark(look.cloth, 0.45), 0.4)
