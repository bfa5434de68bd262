"""An eye's lids taken apart: bare skin, what lashes add to it, and what the lids' edges show before the eyeball.

All parts together are the picture again. Bare skin is the picture with eye and lashes filled from the skin beside them,
where lighter pixels count for more: what is darker there is lash, liner or crease.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from svc_video.engines.portrait.eyeball import Eyeball, shadow, spread
from svc_video.engines.portrait.eyeshape import EyeShape, smooth
from svc_video.engines.portrait.warp import Mask, Pixels

LINE = 0.05  # eye widths above the edge that are liner; what stands higher are lashes
MARGIN = 0.05  # eye widths around the eye where the picture's skin is not taken for bare
TRUST = 4  # power of a pixel's brightness by which it counts as bare skin
COVER_BAND = 0.06  # eye widths beside the lids in which their edges and lashes stand before the eyeball
MOST_LIGHT = 30  # of luminance that a lid's edge adds to the eyeball: more would shine on the white of a moved eye
MOST_SHINE = 10  # of luminance that lashes add to a lid: what is lighter is the white of a badly measured corner
SURE = 110  # difference of colours from which on a mixture of them is read pixel by pixel


@dataclass(frozen=True, slots=True)
class LidParts:
    """Layers (height, width, channels) of an eye's region."""

    own: Pixels  # the picture
    lid: Pixels  # bare skin from above the eye
    even: Pixels  # the same without creases
    cheek: Pixels  # bare skin from below the eye
    liner: Mask  # to be added to the lid: what rides on its edge
    hairs: Mask  # and what turns over
    over: Mask  # before the eyeball at the upper lid: colours times cover, and cover
    under: Mask  # at the lower lid
    dark: Mask  # (3,): the lashes' colour


def lid_parts(picture: Pixels, shape: EyeShape, ball: Eyeball) -> LidParts:
    """Takes one eye apart; what belongs to the iris is given to `ball`."""
    own = np.ascontiguousarray(picture[shape.region.part])
    seen = own.astype(np.float32)
    lid, cheek = (np.round(_bare(seen, shape, above=above)).astype(np.uint8) for above in (True, False))
    light = lid.mean(axis=2)
    trust = np.clip(light / max(float(np.percentile(light, 70)), 1), 0.2, 1) ** TRUST
    soft = spread(lid.astype(np.float32), np.asarray(trust), 0.08 * shape.width, 0.07 * shape.width)
    dark = _darkest(seen, shape)
    liner, hairs = _lashes(seen, lid.astype(np.float32), shape)
    over, under = _edges_on_eye(seen, cheek.astype(np.float32), dark, shape, ball)
    even = np.round(np.clip(soft, 0, 255)).astype(np.uint8)
    return LidParts(own, lid, even, cheek, liner, hairs, over, under, dark)


def _bare(seen: Mask, shape: EyeShape, *, above: bool) -> Mask:
    """The picture with the eye and its lashes covered by skin from above or below it."""
    margin = MARGIN * shape.width
    taken = smooth(shape.lashes / 0.35)
    beside = smooth((1.06 - np.abs(shape.part)) / 0.1)
    corner = margin * np.clip(3 * np.abs(shape.part) - 2, 0, 1)  # there lids are measured worst
    inside = np.clip(shape.v - shape.upper + 1.5 + corner, 0, 1) * np.clip(shape.lower + margin - shape.v + 0.5, 0, 1)
    covered = np.maximum(inside * beside, taken)
    skin = (1 - covered) * (1 - shape.still)
    skin = skin * (shape.v < shape.upper) * (shape.v > shape.top - 2) if above else skin * (shape.v > shape.lower)
    skin = skin * (np.abs(shape.part) < 1)
    light = seen.mean(axis=2)
    usual = float(np.median(light[skin > 0.5])) if (skin > 0.5).any() else 255.0
    skin = skin * np.clip(light / max(usual, 1), 0.05, 1) ** TRUST + 1e-6  # what is darker is lash or crease
    filled = spread(seen, skin.astype(np.float32), 0.1 * shape.width, 0.1 * shape.width)
    return np.asarray(np.clip(seen + covered[..., None] * (filled - seen), 0, 255), dtype=np.float32)


