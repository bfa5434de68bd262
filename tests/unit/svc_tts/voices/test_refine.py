from __future__ import annotations

import numpy as np
import pytest
from tests.fakes.speaker import RATE, speech

from svc_tts.audio.loudness import loudness
from svc_tts.voices.measure import measure
from svc_tts.voices.refine import LOUDNESS_LUFS, denoise, level

SECONDS = 12


def snr_db(clean: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(np.square(clean).sum() / np.square(other - clean).sum()))


def hissing(clean: np.ndarray, below_db: float) -> np.ndarray:
    power = np.sqrt(np.square(clean).mean()) * 10 ** (-below_db / 20)
    return (clean + np.random.default_rng(1).standard_normal(len(clean)) * power).astype(np.float32)


@pytest.mark.parametrize("below_db", [5, 10])
def test_hiss_is_taken_out_and_speech_kept(below_db: float) -> None:
    clean = speech(SECONDS)
    noisy = hissing(clean, below_db)
    refined = denoise(noisy)
    assert len(refined) == len(clean)
    assert snr_db(clean, refined) >= snr_db(clean, noisy) + 6
    assert np.corrcoef(clean, refined)[0, 1] > 0.95
    assert measure(refined).snr_db > measure(noisy).snr_db + 10


def test_clean_speech_is_left_as_it_is() -> None:
    clean = speech(SECONDS)
    assert snr_db(clean, denoise(clean)) > 15


@pytest.mark.parametrize("count", [0, 1, 1_000, 24_001])
def test_denoise_keeps_the_length(count: int) -> None:
    assert len(denoise(np.zeros(count, np.float32))) == count


@pytest.mark.parametrize("gain_db", [-30, -10, 6])
def test_speech_is_brought_to_the_usual_loudness(gain_db: float) -> None:
    loud = level(speech(SECONDS) * np.float32(10 ** (gain_db / 20)))
    assert LOUDNESS_LUFS[0] <= (loudness(loud * 32_768, RATE) or 0.0) <= LOUDNESS_LUFS[1]
    assert np.abs(loud).max() <= 10 ** (-1 / 20) + 1e-6


def test_silence_and_what_is_too_short_stay() -> None:
    assert not level(np.zeros(RATE, np.float32)).any()
    short = np.full(100, 0.1, np.float32)
    assert np.allclose(level(short), short)
