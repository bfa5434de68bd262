"""The head: a slow wander, larger while it speaks, nods on accents, settling in pauses, breath.

Every part is a spline or a bump without corners, so velocity has no jumps either: nearly all of it is below 2 Hz.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from svc_video.engines.portrait.expressions import Expression
from svc_video.engines.portrait.noise import bump, joined, noise, smooth, wander
from svc_video.engines.portrait.prosody import Accent

SPEAKING = {"yaw": 2.7, "pitch": 1.3, "roll": 1.35, "dx": 0.009, "dy": 0.005}  # degrees, face widths
IDLE_SHARE = 0.62  # of that, while nobody speaks
LIMITS = {"yaw": 4.0, "pitch": 3.0, "roll": 2.5, "dx": 0.03, "dy": 0.03}
# Seconds between a wander's lattice points, and its share; the last one only in speech.
WANDERS = ((3.9, 0.66), (1.7, 0.34))
LIVELY_S, LIVELY_SHARE = 0.95, 0.22
EASE_S = 1.5  # a film opens with the portrait as it is
NOD_DEGREES = 2.2
NOD_CURVE = 1.5  # exponent of the strength: middling accents hardly nod
NOD_AFTER_S = 0.2  # from an accent's onset to the lowest point
NOD_S = (0.32, 0.46)  # its rise and its fall
NOD_TURN = 0.35  # a nod is never straight down
LIFT_DEGREES, LIFT_AFTER_S, LIFT_S = -0.6, 0.3, (0.3, 0.8)  # the head comes up as a phrase begins
SETTLE_DEGREES, SETTLE_AFTER_S, SETTLE_S = 0.7, 0.35, (0.35, 0.7)  # and goes down as it ends
BREATH_S = 3.9  # a quiet breath
INHALE_AFTER_S, INHALE_S = 0.25, (0.42, 1.6)  # a speaker's breath, at the start of a phrase
BREATH_SHIFT = -0.004  # face widths: an inhaled breath lifts the head


@dataclass(frozen=True, slots=True)
class Beats:
    """What speech gives the head to move with, near one moment."""

    engaged: float = 0.0  # 0..1, slow
    accents: Sequence[Accent] = ()
    phrase_starts: Sequence[float] = ()  # seconds
    phrase_ends: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Pose:
    """Head and chest at one moment, in the units of `FaceParams`."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    dx: float = 0.0
    dy: float = 0.0
    breath: float = 0.0


class Head:
    """The head of one face. `scale` 1 is usual, 0 is still."""

    def __init__(self, seed: int, expression: Expression, scale: float = 1.0) -> None:
        self._seed, self._expression, self._scale = seed, expression, scale

    def at(self, seconds: float, beats: Beats) -> Pose:
        """The pose at that moment."""
        if not self._scale:
            return Pose(breath=self._breath(seconds, beats))
        breath = self._breath(seconds, beats)
        pose = {name: self._wander(name, size, seconds, beats.engaged) for name, size in SPEAKING.items()}
        nod, turn = self._nod(seconds, beats.accents)
        pose["pitch"] += nod + self._phrase(seconds, beats) + self._expression.pitch * smooth(seconds / EASE_S)
        pose["yaw"] += turn
        pose["dy"] += BREATH_SHIFT * breath
        return Pose(**{name: self._scale * _within(value, LIMITS[name]) for name, value in pose.items()}, breath=breath)

    def _wander(self, name: str, size: float, seconds: float, engaged: float) -> float:
        tempo = self._expression.tempo
        slow = sum(share * wander(self._seed, f"{name} {s}", seconds * tempo / s) for s, share in WANDERS)
        lively = LIVELY_SHARE * engaged * wander(self._seed, f"{name} lively", seconds * tempo / LIVELY_S)
        share = IDLE_SHARE + (1 - IDLE_SHARE) * engaged
        return size * self._expression.reach * (share * slow + lively) * smooth(seconds / EASE_S)

    def _nod(self, seconds: float, accents: Sequence[Accent]) -> tuple[float, float]:
        """Pitch and yaw (degrees) of the nods."""
        beats = [(accent, bump(seconds - accent.at - NOD_AFTER_S, *NOD_S)) for accent in accents]
        depth = NOD_DEGREES * self._expression.reach
        nod = depth * joined([accent.strength**NOD_CURVE * beat for accent, beat in beats])
        turn = sum(
            depth * NOD_TURN * accent.strength * beat * (2 * noise(self._seed, "nod", round(accent.at * 1000)) - 1)
            for accent, beat in beats
            if beat
        )
        return nod, turn

    def _phrase(self, seconds: float, beats: Beats) -> float:
        lift = joined([bump(seconds - start - LIFT_AFTER_S, *LIFT_S) for start in beats.phrase_starts])
        settle = joined([bump(seconds - end - SETTLE_AFTER_S, *SETTLE_S) for end in beats.phrase_ends])
        return LIFT_DEGREES * lift + SETTLE_DEGREES * settle

    def _breath(self, seconds: float, beats: Beats) -> float:
        """0..1: slow and even while nobody speaks, quick in and slow out in speech."""
        uneven = 0.35 * wander(self._seed, "breath", seconds / BREATH_S)
        part = (seconds / BREATH_S + uneven) % 1.0
        quiet = smooth(part / 0.42) if part < 0.42 else 1 - smooth((part - 0.42) / 0.58)
        spoken = joined([bump(seconds - start - INHALE_AFTER_S, *INHALE_S) for start in beats.phrase_starts])
        mixed = quiet * (1 - beats.engaged) * 0.7 + spoken * beats.engaged
        return mixed * smooth(seconds / EASE_S)


def _within(value: float, limit: float) -> float:
    """The value, bent so that it never reaches the limit; small ones stay as they are."""
    part = abs(value) / limit
    return value / float((1 + part**4) ** 0.25)