def _lashes(seen: Mask, lid: Mask, shape: EyeShape) -> tuple[Mask, Mask]:
    """What the lashes add to the bare lid: the liner at its edge, and the hairs above that."""
    both = (
        np.minimum(seen - lid, MOST_SHINE) * np.clip(1.5 + shape.upper - shape.v, 0, 1)[..., None]
    )  # not the white below them
    high = np.clip((shape.upper - shape.v) / (LINE * shape.width), 0, 1) ** 2
    high *= (shape.v < shape.upper) * smooth((0.95 - np.abs(shape.part)) / 0.2)
    hairs = np.asarray(both * high[..., None], dtype=np.float32)
    return np.asarray(both - hairs, dtype=np.float32), hairs


def _edges_on_eye(seen: Mask, skin: Mask, dark: Mask, shape: EyeShape, ball: Eyeball) -> tuple[Mask, Mask]:
    """The upper and the lower lid's edge before the eyeball: colours times cover, and cover (height, width, 4).

    What neither explains belongs to the iris where there is iris, else to the nearer lid.
    """
    whole = slice(None)
    light = shadow(shape, shape.upper)[..., None]
    eye = ball.look((0.0, 0.0), whole, whole) * light
    colour = np.broadcast_to(dark, seen.shape)
    over = _cover(seen, eye, colour, (shape.v - shape.upper) / shape.width, shape.width)[..., None]
    under = _cover(seen, eye, skin, (shape.lower - shape.v) / shape.width, shape.width)[..., None]
    free = (1 - over) * (1 - under)
    rest = seen - (eye * free + skin * under * (1 - over) + colour * over)
    rest -= ball.adopt(np.where(free > 0.5, rest / np.maximum(free * light, 0.1), 0)) * free * light
    nearer = np.clip(0.5 + (shape.lower + shape.upper - 2 * shape.v) / (0.1 * shape.width), 0, 1)[..., None]
    rest = np.minimum(rest, MOST_LIGHT)
    top = np.dstack([colour * over + rest * nearer, over])
    low = np.dstack([skin * under + rest * (1 - nearer), under])
    return np.ascontiguousarray(top, dtype=np.float32), np.ascontiguousarray(low, dtype=np.float32)


def _cover(seen: Mask, eye: Mask, edge: Mask, distance: Mask, width: float) -> Mask:
    """How much of the eyeball a lid's edge covers (height, width); `distance` from the lid in eye widths.

    Along the line from the eyeball's colour to the edge's own; where these are alike, as beside the columns.
    """
    way = edge - eye
    length = (way**2).sum(axis=-1)
    part = np.clip(((seen - eye) * way).sum(axis=-1) / np.maximum(length, 400), 0, 1)
    near = np.clip((COVER_BAND - distance) * width + 0.5, 0, 1)
    sure = np.clip(length / SURE**2, 0, 1).astype(np.float32)
    blur = (max(0.07 * width, 0.5), 0.4)
    around, weight = (
        cv2.GaussianBlur(layer.astype(np.float32), (0, 0), blur[0], None, blur[1])
        for layer in (part * sure * near, sure * near)
    )
    return np.asarray((part * sure + around / np.maximum(weight, 1e-4) * (1 - sure)) * near, dtype=np.float32)


def _darkest(seen: Mask, shape: EyeShape) -> Mask:
    """The lashes' colour (3,): the darkest along the upper lid."""
    near = (np.abs(shape.v - shape.upper + 0.02 * shape.width) < 0.04 * shape.width + 0.5) & (np.abs(shape.part) < 0.9)
    colours = seen[near] if near.any() else seen.reshape(-1, 3)
    dark = colours[np.argsort(colours.sum(axis=1))[: max(len(colours) // 5, 1)]]
    return np.asarray(np.median(dark, axis=0), dtype=np.float32)
