"""Which of the networks' 25 frames per second is shown when, and how much sound it needs. No torch here.

`motion` decides; what it says of a frame is worked out here beforehand, so that a film waits for speech where speech is
what it lacks.
"""

from __future__ import annotations

from fractions import Fraction

from svc_video.engines.sadtalker.source import FPS
from troupe.wire.media import SAMPLE_RATE

SAMPLES_PER_FRAME = SAMPLE_RATE // FPS  # 960
POSE_REACH = 19  # frames on each side whose pose counts: 13 of the mapping network, 6 of smoothing
CHUNK_FRAMES = 32  # frames whose poses are computed together; frame 0 stands before the first chunk
HEARD_AHEAD_MS = 98  # of sound after a frame that the networks hear it with
STILL_AHEAD_MS = 725  # the same where the head is still, with the frames around it
LOOK_BACK_MS = 2_123  # of sound before a frame from which a film goes on as if nothing had been


def drawn(index: int, rate: Fraction) -> int:
    """The number, at 25 per second, of the frame seen in the middle of frame `index` of a film of that rate."""
    return int((index + Fraction(1, 2)) * FPS / rate)


def sound_for(number: int, *, still: bool = False) -> int:
    """How many samples (24 kHz, from the first of the answer) make frame `number` known, unless the sound ends."""
    if still:
        return (number + 1) * SAMPLES_PER_FRAME + STILL_AHEAD_MS * SAMPLE_RATE // 1_000
    chunk = (number + POSE_REACH - 1) // CHUNK_FRAMES
    last_heard = (chunk + 1) * CHUNK_FRAMES
    return (last_heard + 1) * SAMPLES_PER_FRAME + HEARD_AHEAD_MS * SAMPLE_RATE // 1_000
