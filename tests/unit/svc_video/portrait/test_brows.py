from __future__ import annotations

import numpy as np

from svc_video.engines.portrait.brows import IDLE_RAISE, LEAST_STRENGTH, raised
from svc_video.engines.portrait.prosody import Accent


def way(accents: list[Accent], rises: list[Accent] = []) -> np.ndarray:  # noqa: B006 - never changed
    return np.array([raised(at, accents, rises, 1) for at in np.arange(0.0, 6.0, 0.01)])


def test_brows_rise_quickly_with_a_strong_accent_and_sink_slowly() -> None:
    brow = way([Accent(3.0, 1.0)])
    top = int(brow.argmax())
    assert brow.max() > 0.4
    assert 3.0 <= top / 100 <= 3.2
    high = np.flatnonzero(brow > brow.max() / 2)
    assert high[-1] - top > 1.8 * (top - high[0])


def test_weak_accents_leave_them_where_they_are() -> None:
    brow = way([Accent(3.0, LEAST_STRENGTH), Accent(3.4, 0.2)])
    assert 0 < np.abs(brow).max() <= 1.5 * IDLE_RAISE


def test_a_question_raises_them() -> None:
    brow = way([], [Accent(3.0, 1.0)])
    assert brow[300:350].max() > 0.25
    assert np.abs(np.diff(brow)).max() < 0.05
