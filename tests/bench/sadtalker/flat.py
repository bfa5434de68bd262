"""Section: whether memory stays where it is while a long film is made.

Ten minutes of sound (15,000 frames) go through the motion networks, piece by piece as a live one would; of the frames
FRAMES are rendered at an eighth of the width (by default as many as say whether it grows).
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from tests.bench.sadtalker.ours import Ours, source
from tests.bench.sadtalker.questions import coefficients, network_questions, speech
from tests.bench.xtts.figures import Figures, rounded
from tests.fakes.sadtalker_release import make

from svc_video.engines.sadtalker.motion import Motion, MotionStream
from svc_video.engines.sadtalker.plan import MotionPlan
from svc_video.engines.sadtalker.renderer import FrameOrder

if TYPE_CHECKING:
    from tests.bench.sadtalker.__main__ import Bench

LIVE_S = 600  # of sound
PIECE_S = 2
WARM_FRAMES = 20  # after which memory should stay
RENDERED = 120
RATE = 16_000  # Hz
PAGE = os.sysconf("SC_PAGE_SIZE")


def measure(bench: Bench) -> Figures:
    """MB of growth after the first frames."""
    wanted = 60 if bench.quick else int(os.environ.get("FRAMES") or RENDERED)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        film = Film(Ours(make(Path(folder))), wanted)
        for _ in range(LIVE_S // PIECE_S):
            film.hear()
        film.end()
    grown, told = film.after - film.warm, film.motions
    print(f"{told} frames of motion, {film.rendered} of them rendered")
    print(f"{film.warm:.0f} MB after {WARM_FRAMES} frames, {grown:+.0f} MB since")
    return {"flat_growth_mb": rounded(grown), "flat_frames": told, "flat_rendered": film.rendered}


class Film:
    """One long film, of which memory is read."""

    def __init__(self, ours: Ours, wanted: int) -> None:
        self._ours, self._wanted = ours, wanted
        self.motions = self.rendered = 0
        self.warm = self.after = resident_mb()
        face = coefficients(1, channels=73)[0]
        self._appearance = ours.renderer.appearance(source(network_questions(frames=1)))
        self._rest = ours.motion.source_heads(face).keypoints(self._appearance.canonical)[0]
        self._stream = MotionStream(ours.motion, face, MotionPlan(seed=1), rate=RATE)
        self._sound = speech(PIECE_S)

    def hear(self) -> None:
        """One piece of sound, and the frames it makes possible."""
        self._stream.feed(self._sound)
        self._show(self._stream.frames())

    def end(self) -> None:
        """The rest."""
        self._stream.end()
        self._show(self._stream.frames())

    def _show(self, motion: Motion | None) -> None:
        if motion is None:
            return
        self.motions += len(motion)
        for driving in motion.heads.keypoints(self._appearance.canonical)[: max(0, self._wanted - self.rendered)]:
            np.asarray(self._ours.renderer.render([FrameOrder(self._appearance, self._rest, driving)]).cpu())
            self.rendered += 1
            if self.rendered == WARM_FRAMES:
                self.warm = resident_mb()
        self.after = max(self.after, resident_mb()) if self.rendered >= WARM_FRAMES else self.after


def resident_mb() -> float:
    """Of this process, now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6
