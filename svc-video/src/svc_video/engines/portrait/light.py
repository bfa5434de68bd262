"""The light of a picture, as far as something painted into it must know: colour, brightness, side, softness, grain.

What is white comes from three witnesses, none of them sure: the white of the eyes, the skin and the picture's brightest
pixels. Eyes in shadow or behind glasses are hardly believed.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from svc_video.engines.portrait.blendshapes import Blendshapes
from svc_video.engines.portrait.warp import Pixels
from svc_video.faces import landmarks as lm

Float = NDArray[np.float64]

LUMA = np.array([0.299, 0.587, 0.114])  # BT.601
LEFT_CHEEK, RIGHT_CHEEK = (50, 205), (280, 425)
SKIN = np.array([232.0, 186.0, 164.0])  # light skin in white light
SKIN_TRUST = 0.4  # how far a cast of the skin is one of the light: people differ more than lamps
EYES_TRUST = 0.6
BRIGHT_TRUST = 0.2
WARMEST = np.array([1.0, 0.82, 0.64])  # of white, green and blue over red
COOLEST = np.array([1.0, 1.06, 1.15])
FLESH = np.array([196.0, 98.0, 96.0])  # of a tongue in white light
COLOURFUL = 60.0  # skin's largest minus smallest channel in a picture with its colours
CONTRAST = 0.22  # of a face: standard deviation over mean of its luminance
EDGE_STEP = 40  # grey levels between the two sides of an edge that tells how sharp the picture is
SHARP = 0.5  # pixels: the blur of a perfectly sharp edge as the measure sees it


@dataclass(frozen=True, slots=True)
class Light:
    """Colours are sRGB (3,) of 0..255."""

    white: Float  # a white thing at the mouth, lit as the face is
    flesh: Float  # tongue and gums
    lip: Float  # the lower lip where it meets the upper one
    dark: Float  # the darkest that the picture has in a face
    side: float  # -1..1: where the light comes from, left to right
    contrast: float  # 0.5..1.4, 1 is usual
    softness: float  # pixels: sigma of the blur that the picture has
    grain: float  # grey levels: standard deviation


def measure(picture: Pixels, shapes: Blendshapes) -> Light:
    """The light on a face (468 points) in an RGB picture (H, W, 3); about 10 ms."""
    face = _Face(picture, shapes)
    white = _white(face)
    flesh = _toned(0.75 * FLESH * white / 230 + 0.25 * face.lip, face.colourful)
    left, right = (float((face.patches(cheek) @ LUMA).mean()) for cheek in (LEFT_CHEEK, RIGHT_CHEEK))
    side = float(np.clip(2 * (right - left) / (right + left + 1), -1, 1))
    grey = face.grey[face.mask > 0]
    contrast = float(np.clip(grey.std() / (grey.mean() + 1) / CONTRAST, 0.5, 1.4))
    dark = face.lip * (0.75 * np.percentile(grey, 0.5) / (face.lip @ LUMA + 1))
    return Light(white, flesh, face.lip, dark, side, contrast, face.softness(), face.grain())


class _Face:
    """Samples of the picture at places of the face."""

    def __init__(self, picture: Pixels, shapes: Blendshapes) -> None:
        self.picture, self._points = picture, shapes.points
        self.grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
        self.mask = self._filled(shapes.points[lm.OVAL])
        self._reach = max(int(shapes.mouth_width * 0.1), 1)
        cheeks = self.patches((*LEFT_CHEEK, *RIGHT_CHEEK))
        self.skin = np.median(cheeks, axis=0)
        self.lit = float(np.percentile(cheeks @ LUMA, 80))
        self.lip = np.median(self._at(shapes.points[lm.LOWER_LIP[1, 3:8]], 1), axis=0)
        self.colourful = float(np.clip(np.ptp(self.skin) / COLOURFUL, 0, 1))

    def patches(self, points: tuple[int, ...]) -> Float:
        """Pixels (n, 3) around points of the mesh."""
        return self._at(self._points[list(points)], self._reach)

    def eyes(self) -> tuple[Float, float]:
        """The white of the eyes (3,), and 0..1 how sure it is."""
        lids = ((lm.UPPER_LID_LEFT, lm.LOWER_LID_LEFT), (lm.UPPER_LID_RIGHT, lm.LOWER_LID_RIGHT))
        holes = [self._filled(np.concatenate([self._points[u], self._points[d][::-1]])) for u, d in lids]
        pixels = self.picture[(holes[0] | holes[1]) > 0].astype(np.float64)
        luma = pixels @ LUMA
        low, high = np.percentile(luma, [70, 93])  # below are iris and lashes, above is what gleams
        seen = np.median(pixels[(luma >= low) & (luma <= high)], axis=0)
        bright = float(seen @ LUMA) / (float(self.skin @ LUMA) + 1)
        pale = (float(np.ptp(self.skin)) + 8) / (float(np.ptp(seen)) * self.skin.max() / max(seen.max(), 1) + 8)
        return seen, float(np.clip(2.5 * (bright - 0.6), 0, 1) * np.clip(2 * (pale - 0.7), 0, 1))

    def softness(self) -> float:
        """Sigma of the sharpest edges: what the step across one is to its slope."""
        across, down = (cv2.Sobel(self.grey, cv2.CV_32F, *d, scale=1 / 8) for d in ((1, 0), (0, 1)))
        slope = np.hypot(across, down)
        around = np.ones((9, 9), dtype=np.uint8)
        step = cv2.dilate(self.grey, around) - cv2.erode(self.grey, around)
        ridge = slope >= cv2.dilate(slope, np.ones((3, 3), dtype=np.uint8)) - 1e-3
        edges = (self.mask > 0) & (step > EDGE_STEP) & ridge
        if not edges.any():
            return 1.0
        sigma = float(np.percentile(step[edges] / (np.sqrt(2 * np.pi) * slope[edges] + 1e-3), 8))
        return float(np.sqrt(max(sigma**2 - SHARP**2, 0.2)))

    def grain(self) -> float:
        """What is left of the cheeks without all that is smooth: half of it is taken for skin."""
        fine = np.abs(self.grey - cv2.GaussianBlur(self.grey, (0, 0), 1.5)).astype(np.float64)
        samples = fine[..., None]
        level = np.concatenate([_around(samples, self._points[p], self._reach) for p in (*LEFT_CHEEK, *RIGHT_CHEEK)])
        return float(np.clip(1.48 * np.median(level) - 0.6, 0, 8)) * 0.6

    def _at(self, places: Float, reach: int) -> Float:
        return np.concatenate([_around(self.picture, place, reach) for place in places]).astype(np.float64)

    def _filled(self, corners: Float) -> NDArray[np.uint8]:
        mask = np.zeros(self.picture.shape[:2], dtype=np.uint8)
        return np.asarray(cv2.fillPoly(mask, [corners.round().astype(np.int32)], 255), dtype=np.uint8)


def _around(pixels: NDArray[np.generic], place: Float, reach: int) -> NDArray[np.generic]:
    """The square of pixels (n, channels) around a place, as far as the picture goes."""
    x, y = (int(np.clip(round(v), 0, n - 1)) for v, n in zip(place, pixels.shape[1::-1], strict=True))
    part = pixels[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1]
    return part.reshape(-1, pixels.shape[2])


def _white(face: _Face) -> Float:
    """The colour of white things at the mouth (3,)."""
    eyes, sure = face.eyes()
    brightest = np.percentile(face.picture.reshape(-1, 3), 99.5, axis=0)
    witnesses = (
        (255 * face.skin / SKIN, SKIN_TRUST * (1 - 0.75 * sure)),
        (eyes, EYES_TRUST * sure),
        (brightest, BRIGHT_TRUST),
    )
    logs = sum(trust * np.log(np.maximum(c, 1) / max(c[0], 1)) for c, trust in witnesses)
    tint = np.clip(np.exp(logs / max(sum(trust for _, trust in witnesses[1:]) + SKIN_TRUST, 1)), WARMEST, COOLEST)
    by_skin = 0.57 * (face.lit + float(np.percentile(face.grey[face.mask > 0], 95)))
    level = by_skin + sure * 0.7 * (1.18 * float(eyes @ LUMA) - by_skin)
    white = tint * (level / float(tint @ LUMA))
    return np.asarray(_toned(np.minimum(white, 250), 0.25 + 0.75 * face.colourful))


def _toned(colour: Float, colourful: float) -> Float:
    """The colour with a part of its saturation: a black and white picture has none."""
    return np.asarray(colour @ LUMA + (colour - colour @ LUMA) * colourful)
