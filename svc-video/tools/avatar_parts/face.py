"""Ears, face, eyes, brows, nose and mouth. The light comes from the upper left."""

import numpy as np

from avatar_parts.canvas import Canvas, Curve, Mask, dark, ellipse, light, mirrored, mix, shifted, soft, spline
from avatar_parts.looks import Look

EYE_LINE, EYE_APART, EYE_HALF = 494.0, 80.0, 41.0
MOUTH_LINE = 651.0


def outline(look: Look) -> Curve:
    """The face from the skull (under the hair) to the chin."""
    jaw, chin = look.jaw, look.chin
    half: list[tuple[float, float]] = [(0, 258), (92, 272), (154, 334), (173, 424), (172, 500), (164 + jaw * 0.4, 570)]
    half += [(137 + jaw, 640 + chin * 0.3), (94 + jaw * 0.9, 697 + chin), (46 + jaw * 0.5, 732 + chin), (0, 742 + chin)]
    return spline(mirrored(half))


def ears(canvas: Canvas, look: Look) -> None:
    """Both ears and what hangs on them."""
    for side in (-1, 1):
        shape = [(160, 476), (182, 470), (194, 496), (188, 540), (174, 572), (160, 576)]
        mask = canvas.fill(spline([(512 + side * x, y) for x, y in shape]), dark(look.skin, 0.07 if side < 0 else 0.14))
        canvas.shade(ellipse(512 + side * 176, 520, 8, 30, side * 10), dark(look.skin, 0.4), 0.5, 5, mask)
        if look.earrings:
            canvas.fill(ellipse(512 + side * 173, 586, 7, 7), look.earrings)
            canvas.fill(ellipse(512 + side * 173 - 2, 584, 2.4, 2.4), light(look.earrings, 0.8))


def face(canvas: Canvas, look: Look) -> Mask:
    """Skin with its planes of light and shade; gives the mask of the face."""
    mask = canvas.fill(outline(look), look.skin)
    shade, glow = dark(look.skin, 0.34), light(look.skin, 0.42)
    inner = soft(mask, 20)
    canvas.paint(mask * (1 - inner), dark(look.skin, 0.36), 0.62)
    canvas.shade(ellipse(672, 560, 58, 220), shade, 0.46, 32, mask)
    canvas.shade(ellipse(366, 640, 34, 120, -16), shade, 0.22, 24, mask)
    canvas.shade(ellipse(484, 380, 104, 66), glow, 0.4, 34, mask)
    canvas.shade(ellipse(428, 566, 44, 26, -14), glow, 0.34, 16, mask)
    canvas.shade(ellipse(590, 562, 34, 22, 14), glow, 0.2, 16, mask)
    canvas.shade(ellipse(505, 716 + look.chin, 30, 16), glow, 0.32, 12, mask)
    canvas.shade(ellipse(418, 592, 44, 30), look.blush, 0.26, 20, mask)
    canvas.shade(ellipse(606, 592, 44, 30), look.blush, 0.28, 20, mask)
    canvas.shade(ellipse(512, 690, 42, 9), shade, 0.4, 8, mask)
    for side in (-1, 1):  # sockets
        canvas.shade(ellipse(512 + side * 62, 474, 58, 22, side * 6), shade, 0.3, 13, mask)
    if look.stubble:
        _stubble(canvas, look, mask)
    return mask


def _stubble(canvas: Canvas, look: Look, mask: Mask) -> None:
    half = [(60, 612), (150, 560), (200, 560), (190, 800), (0, 800)]
    beard = canvas.mask(spline(mirrored([(0, 618), *half])), 12) * mask
    lips = canvas.mask(ellipse(512, MOUTH_LINE, look.mouth + 6, 21), 5)
    cheeks = canvas.mask(ellipse(424, 584, 60, 52), 14) + canvas.mask(ellipse(600, 584, 60, 52), 14)
    canvas.paint(beard * (1 - lips) * (1 - np.clip(cheeks, 0, 1)), mix(look.hair, look.skin, 0.25), look.stubble)


def eyes(canvas: Canvas, look: Look) -> None:
    """Both eyes with lids, lashes and brows."""
    for side in (-1, 1):
        _eye(canvas, look, side)
        _brow(canvas, look, side)


