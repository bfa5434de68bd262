"""Puts another background behind the person of a framed picture, once: a frame costs nothing more for it.

At its edge a person's pixel is a mixture with the old background, which would be seen as a halo before a new one. The
person's own colour there is estimated from the surroundings (Forte, "Approximate Fast Foreground Colour Estimation",
2021: blur fusion), and mixed with the new background in place of the pixel.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from svc_video.faces.person import Mask
from svc_video.faces.picture import Rgb
from svc_video.framing import Background

Layer = NDArray[np.float32]  # (H, W, 3), 0..255
Plane = NDArray[np.float32]  # (H, W, 1), 0..1

FUSION = (0.09, 0.012)  # longer sides: the radii of the two passes
BLUR = 0.022  # longer sides: how far out of focus a blurred background is
FILL = (1.0, 4.0, 16.0)  # of that: where the person stood, the background is guessed from ever further away
TRUST = 0.05  # share of background under a blur below which the next wider one is asked
OLD_ONLY = 0.02  # a mask below this is the old background, whatever the picture shows


def composed(picture: Rgb, person: Mask, background: Background) -> Rgb:
    """The picture (H, W, 3) with that background behind the person."""
    if background.kind == "keep":
        return picture
    mask = np.asarray(person, dtype=np.float32)[..., None] / np.float32(255)
    mask[mask < OLD_ONLY] = 0
    behind = _behind(picture, mask, background)
    mixed = _foreground(picture, mask) * mask + behind * (1 - mask)
    return np.asarray(np.round(np.clip(mixed, 0, 255)), dtype=np.uint8)


def _behind(picture: Rgb, mask: Plane, background: Background) -> Layer:
    if background.kind == "blur":
        return _out_of_focus(picture, mask)
    if background.picture is not None:
        return _covering(background.picture(), picture.shape[1], picture.shape[0])
    return np.broadcast_to(np.array(background.colour, dtype=np.float32), picture.shape)


def _foreground(picture: Rgb, mask: Plane) -> Layer:
    """The person's own colours, also where the picture shows a mixture."""
    front: Layer = picture.astype(np.float32)
    back = front
    for part in FUSION:
        radius = max(2, round(part * max(picture.shape[:2])))
        front, back = _fused(picture, mask, front, back, radius)
    return front


def _fused(picture: Rgb, mask: Plane, front: Layer, back: Layer, radius: int) -> tuple[Layer, Layer]:
    """One pass: foreground and background averaged by their share, and what of the pixel those leave unexplained."""
    share = _mean(mask, radius)
    front = _mean(front * mask, radius) / (share + 1e-5)
    back = _mean(back * (1 - mask), radius) / (1 - share + 1e-5)
    rest = picture - mask * front - (1 - mask) * back
    return np.clip(front + mask * rest, 0, 255).astype(np.float32), back


def _mean(layer: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    side = 2 * radius + 1
    return np.asarray(cv2.blur(layer, (side, side)), dtype=np.float32).reshape(layer.shape)


def _out_of_focus(picture: Rgb, mask: Plane) -> Layer:
    """The background without the person, blurred: no ghost of the head remains around it."""
    sigma = BLUR * max(picture.shape[:2])
    filled = None
    for times in reversed(FILL):
        weight = 1 - mask
        share = _gauss(weight, sigma * times)
        level = _gauss(picture * weight, sigma * times) / (share + 1e-4)
        trust = np.clip(share / TRUST, 0, 1)
        filled = level if filled is None else level * trust + filled * (1 - trust)
    return np.asarray(filled, dtype=np.float32)


def _gauss(layer: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """A Gaussian blur, computed on a small copy."""
    height, width = layer.shape[:2]
    factor = max(1, int(sigma / 3))
    small = cv2.resize(layer, (-(-width // factor), -(-height // factor)), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), sigma / factor, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), np.float32).reshape(
        layer.shape
    )


def _covering(picture: Rgb, width: int, height: int) -> Layer:
    """The picture scaled to cover the frame, its middle kept."""
    scale = max(width / picture.shape[1], height / picture.shape[0])
    size = max(width, round(picture.shape[1] * scale)), max(height, round(picture.shape[0] * scale))
    scaled = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return np.asarray(scaled[top : top + height, left : left + width], dtype=np.float32)
