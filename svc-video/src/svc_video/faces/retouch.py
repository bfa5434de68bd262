"""Pictures made easier to see for the networks, which were trained on photos: tried where nothing was found."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from svc_video.faces.picture import Rgb

CONTRAST_LIMIT = 3.0  # of the adaptive equalisation (CLAHE, Zuiderveld 1994)
TILES = (6, 6)  # of the adaptive equalisation
EXTREMES = (1, 99)  # percentiles of the lightness that become black and white
FLATTEST = 8.0  # steps of lightness: less is noise of a flat picture and is not stretched to a whole range
STROKE_PART = 1 / 280  # of the longer side: a blur that melts pen strokes, print dots and grain into tones


def easier(rgb: Rgb) -> Iterator[Rgb]:
    """The picture as it is, then evenly lit, then without strokes; each is made when it is asked for."""
    yield rgb
    for treat in TREATMENTS:
        yield treat(rgb)


def evenly_lit(rgb: Rgb) -> Rgb:
    """Contrast stretched to what a photo has and evened out in the lightness alone: dark, faded, hazy pictures."""
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    dark, light = np.percentile(lab[..., 0], EXTREMES)
    stretched = (lab[..., 0] - dark) * (255 / max(light - dark, FLATTEST))
    lab[..., 0] = cv2.createCLAHE(CONTRAST_LIMIT, TILES).apply(np.clip(stretched, 0, 255).astype(np.uint8))
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), dtype=np.uint8)


def without_strokes(rgb: Rgb) -> Rgb:
    """Softened until hatching, halftone and brush strokes read as shades: pen drawings, prints, paintings."""
    return np.asarray(cv2.GaussianBlur(rgb, (0, 0), max(rgb.shape[:2]) * STROKE_PART), dtype=np.uint8)


TREATMENTS: tuple[Callable[[Rgb], Rgb], ...] = (evenly_lit, without_strokes)
