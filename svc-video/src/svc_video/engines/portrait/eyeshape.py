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
from svc_video.engines.portrait.warp import Float, Mask, Pixels, Region, region_around
from svc_video.faces import landmarks as lm
from svc_video.faces.glasses import wears_glasses

# eye widths by which the lids' edges are taken inside the lashes, so that no white goes with a lid or stays under it
ROUNDING = 0.12  # eye widths, a little more than a node of the grid
UPPER_INSET, LOWER_INSET = 0.02, 0.035
RISE = 0.12  # of the gap: the lower lid's part of a blink
LID_SHARE = 0.55  # of the skin from lid to brow: what stretches in a blink
LID_SKIN = (0.1, 0.34)  # eye widths: the least and the most that stretches
LASHES = 0.17  # eye widths above the lid in which dark pixels that touch it are lashes
DARK, GLARING = 0.5, 1.35  # of the skin's luminance: a rim of glasses; light on a lens
GLARE = (215, 240)  # of its darkest channel: what light on a lens has at least, and at most needs
CLEAR = 0.35  # a lash's darkness below which it has ended
SNAP = 0.11  # eye widths above the landmarks where the lashes are looked for
LASH_CONTRAST = 25  # of luminance, between the white of an eye and its lashes
LEAST_SKIN = 0.06  # eye widths of lid that stretch even right below a rim
LEAST_RIM = 0.15  # eye widths from the lid to a rim: what is nearer is lash or fold
RIM_DISTANCE = 0.035  # eye widths that stretching skin keeps from a rim
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


def eye_shape(picture: Pixels, shapes: Blendshapes, *, left: bool) -> EyeShape:
    """Measures one eye; about 3 ms."""
    rings = (lm.UPPER_LID_LEFT, lm.LOWER_LID_LEFT) if left else (lm.UPPER_LID_RIGHT, lm.LOWER_LID_RIGHT)
    face, axes = shapes.points, shapes.axes
    corners = face[rings[0][[0, -1]]]
    centre, width = corners.mean(axis=0), max(float(np.linalg.norm(corners[1] - corners[0])), 1.0)
    lines = [(face[ring] - centre) @ axes.T for ring in rings]
    lines[0] = _on_lashes(picture, centre, axes, width, lines[0])
    for line, inset in zip(lines, (-UPPER_INSET * width, LOWER_INSET * width), strict=True):
        from_corner = np.minimum(line[:, 0] - line[0, 0], line[-1, 0] - line[:, 0])
        line[:, 1] += inset * np.clip(from_corner / (0.25 * width), 0, 1)
    # a region's size is rounded down to whole nodes
    margins = (SIDE * width, LID_SKIN[1] * width + 4, SIDE * width + ROUNDING * width, BELOW * width + ROUNDING * width)
    region = region_around(face[np.concatenate(rings)], margins, picture.shape[:2])
    place = ((region.pixels() - centre) @ axes.T).astype(np.float32)
    u, v = (np.ascontiguousarray(place[..., i]) for i in (0, 1))
    upper, lower = (_along(line, line[:, 1], u) for line in lines)
    moves = [
        np.stack([_along(line, move @ axes[1], u) for move in shapes.eyes[:, ring]])
        for line, ring in zip(lines, rings, strict=True)
    ]
    lower = np.maximum(lower, upper)
    part = np.asarray(2 * (u - lines[0][0, 0]) / (lines[0][-1, 0] - lines[0][0, 0]) - 1, dtype=np.float32)
    brow = (face[(lm.BROW_LEFT if left else lm.BROW_RIGHT)[5:]] - centre) @ axes.T
    glasses, profile = wears_glasses(picture, shapes.points), _Profile(picture, centre, axes, width, lines)
    top = _top(upper, brow, u, width)
    return EyeShape(
        region=region,
        axes=axes,
        width=width,
        part=part,
        v=v,
        upper=upper,
        lower=lower,
        shut=_meeting(part, lines, lower - upper),
        upper_moves=moves[0],
        lower_moves=moves[1],
        top=np.maximum(top, np.minimum(profile.rim(u), upper - LEAST_SKIN * width)) if glasses else top,
        lashes=profile.lashes(u, upper - v) * np.clip((1.06 - np.abs(part)) / 0.1, 0, 1),
        still=profile.glare(picture[region.part]) * (v < upper) * np.float32(glasses),
    )


def _on_lashes(picture: Pixels, centre: Float, axes: Float, width: float, line: Float) -> Float:
    """The upper lid's line (n, 2) moved to where the white of the eye ends in the picture, as a whole.

    Landmarks are off by a few hundredths of an eye's width, most of all on drawn lashes. Seen is only what stands over
    white; what stands over the iris follows by a parabola.
    """
    across = np.arange(line[0, 0], line[-1, 0], max(width / 60, 0.5))
    heights = np.linspace(-0.04, SNAP, 40)[:, None] * width
    edge = np.interp(across, line[:, 0], line[:, 1])
    seen = _luminance(picture, centre, axes, across, edge - heights)
    white = _luminance(picture, centre, axes, across, edge + np.linspace(0.05, 0.1, 4)[:, None] * width).mean(axis=0)
    darkest = seen.min(axis=0)
    dark = seen < (white + darkest) / 2
    part = 2 * (across - line[0, 0]) / (line[-1, 0] - line[0, 0]) - 1
    sure = (white - darkest > LASH_CONTRAST) & (white > 0.7 * np.percentile(white, 85)) & (np.abs(part) < 0.85)
    sure &= dark.any(axis=0) & ~dark[0]
    off = heights[dark.argmax(axis=0), 0]
    basis = np.stack([np.ones_like(part), part, part**2], axis=1)
    weighted = basis * sure[:, None]
    bend = np.linalg.solve(weighted.T @ basis + 0.02 * len(part) * np.eye(3), weighted.T @ off)
    at = 2 * (line[:, 0] - line[0, 0]) / (line[-1, 0] - line[0, 0]) - 1
    up = np.clip(np.stack([np.ones_like(at), at, at**2], axis=1) @ bend, -0.03 * width, SNAP * width)
    return np.asarray(line - np.outer(up * (1 - np.abs(at) ** 6), (0, 1)))


def _along(line: Float, values: Float, u: Mask) -> Mask:
    """Values at a line's points as a smooth function of every pixel's u."""
    bend = spline_matrix(len(line))
    return np.asarray(np.interp(u, bend @ line[:, 0], bend @ values), dtype=np.float32)


def _top(upper: Mask, brow: Float, u: Mask, width: float) -> Mask:
    """Where (v) the skin that a blink stretches begins: part of the way from the lid to the brow's lower edge."""
    order = np.argsort(brow[:, 0])
    reach = LID_SHARE * (upper - np.interp(u, brow[order, 0], brow[order, 1]))
    return np.asarray(upper - np.clip(reach, LID_SKIN[0] * width, LID_SKIN[1] * width), dtype=np.float32)


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
        """Where (v) a dark rim's lower edge is for each u; far up where there is none."""
        dark = (above < DARK * self._skin) & np.maximum.accumulate(joined < CLEAR, axis=0)
        dark &= (np.abs(self._across) < 0.5 * width) & (self._height > LEAST_RIM * width)[:, None]
        long = np.ones((1, max(int(0.2 * width), 1)), dtype=np.uint8)  # a rim is long, a fold or a lash is not
        dark = cv2.morphologyEx(dark.astype(np.uint8), cv2.MORPH_OPEN, long) > 0
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
        light = picture.min(axis=2).astype(np.float32) > np.clip(GLARING * self._skin, *GLARE)
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
