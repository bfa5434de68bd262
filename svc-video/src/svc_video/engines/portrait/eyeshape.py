"""Where an eye's parts are: lids, lashes, fold, and what above them must not move.

Everything is measured in pixels along the face's own axes, from the middle between the eye's corners: `u` across, `v`
down. A curve is a function of u and is given at every pixel of the region, so that all edges drawn from it have
analytic, antialiased masks: no polygon is filled.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from svc_video.engines.portrait.blendshapes import Blendshapes
from svc_video.engines.portrait.contour import spline_matrix
from svc_video.engines.portrait.glasses import wears_glasses
from svc_video.engines.portrait.warp import Float, Map, Mask, Pixels, Region, region_around
from svc_video.faces import landmarks as lm

# eye widths by which the lids' edges are taken inside the lashes, so that no white goes with a lid or stays under it
UPPER_INSET, LOWER_INSET = 0.03, 0.035
RISE = 0.12  # of the gap: the lower lid's part of a blink
LID_SHARE = 0.55  # of the skin from lid to brow: what stretches in a blink
LID_SKIN = (0.1, 0.34)  # eye widths: the least and the most that stretches
LASHES = 0.17  # eye widths above the lid in which dark pixels that touch it are lashes
DARK, GLARING = 0.5, 1.35  # of the skin's luminance: a brow or a rim of glasses; light on a lens
GLARE = 215  # luminance that light on a lens has at least
CLEAR = 0.35  # a lash's darkness below which it has ended
RIM_DISTANCE = 0.035  # eye widths that stretching skin keeps from a brow or rim
SIDE, BELOW = 0.18, 0.36  # eye widths of the region beside the eye and below it


@dataclass(frozen=True, slots=True)
class EyeShape:
    """One eye of one picture; arrays are (height, width) of its region, lengths in pixels."""

    region: Region
    axes: Float  # (2, 2): across and down the face
    width: float  # from corner to corner
    part: Mask  # -1 at the left corner, 1 at the right one, beyond them outside
    v: Mask
    upper: Mask  # v of the upper lid's edge at this u
    lower: Mask
    shut: Mask  # v where the lids meet
    upper_moves: Mask  # (bases, height, width): how far each of EYE_BASES moves the edge down
    lower_moves: Mask
    top: Mask  # v where the lid's skin begins: above it nothing moves
    lashes: Mask  # 0..1: dark pixels above the lid that are its lashes or liner
    still: Mask  # 1 where light on glasses stands before the eye

    def moved(self, down: Mask) -> Map:
        """The region's pixels in the frame, each moved down the face: where a warp takes them from."""
        pixels = self.region.pixels()
        return np.asarray(pixels + down[..., None] * self.axes[1].astype(np.float32), dtype=np.float32)


def eye_shape(picture: Pixels, shapes: Blendshapes, *, left: bool) -> EyeShape:
    """Measures one eye; about 3 ms."""
    upper, lower = (lm.UPPER_LID_LEFT, lm.LOWER_LID_LEFT) if left else (lm.UPPER_LID_RIGHT, lm.LOWER_LID_RIGHT)
    face, axes = shapes.points, shapes.axes
    centre = (face[upper[0]] + face[upper[-1]]) / 2
    width = max(float(np.linalg.norm(face[upper[-1]] - face[upper[0]])), 1.0)
    lines = [(face[ring] - centre) @ axes.T for ring in (upper, lower)]
    for line, inset in zip(lines, (-UPPER_INSET, LOWER_INSET), strict=True):
        line[:, 1] += (
            inset
            * width
            * np.clip(np.minimum(line[:, 0] - line[0, 0], line[-1, 0] - line[:, 0]) / (0.25 * width), 0, 1)
        )
    brow = (face[(lm.BROW_LEFT if left else lm.BROW_RIGHT)[5:]] - centre) @ axes.T
    skin = LID_SKIN[1] * width + 4
    region = region_around(
        face[np.r_[upper, lower]], (SIDE * width, skin, SIDE * width, BELOW * width), picture.shape[:2]
    )
    place = (region.pixels() - centre) @ axes.T
    u, v = place[..., 0].astype(np.float32), place[..., 1].astype(np.float32)

    def along(line: Float, values: Float) -> Mask:
        """Values at a line's points as a smooth function of every pixel's u."""
        bend = spline_matrix(len(line))
        return np.asarray(np.interp(u, bend @ line[:, 0], bend @ values), dtype=np.float32)

    edges = [along(line, line[:, 1]) for line in lines]
    edges[1] = np.maximum(edges[1], edges[0])
    moves = [
        np.stack([along(line, move @ axes[1]) for move in shapes.eyes[:, ring]])
        for line, ring in zip(lines, (upper, lower), strict=True)
    ]
    order = np.argsort(brow[:, 0])
    reach = LID_SHARE * (edges[0] - np.interp(u, brow[order, 0], brow[order, 1]))
    top = edges[0] - np.clip(reach, LID_SKIN[0] * width, LID_SKIN[1] * width)
    part = np.asarray(2 * (u - lines[0][0, 0]) / (lines[0][-1, 0] - lines[0][0, 0]) - 1, dtype=np.float32)
    glasses = np.float32(wears_glasses(picture, shapes))
    profile = _Profile(picture, centre, axes, width, lines)
    return EyeShape(
        *(
            region,
            axes,
            width,
            part,
            v,
            edges[0],
            edges[1],
            _meeting(part, lines, edges[1] - edges[0]),
            moves[0],
            moves[1],
        ),
        top=np.asarray(np.maximum(top, np.minimum(profile.rim(u), edges[0] - 0.06 * width)), dtype=np.float32),
        lashes=profile.lashes(u, edges[0] - v) * np.clip((1.03 - np.abs(part)) / 0.14, 0, 1),
        still=glasses * profile.glare(picture[region.part]) * (v < edges[0]),
    )


