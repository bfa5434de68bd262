"""The eyes: lids over an eyeball, and the brows above them.

Positions of the lids are quantised and kept: a blink passes through the same few again and again. A look costs a
shifted iris. Nothing depends on what was drawn before: what is kept is what would be drawn.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from svc_video.engines.portrait.blendshapes import EYE_BASES, Blendshapes
from svc_video.engines.portrait.eyeball import Eyeball
from svc_video.engines.portrait.eyeshape import eye_shape
from svc_video.engines.portrait.forehead import Brows
from svc_video.engines.portrait.lids import Lids, LidState
from svc_video.engines.portrait.warp import Float, Mask, Pixels
from svc_video.faces import landmarks as lm

__all__ = ["Brows", "Eye"]

BLINK_STEPS, LID_STEPS, GAZE_STEPS = 64, 24, 64  # positions of a blink, of the other lid shapes and of a look
MOVES_LIDS = tuple("brow" not in name for name in EYE_BASES)
STEPS = np.array([BLINK_STEPS if "blink" in name else LID_STEPS for name in EYE_BASES]) * MOVES_LIDS
KEPT_BYTES = 4 << 20  # of lid positions per eye
MARGIN = 3  # pixels around the opening that a look is drawn in


class Eye:
    """Renders one eye."""

    def __init__(self, picture: Pixels, points: lm.Points, shapes: Blendshapes, *, left: bool) -> None:
        shape = eye_shape(picture, shapes, left=left)
        self.region = shape.region
        self._ball = Eyeball(picture, shape, points, left=left)
        self._lids = Lids(picture, shape, self._ball, "blink_left" if left else "blink_right")
        self._steps = STEPS * [name != ("blink_right" if left else "blink_left") for name in EYE_BASES]
        pixels = shape.region.width * shape.region.height
        self._state = lru_cache(maxsize=max(8, min(96, KEPT_BYTES // (pixels * 8))))(self._lids_at)
        self._rest = self._lids_at((0,) * len(EYE_BASES))
        self._box = _box(self._rest.seen)

    def is_still(self, weights: Float) -> bool:
        """Whether these coefficients leave the lids as they are."""
        return not np.round(weights * self._steps).any()

    def apply(self, picture: Pixels, weights: Float, gaze: tuple[float, float]) -> Pixels:
        """The region's pixels for coefficients of EYE_BASES and a gaze of -1..1 across and down."""
        key = tuple(np.round(weights * self._steps).astype(int).tolist())
        look = (round(gaze[0] * GAZE_STEPS) / GAZE_STEPS, round(gaze[1] * GAZE_STEPS) / GAZE_STEPS)
        out = picture[self.region.part].copy()
        if any(key):
            state, part = self._state(key), (slice(None), slice(None))
        elif any(look):
            state, part = self._rest, self._box
        else:
            return out
        out[part] = _composed(out[part], state, part, self._ball.look(look, *part))
        return out

    def _lids_at(self, key: tuple[int, ...]) -> LidState:
        return self._lids.at(np.array(key) / np.maximum(self._steps, 1))


def _composed(frame: Pixels, state: LidState, part: tuple[slice, slice], eyeball: Mask) -> Pixels:
    eyeball *= state.seen[part] * np.float32(1 / 255)
    eyeball += state.skin[part]
    eyeball += frame * (state.kept[part] * np.float32(1 / 255))
    np.clip(eyeball, 0, 255, out=eyeball)
    eyeball += 0.5
    return eyeball.astype(np.uint8)


def _box(seen: NDArray[np.uint8]) -> tuple[slice, slice]:
    """Rows and columns of the opening, with a margin; at least one pixel."""
    return _span(seen.max(axis=(1, 2)) > 0), _span(seen.max(axis=(0, 2)) > 0)


def _span(used: NDArray[np.bool_]) -> slice:
    places = np.flatnonzero(used)
    return slice(max(int(places[0]) - MARGIN, 0), int(places[-1]) + 1 + MARGIN) if len(places) else slice(0, 1)
