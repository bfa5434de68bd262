from __future__ import annotations

import numpy as np
import pytest
from tests.fakes.formants import Timbre, say

from svc_tts.audio.cepstra import HOP_S, Cepstra


def of(pcm: bytes, rate: int, step: int = 10**9) -> np.ndarray:
    cepstra = Cepstra(rate)
    parts = [cepstra.feed(pcm[at : at + step]) for at in range(0, len(pcm), step)]
    return np.concatenate([*parts, cepstra.finish()])


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000])
@pytest.mark.parametrize("step", [2, 1_000, 7_778])
def test_pieces_make_no_difference(rate: int, step: int) -> None:
    pcm, _, _ = say("abc", Timbre(), rate)
    assert of(pcm, rate) == pytest.approx(of(pcm, rate, step), abs=1e-4)


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000])
def test_a_frame_each_hundredth_of_a_second(rate: int) -> None:
    pcm, _, _ = say("some letters", Timbre(), rate)
    assert len(of(pcm, rate)) == pytest.approx(len(pcm) / 2 / rate / HOP_S, abs=2)


def test_the_same_sound_at_two_rates_is_alike() -> None:
    low, high = (of(say("abcdef", Timbre(), rate)[0], rate) for rate in (16_000, 24_000))
    count = min(len(low), len(high))
    assert np.abs(low[:count, :-1] - high[:count, :-1]).mean() < 0.1 * low[:, :-1].std()


def test_the_level_is_in_decibels_of_full_scale() -> None:
    loud = (np.sin(np.arange(24_000) / 10) * 32_767).astype("<i2").tobytes()
    assert of(loud, 24_000)[50, -1] == pytest.approx(-3.0, abs=0.1)
    assert of(bytes(48_000), 24_000)[50, -1] == pytest.approx(-100.0)


def test_nothing_is_no_frame() -> None:
    assert Cepstra(16_000).feed(b"").shape == (0, 13)
