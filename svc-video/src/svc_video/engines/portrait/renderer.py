"""One frame: mouth, eyes, then the head as a whole. Deterministic: the same parameters give the same pixels.

Frames are RGB. About 3 ms per 512 x 512 frame on one core; make one Renderer per portrait and size, share it between
streams (it keeps no state from frame to frame), and call cv2.setNumThreads(1) once in the process.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from svc_video.engines.portrait import blendshapes, sway
from svc_video.engines.portrait.eyes import Brows, Eye
from svc_video.engines.portrait.mouth import Mouth
from svc_video.engines.portrait.params import FaceParams
from svc_video.engines.portrait.sway import Sway
from svc_video.engines.portrait.warp import Pixels
from svc_video.faces.glasses import wears_glasses
from svc_video.faces.portrait import PreparedFace


class Renderer:
    """Renders frames of one prepared portrait. Construction takes about 100 ms."""

    def __init__(self, prepared: PreparedFace) -> None:
        self._picture: Pixels = np.ascontiguousarray(prepared.picture)
        glasses = wears_glasses(self._picture, prepared.points)
        shapes = blendshapes.solve(prepared.points, prepared.triangles, glasses=glasses)
        self._mouth = Mouth(self._picture, shapes)
        self._brows = Brows(self._picture, shapes)
        self._eyes = [Eye(self._picture, prepared.points, shapes, left=left) for left in (True, False)]
        self._sway = Sway((prepared.height, prepared.width), prepared.points, prepared.person)

    def render(self, params: FaceParams) -> Pixels:
        """A new RGB frame (H, W, 3)."""
        frame = self._picture.copy()
        mouth = blendshapes.mouth_weights(params)
        if mouth.any():
            frame[self._mouth.region.part] = self._mouth.apply(self._picture, mouth, params.tongue)
        eyes, gaze = blendshapes.eye_weights(params), _gaze(params)
        if params.brow or params.brow_inner or params.brow_outer:
            frame[self._brows.region.part] = self._brows.apply(frame, eyes)
        for eye in self._eyes:
            if any(gaze) or not eye.is_still(eyes):
                frame[eye.region.part] = eye.apply(frame, eyes, gaze)
        return self._sway.apply(frame, params) if sway.moves(params) else frame

    def render_i420(self, params: FaceParams) -> NDArray[np.uint8]:
        """The same frame as YUV 4:2:0 planes (H * 3 / 2, W), BT.601, limited range: PyAV's "yuv420p"."""
        return np.asarray(cv2.cvtColor(self.render(params), cv2.COLOR_RGB2YUV_I420), dtype=np.uint8)


def _gaze(params: FaceParams) -> tuple[float, float]:
    across, down = np.clip((params.gaze_x, params.gaze_y), -1, 1)
    return float(across), float(down)
