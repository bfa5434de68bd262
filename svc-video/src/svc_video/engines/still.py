"""`still`: a deterministic engine for tests, benches and chaos. The picture stands still, a bar shows the loudness.

`delay_ms_per_frame` makes it slow, `fail_after_frames` makes it break. Frame n depends on its own sound only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from svc_video.engine import NO_OPTIONS, USUAL_CONTEXT, EngineContext, EngineFacts, Job, Options, Prepared, Rgb
from svc_video.film import Frame
from svc_video.framing import USUAL_FRAMING, Framing
from svc_video.speech import Pcm, Speech, frame_span
from troupe.wire.errors import EngineFailed

BAR_HEIGHT = 1 / 16  # of the frame
BAR_COLOUR = (64, 224, 96)
LOUD = 8_000.0  # RMS of s16 samples at which the bar is full
NAP_S = 0.05  # a slow engine looks this often whether its caller is still there


class StillEngine:
    """Shows the portrait and how loud it is."""

    def __init__(self, context: EngineContext = USUAL_CONTEXT) -> None:  # noqa: ARG002  # the contract's
        self.facts = EngineFacts(
            model="still",
            version="1",
            device="cpu",
            licence="Apache-2.0",
            commercial_use=True,
            features=("resume", "seed", "aspect", "captions"),
        )

    def start(self, report: Callable[[float], None] = lambda _: None) -> None:  # the contract's
        """Nothing to load."""

    def check(self) -> None:
        """Nothing can break unseen."""

    def stop(self) -> None:
        """Nothing to free."""

    def prepare(
        self,
        picture: Rgb,
        width: int,
        height: int,
        kept: Path | None = None,  # noqa: ARG002  # the contract's
        framing: Framing = USUAL_FRAMING,  # noqa: ARG002  # the contract's
        *,
        options: Options = NO_OPTIONS,  # noqa: ARG002  # the contract's
    ) -> Prepared:
        """Fill the frame with the middle of the picture; that is nothing worth keeping."""
        return Prepared(width, height, cover(picture, width, height))

    def animate(self, job: Job, speech: Speech) -> Iterator[Frame]:
        """Draw the bar."""
        delay_s = job.option("delay_ms_per_frame", 0) / 1000
        break_at = int(job.option("fail_after_frames", 0))
        for done, index in enumerate(speech.frames(job.rate)):
            if break_at and done >= break_at:
                raise EngineFailed(f"The engine still broke after {done} frames, as it was told to.", engine="still")
            _spend(delay_s, speech)
            yield draw(job.portrait.face, speech.pcm(*frame_span(index, job.rate)))


def cover(picture: Rgb, width: int, height: int) -> Rgb:
    """The picture scaled to cover the frame, its middle kept."""
    scale = max(width / picture.shape[1], height / picture.shape[0])
    size = max(width, round(picture.shape[1] * scale)), max(height, round(picture.shape[0] * scale))
    scaled = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return np.ascontiguousarray(scaled[top : top + height, left : left + width], np.uint8)


def draw(picture: Rgb, pcm: Pcm) -> Frame:
    """The picture with a bar as long as the sound is loud."""
    frame = picture.copy()
    height, width = frame.shape[:2]
    bar = round(width * loudness(pcm))
    frame[height - round(height * BAR_HEIGHT) :, :bar] = BAR_COLOUR
    return frame


def loudness(pcm: Pcm) -> float:
    """0..1."""
    rms = float(np.sqrt(np.mean(np.square(pcm.astype(np.float32))))) if pcm.size else 0.0
    return min(1.0, rms / LOUD)


def _spend(seconds: float, speech: Speech) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, NAP_S))
        speech.check()
