from __future__ import annotations

import numpy as np
import pytest

from svc_tts.audio.colour import VoiceColour

RANDOM = np.random.default_rng(7)


def frames(count: int, mean: float = 3.0, spread: float = 2.0, level: float = -20.0) -> np.ndarray:
    cepstra = RANDOM.normal(mean, spread, (count, 12))
    return np.concatenate((cepstra, np.full((count, 1), level)), axis=1).astype(np.float32)


def test_what_is_left_has_mean_zero_and_deviation_one() -> None:
    left = VoiceColour().of_all([frames(500), frames(500)])
    assert left[:, :-1].mean() == pytest.approx(0.0, abs=1e-4)
    assert left[:, :-1].std() == pytest.approx(1.0, abs=1e-3)
    assert (left[:, -1] == 0.0).all()


def test_silence_does_not_colour_a_voice() -> None:
    colour = VoiceColour()
    colour.learn(frames(200))
    colour.learn(frames(2_000, mean=-9.0, level=-80.0))
    left = colour.without(frames(200))
    assert left[:, :-1].mean() == pytest.approx(0.0, abs=0.1)


def test_before_a_voice_is_known_its_cepstra_tell_nothing() -> None:
    left = VoiceColour().of_all([frames(3)])
    assert not left[:, :-1].any()


def test_what_changes_is_learned_anew() -> None:
    colour = VoiceColour()
    colour.learn(frames(3_000))
    for _ in range(8):
        colour.learn(frames(2_000, mean=8.0))
    assert colour.without(frames(200, mean=8.0))[:, :-1].mean() == pytest.approx(0.0, abs=0.1)


def test_a_copy_goes_on_by_itself() -> None:
    colour = VoiceColour()
    colour.learn(frames(100))
    before = colour.without(frames(1, spread=0.0))
    colour.again().learn(frames(3_000, mean=9.0, level=0.0))
    assert np.array_equal(colour.without(frames(1, spread=0.0)), before)
