"""Brows: up with what is stressed and with questions, quickly up and slowly down.

A raise begins a little before its accent (Flecha-Garcia 2010).
"""

from __future__ import annotations

from collections.abc import Sequence

from svc_video.engines.portrait.noise import bump, joined, smooth, wander
from svc_video.engines.portrait.prosody import Accent

ACCENT_RAISE = 0.5  # of the strongest accent
LEAST_STRENGTH = 0.5  # weaker accents leave the brows where they are
ACCENT_AFTER_S, ACCENT_S = 0.1, (0.22, 0.75)
QUESTION_RAISE, QUESTION_AFTER_S, QUESTION_S = 0.35, 0.2, (0.2, 0.9)
IDLE_RAISE, IDLE_PERIOD_S = 0.035, 3.1  # brows are never quite still


def raised(seconds: float, accents: Sequence[Accent], rises: Sequence[Accent], seed: int) -> float:
    """How far both brows are raised at that moment, about -0.04 to 0.5."""
    weights = [
        (accent, max(0.0, accent.strength - LEAST_STRENGTH) / (1 - LEAST_STRENGTH))
        for accent in accents
        if accent.strength > LEAST_STRENGTH
    ]
    spoken = joined([weight * bump(seconds - a.at - ACCENT_AFTER_S, *ACCENT_S) for a, weight in weights])
    asked = joined([rise.strength * bump(seconds - rise.at - QUESTION_AFTER_S, *QUESTION_S) for rise in rises])
    idle = IDLE_RAISE * wander(seed, "brow", seconds / IDLE_PERIOD_S) * smooth(seconds)
    return joined([ACCENT_RAISE * spoken, QUESTION_RAISE * asked]) + idle