def _lids(look: Look, side: int) -> tuple[Curve, Curve]:
    """Upper and lower lid from the inner to the outer corner."""
    x, y, tall = 512 + side * EYE_APART, EYE_LINE, look.eye_height
    inner, outer = (x - side * EYE_HALF, y + 6), (x + side * (EYE_HALF - 1), y + 3 - look.eye_tilt)
    upper = [
        inner,
        (x - side * 25, y - 11 * tall),
        (x - side * 2, y - 19 * tall),
        (x + side * 23, y - 14 * tall),
        outer,
    ]
    lower = [inner, (x - side * 20, y + 11 * tall), (x + side * 4, y + 13 * tall), (x + side * 25, y + 9 * tall), outer]
    return spline(upper, closed=False), spline(lower, closed=False)


def _eye(canvas: Canvas, look: Look, side: int) -> None:
    upper, lower = _lids(look, side)
    x, y = 512 + side * EYE_APART, EYE_LINE - 2
    opening = canvas.fill(np.concatenate([upper, lower[::-1]]), (246, 243, 241))
    canvas.shade(ellipse(x - side * 37, y + 9, 10, 9), (222, 160, 150), 0.55, 4, opening)
    canvas.shade(ellipse(x + side * 38, y + 2, 12, 14), (190, 170, 168), 0.5, 6, opening)
    iris = (x, y - 2)
    canvas.shade(ellipse(*iris, 21.5, 21.5), dark(look.iris, 0.66), 1.0, 0.9, opening)
    canvas.shade(ellipse(*iris, 18.6, 18.6), look.iris, 1.0, 1.6, opening)
    canvas.shade(ellipse(x + 1, y + 8, 13, 8), light(look.iris, 0.45), 0.8, 4, opening)
    canvas.shade(ellipse(*iris, 12, 12), dark(look.iris, 0.3), 0.6, 3, opening)
    canvas.shade(ellipse(*iris, 8.6, 8.6), (16, 12, 14), 1.0, 0.7, opening)
    shadow = np.concatenate([shifted(upper, 0, -6), (shifted(upper, 0, 7))[::-1]])
    canvas.shade(shadow, (64, 44, 52), 0.5, 3.2, opening)
    canvas.shade(ellipse(x - 6.5, y - 8.5, 4.2, 4.6), (255, 255, 255), 0.96, 0.5, opening)
    canvas.shade(ellipse(x + 7, y + 6, 2.4, 2.4), (255, 255, 255), 0.45, 0.8, opening)
    canvas.stroke(shifted(lower, 0, 1), (0.8, 1.6, 2.6), dark(look.skin, 0.52), 0.7)
    _lashes(canvas, look, side, upper, lower)
    crease = shifted(upper[6:], side * 1, -11 * look.eye_height - 2)
    canvas.stroke(crease, (0.8, 2.6, 1.2), dark(look.skin, 0.45), 0.62)


