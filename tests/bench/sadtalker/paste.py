"""Section: how long a head takes to be set back into a picture beside upstream's cv2.seamlessClone, and how near it is.

Both sides run in this process on the same frames. Processor time of one frame, the first of a portrait not counted:
what of the picture never changes is worked out once.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import cv2
import numpy as np
from tests.bench.sadtalker.equality import psnr
from tests.bench.sadtalker.ours import Ours
from tests.bench.sadtalker.questions import questions
from tests.bench.xtts.figures import Figures, rounded, table

from svc_video.engines.sadtalker import seams
from svc_video.engines.sadtalker.canvas import Canvas, inner_shape, linear
from svc_video.engines.sadtalker.placing import cut_box

if TYPE_CHECKING:
    from tests.bench.sadtalker.__main__ import Bench

FRAMES = 8
SCALE = 3  # the made-up portrait, enlarged to a photograph's size


def measure(bench: Bench) -> Figures:
    """Each seam, of the mode full."""
    given = questions()
    picture = cv2.resize(given["picture"], None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_CUBIC)
    given |= {"picture": picture, "landmarks_picture": given["landmarks_picture"] * SCALE}
    source = Ours(bench.release, preprocess="full").front(given).source(picture, "full", 256)
    renders = np.stack([np.roll(source.image, shift, axis=1) for shift in range(FRAMES)])
    shaped = [linear(render, inner_shape(source)) for render in renders]
    theirs, their_s = _timed(lambda i: _cloned(picture, shaped[i], cut_box(source.crop, extended=False)), bench.rounds)
    rows = [("upstream (seamlessClone)", f"{1000 * their_s:.1f}", "", "")]
    figures: Figures = {"clone_ms": rounded(1000 * their_s)}
    for name in seams.NAMES:
        canvas = Canvas(source, picture, seam=name)
        made, mine_s = _timed(lambda i, c=canvas: c.compose(renders[i : i + 1])[0], bench.rounds)
        near = psnr(
            made[:, : theirs.shape[1], : theirs.shape[2]] / 255, theirs[:, : made.shape[1], : made.shape[2]] / 255
        )
        rows.append((f"ours, {name}", f"{1000 * mine_s:.1f}", f"{their_s / mine_s:.1f}", f"{near:.1f}"))
        figures |= {f"{name}_ms": rounded(1000 * mine_s), f"{name}_psnr_db": rounded(near)}
    height, width = picture.shape[:2]
    table((f"{width}x{height}", "ms a frame", "times as fast", "dB beside upstream"), rows)
    return figures


def _cloned(picture: np.ndarray, head: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """Upstream's own call, with its own arguments."""
    left, top, right, bottom = box
    patch = cv2.resize(head, (right - left, bottom - top))
    middle = ((left + right) // 2, (top + bottom) // 2)
    return cv2.seamlessClone(patch, picture, np.full_like(patch, 255), middle, cv2.NORMAL_CLONE)


def _timed(make, rounds: int) -> tuple[np.ndarray, float]:
    """All frames, and the median of a frame's processor time; the first does not count."""
    seconds = []
    for _ in range(rounds):
        made = []
        for index in range(FRAMES):
            start = time.process_time()
            made.append(make(index))
            if index:
                seconds.append(time.process_time() - start)
    return np.stack(made), statistics.median(seconds)
