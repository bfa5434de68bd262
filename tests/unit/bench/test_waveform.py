from __future__ import annotations

import numpy as np
import pytest
from tests.bench.waveform import judge

from troupe.wire.media import SAMPLE_RATE


def tone(seconds: float = 2.0, loud: float = 0.5, height_hz: float = 200.0) -> np.ndarray:
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return loud * np.sin(2 * np.pi * height_hz * at)


def pcm(wave: np.ndarray) -> bytes:
    return (wave * 32_767).clip(-32_768, 32_767).astype("<i2").tobytes()


def test_a_clean_tone_is_clean() -> None:
    found = judge(pcm(tone()), joins_ms=[1_000])
    assert (found.seconds, found.clipped, found.silent) == (2.0, 0, 0.0)
    assert found.peak == pytest.approx(0.5, abs=0.01)
    assert found.offset == pytest.approx(0.0, abs=0.001)
    assert found.worst_join <= 1.0


def test_clipping_and_an_offset_are_seen() -> None:
    assert judge(pcm(tone(loud=1.5))).clipped > 1_000
    assert judge(pcm(tone() + 0.1)).offset == pytest.approx(0.1, abs=0.001)


def test_silence_is_measured() -> None:
    found = judge(pcm(np.concatenate([tone(1.0), np.zeros(SAMPLE_RATE), tone(1.0)])))
    assert found.longest_silence_s == pytest.approx(1.0, abs=0.05)
    assert found.silent == pytest.approx(1 / 3, abs=0.02)
    assert judge(b"").silent == 1.0


def test_a_click_at_a_join_is_heard_and_one_elsewhere_is_not_taken_for_it() -> None:
    wave = tone()
    wave[SAMPLE_RATE:] *= -1  # the phase jumps
    wave[SAMPLE_RATE:] += 0.2
    assert judge(pcm(wave), joins_ms=[1_000]).worst_join > 4
    assert judge(pcm(wave), joins_ms=[500]).worst_join < 1