def _lashes(canvas: Canvas, look: Look, side: int, upper: Curve, lower: Curve) -> None:
    """The dark line of the upper lid; with `wing` it goes on beyond the corner."""
    colour, weight = dark(look.hair, 0.55), look.lid
    line = shifted(upper, 0, -1.6 * weight)
    fifth = len(upper) // 5
    wedge = np.concatenate([upper[-fifth:], lower[-fifth // 2 :][::-1]])
    canvas.fill(wedge, colour, 0.85, 0.8)  # the outer corner lies in the lashes' dark
    if look.wing:
        tip = upper[-1] + (side * 11, -7.5)
        line = np.concatenate([line, spline([tuple(line[-1]), tuple(tip)], closed=False, density=8)[1:]])
    canvas.stroke(line, (2.4 * weight, 5.6 * weight, 4.6 * weight if not look.wing else 1.2), colour)


def _brow(canvas: Canvas, look: Look, side: int) -> None:
    x, y = 512 + side * EYE_APART, EYE_LINE - 50
    line = spline([(x - side * 45, y + 7), (x - side * 14, y - 2), (x + side * 22, y - 7), (x + side * 55, y + 9)],
                  closed=False)  # fmt: skip
    weight = look.brow_weight
    canvas.paint(canvas.mask(_tapered(line, weight), 1.6), look.brows, 0.82)
    rng = np.random.default_rng(look.seed + side)
    for k in np.linspace(2, len(line) - 6, 34).astype(int):
        t = k / len(line)
        root = line[k] + rng.uniform(-0.4, 0.4, 2) * weight * (1 - t)
        hair = np.array([root, shifted(root, side * 6, -4 + 4 * t), shifted(root, side * 12, -5 + 9 * t)])
        canvas.stroke(hair, (1.6, 1.4, 0.5), dark(look.brows, 0.3), 0.5)


def _tapered(line: Curve, weight: float) -> Curve:
    """A brow: full at the nose, thin at the temple."""
    t = np.linspace(0, 1, len(line))
    half = (np.interp(t, [0, 0.06, 0.2, 0.6, 1], [0.16, 0.4, 0.5, 0.42, 0.08]) * weight)[:, None]
    return np.concatenate([line - half * (0, 1), (line + half * (0, 1))[::-1]])


def nose(canvas: Canvas, look: Look, mask: Mask) -> None:
    """Ridge, tip, wings and nostrils, mostly by shade."""
    wide, shade = look.nose, dark(look.skin, 0.42)
    canvas.shade(spline([(524, 482), (534, 540), (548, 590), (528, 596), (520, 540)]), shade, 0.4, 7, mask)
    canvas.shade(spline([(494, 470), (486, 510), (490, 540), (482, 500)]), shade, 0.35, 6, mask)
    canvas.shade(ellipse(507, 530, 7, 50), light(look.skin, 0.5), 0.45, 6, mask)
    canvas.shade(ellipse(507, 583, 12, 10), light(look.skin, 0.6), 0.6, 5, mask)
    canvas.shade(spline([(512 - wide, 596), (512, 616), (512 + wide, 596), (512, 606)]), shade, 0.75, 4, mask)
    canvas.shade(ellipse(516, 620, 26, 7), shade, 0.4, 6, mask)
    for side in (-1, 1):
        canvas.fill(ellipse(512 + side * wide * 0.44, 603, 8.5, 4, side * -14), dark(look.skin, 0.74), 0.85, 1.1)
        wing = spline([(512 + side * (wide - 5), 576), (512 + side * (wide + 1), 592), (512 + side * (wide - 8), 606)],
                      closed=False)  # fmt: skip
        canvas.stroke(wing, (0.8, 3, 1), dark(look.skin, 0.5), 0.55)


def mouth(canvas: Canvas, look: Look) -> None:
    """Two lips and the line between them, slightly smiling."""
    wide, full, y = look.mouth, look.fullness, MOUTH_LINE
    line = spline([(512 - wide, y - 8), (512 - wide * 0.45, y + 0.5), (512, y + 2.5), (512 + wide * 0.45, y + 0.5),
                   (512 + wide, y - 8)], closed=False)  # fmt: skip
    top = spline([(512 - wide, y - 8), (512 - wide * 0.5, y - 12 * full), (512 - wide * 0.22, y - 18 * full),
                  (512, y - 14.5 * full), (512 + wide * 0.22, y - 18 * full), (512 + wide * 0.5, y - 12 * full),
                  (512 + wide, y - 8)], closed=False)  # fmt: skip
    bottom = spline([(512 - wide, y - 8), (512 - wide * 0.55, y + 16 * full), (512, y + 25 * full),
                     (512 + wide * 0.55, y + 16 * full), (512 + wide, y - 8)], closed=False)  # fmt: skip
    upper = canvas.fill(np.concatenate([top, line[::-1]]), dark(look.lips, 0.16), 0.94, 0.8)
    lower = canvas.fill(np.concatenate([line, bottom[::-1]]), look.lips, 0.94, 0.8)
    canvas.shade(ellipse(498, y + 13 * full, wide * 0.4, 5 * full), light(look.lips, 0.55), 0.6, 4, lower)
    canvas.shade(ellipse(540, y + 24 * full, wide * 0.8, 6), dark(look.lips, 0.35), 0.5, 5, lower)
    canvas.shade(ellipse(500, y - 13 * full, wide * 0.3, 3), light(look.lips, 0.4), 0.4, 3, upper)
    canvas.stroke(line, (2.2, 4.0, 2.2), dark(look.lips, 0.72), 0.92)
    for side in (-1, 1):
        canvas.fill(ellipse(512 + side * (wide + 2), y - 8, 5, 4), dark(look.skin, 0.5), 0.5, 2.4)
