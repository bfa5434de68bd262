"""Expressions: what a face wears while it speaks and listens, and how its smile gives way to the words.

MiniMax's emotions are names here too. An expression eases in, because a film opens with the picture as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from svc_video.engines.portrait.noise import smooth

EASE_S = 0.6
SMILE_SPEAKING = 0.42  # part of a smile that goes while the mouth has much to do
SMILE_ROUNDED = 0.6  # part of the rest that goes for rounded lips
SQUINT_PER_SMILE = 0.45  # a smile that reaches the eyes


@dataclass(frozen=True, slots=True)
class Expression:
    """Rest values added to what speech and eyes do, in the units of `FaceParams`; tempo and reach scale the head."""

    smile: float = 0.0
    brow: float = 0.0
    brow_inner: float = 0.0
    brow_outer: float = 0.0
    squint: float = 0.0
    lid: float = 0.0
    jaw: float = 0.0  # while nothing is said
    press: float = 0.0  # while nothing is said
    upper: float = 0.0
    pitch: float = 0.0  # degrees, down
    tempo: float = 1.0  # of the head's wander
    reach: float = 1.0  # of the head's moves


NEUTRAL = Expression()
EXPRESSIONS: Mapping[str, Expression] = {
    "neutral": NEUTRAL,
    "calm": Expression(smile=0.08, brow=-0.03, lid=0.12, tempo=0.75, reach=0.7),
    "friendly": Expression(smile=0.25, brow=0.05, squint=0.08),
    "warm": Expression(smile=0.3, brow=0.03, brow_inner=0.06, squint=0.12, tempo=0.9),
    "happy": Expression(smile=0.45, brow=0.12, squint=0.15, pitch=-0.3, tempo=1.1, reach=1.1),
    "joyful": Expression(smile=0.6, brow=0.18, squint=0.22, pitch=-0.5, tempo=1.2, reach=1.2),
    "sad": Expression(
        smile=-0.35, brow=-0.02, brow_inner=0.5, brow_outer=-0.2, lid=0.3, pitch=1.0, tempo=0.65, reach=0.65
    ),
    "serious": Expression(smile=-0.08, brow=-0.2, squint=0.05, tempo=0.85, reach=0.75),
    "angry": Expression(
        smile=-0.18, brow=-0.38, brow_inner=-0.35, brow_outer=0.12, squint=0.3, lid=-0.1, press=0.3, pitch=0.7,
        tempo=1.15, reach=1.1,
    ),
    "surprised": Expression(smile=0.04, brow=0.6, lid=-0.35, jaw=0.08, pitch=-0.5, tempo=1.1),
    "fearful": Expression(
        smile=-0.14, brow=0.32, brow_inner=0.4, lid=-0.3, jaw=0.05, pitch=-0.3, tempo=1.3, reach=0.7
    ),
    "disgusted": Expression(
        smile=-0.2, brow=-0.25, brow_inner=-0.15, squint=0.3, lid=0.08, upper=0.22, pitch=-0.4, reach=0.9
    ),
    "fluent": Expression(smile=0.12, brow=0.04, tempo=1.05),
    "whisper": Expression(brow=0.03, brow_inner=0.08, squint=0.06, pitch=0.4, tempo=0.8, reach=0.6),
}  # fmt: skip


def expression_named(name: str) -> Expression:
    """The one of that name; of an empty or unknown name, none."""
    return EXPRESSIONS.get(name.strip().casefold(), NEUTRAL)


def eased(seconds: float) -> float:
    """How much of an expression is worn at that moment of the film, 0..1."""
    return smooth(seconds / EASE_S)


def smile_while(smile: float, busy: float, pucker: float) -> float:
    """A smile's rest while the mouth is `busy` (0..1) and its lips are rounded: it comes back in pauses."""
    return smile * (1 - SMILE_SPEAKING * busy) * (1 - SMILE_ROUNDED * min(1.0, pucker))
