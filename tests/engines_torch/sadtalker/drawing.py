"""Films of the engine for tests: noise for a voice, a shipped avatar for a face."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from svc_video.engine import Job
from svc_video.engines.sadtalker import pace
from svc_video.engines.sadtalker.engine import SadTalkerEngine
from svc_video.portraits.avatars import shipped
from svc_video.speech import Speech

AVATAR = next(iter(shipped()))
FRAMES = 4  # a frame of the narrow release takes half a second of one processor
SIZE = (128, 160)


def noise(frames: int) -> bytes:
    """A voice of so many frames."""
    samples = np.random.default_rng(frames).standard_normal(frames * pace.SAMPLES_PER_FRAME)
    return (4_000 * samples).astype("<i2").tobytes()


def drawn(
    engine: SadTalkerEngine, picture: np.ndarray, pcm: bytes, *, seed: int = 3, speech: Speech | None = None, **options
) -> np.ndarray:
    """(n, 160, 128, 3): a whole film."""
    face = engine.prepare(picture, *SIZE, options=options)
    speech = speech or Speech()
    speech.feed(pcm)
    speech.end()
    return np.stack(list(engine.animate(Job(face, Fraction(25), seed, options=options), speech)))


def film(engine: SadTalkerEngine, frames: int = FRAMES, seed: int = 3, **options) -> np.ndarray:
    """Of the avatar, with noise for a voice."""
    return drawn(engine, shipped()[AVATAR].picture(), noise(frames), seed=seed, **options)