def _meeting(part: Mask, lines: list[Float], gap: Mask) -> Mask:
    """V where shut lids meet: a smooth arc from corner to corner, a little above the lower lid's deepest point."""
    chord = np.linspace(0, 1, len(lines[1]))
    level = lines[1][0, 1] + chord * (lines[1][-1, 1] - lines[1][0, 1])
    depth = float((lines[1][:, 1] - level).max()) - RISE * float(gap.max())
    ends = np.interp(part, (-1, 1), (lines[1][0, 1], lines[1][-1, 1]))
    arc = np.clip(1 - np.abs(part) ** 2, 0, 1) ** 0.8
    return np.asarray(ends + depth * arc, dtype=np.float32)


class _Profile:
    """Luminance along lines that go up the face from the lid, one per pixel of u."""

    def __init__(self, picture: Pixels, centre: Float, axes: Float, width: float, lines: list[Float]) -> None:
        reach = 0.6 * width
        self._across = np.arange(-reach, reach + 1)
        self._height = np.arange(0, LID_SKIN[1] * width + 3)
        edge = np.interp(self._across, lines[0][:, 0], lines[0][:, 1])
        below = np.interp(self._across, lines[1][:, 0], lines[1][:, 1])
        cheek = _luminance(picture, centre, axes, self._across, below + np.linspace(0.12, 0.3, 6)[:, None] * width)
        self._skin = float(np.median(cheek))
        above = _luminance(picture, centre, axes, self._across, edge - self._height[:, None])
        lid_skin = np.maximum(np.percentile(above, 70, axis=0), DARK * self._skin)
        lid_skin = cv2.GaussianBlur(lid_skin[None].astype(np.float32), (0, 0), max(width * 0.12, 0.5))[0]
        darkest = min(float(np.percentile(above, 3)), 0.6 * self._skin)
        # 0 on skin, 1 in the lashes' dark
        dark = np.clip((0.93 * lid_skin - above) / np.maximum(0.93 * lid_skin - darkest, 12), 0, 1)
        joined = np.minimum.accumulate(np.maximum(dark, (self._height < 1.5)[:, None]), axis=0)
        joined[self._height > LASHES * width] = 0
        self._joined = cv2.GaussianBlur(joined.astype(np.float32), (3, 3), 0)
        self._rim = self._first_dark(above, joined, edge, width)

    def _first_dark(self, above: Float, joined: Float, edge: Float, width: float) -> Float:
        """V of the brow's or rim's lower edge for each u; far up where there is none."""
        dark = (above < DARK * self._skin) & (np.maximum.accumulate(joined < CLEAR, axis=0))
        found = np.where(dark.any(axis=0), dark.argmax(axis=0), 1000)
        wide = max(int(0.12 * width), 1)  # a rim is long: what a few columns see holds for their neighbours
        nearest = cv2.erode(found[None].astype(np.float32), np.ones((1, 2 * wide + 1)))[0]
        return np.asarray(edge - nearest + RIM_DISTANCE * width)

    def rim(self, u: Mask) -> Mask:
        """V from which on the lid's skin is free, for every u."""
        return np.asarray(np.interp(u, self._across, self._rim), dtype=np.float32)

    def lashes(self, u: Mask, height: Mask) -> Mask:
        """How much of a lash each pixel is that stands `height` above the lid."""
        x, y = (u - self._across[0]).astype(np.float32), np.maximum(height, 0).astype(np.float32)
        found = cv2.remap(self._joined, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        return np.asarray(found * (height > 0), dtype=np.float32)

    def glare(self, picture: Pixels) -> Mask:
        """1 where a pixel is too light and too colourless for this face's skin."""
        light = picture.min(axis=2).astype(np.float32) > max(GLARE, GLARING * self._skin)
        grown = cv2.dilate(light.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
        return np.asarray(cv2.GaussianBlur(grown, (0, 0), 0.8), dtype=np.float32)


def smooth(t: Float | Mask) -> Mask:
    """0 below 0, 1 above 1, smooth between."""
    part = np.asarray(np.clip(t, 0, 1), dtype=np.float32)
    return np.asarray(part * part * (3 - 2 * part))


def _luminance(picture: Pixels, centre: Float, axes: Float, u: Float, v: Float) -> Float:
    """The picture's luminance (0..255) at places along the face's axes; v is (n, len(u))."""
    at = centre + np.broadcast_to(u, v.shape)[..., None] * axes[0] + v[..., None] * axes[1]
    x, y = (np.ascontiguousarray(at[..., i], dtype=np.float32) for i in (0, 1))
    colours = np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), dtype=np.float64)
    return np.asarray(colours @ (0.299, 0.587, 0.114))
