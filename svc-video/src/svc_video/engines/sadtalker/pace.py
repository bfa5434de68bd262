"""Which of the networks' 25 frames per second is shown when, and how much sound it needs. No torch here."""

from __future__ import annotations

from fractions import Fraction

from svc_video.engines.sadtalker.source import FPS
from troupe.wire.media import SAMPLE_RATE

SAMPLES_PER_FRAME = SAMPLE_RATE // FPS  # 960
LOOK_AHEAD_FRAMES = 51
"""A frame is known once so much sound after it is there: 13 frames for the mapping network's window, 6 for the
smoothing of the pose, up to 31 for the rest of its chunk of 32, and one for the windows of the mel spectrogram."""


def drawn(index: int, rate: Fraction) -> int:
    """The number, at 25 per second, of the frame seen in the middle of frame `index` of a film of that rate."""
    return int((index + Fraction(1, 2)) * FPS / rate)


def sound_for(number: int) -> int:
    """How many samples (24 kHz, from the first of the answer) make frame `number` known, unless the sound ends."""
    return (number + 1 + LOOK_AHEAD_FRAMES) * SAMPLES_PER_FRAME
