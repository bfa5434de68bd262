"""Our networks against what coqui-tts 0.28.0 answered for the same random weights."""

import numpy as np
import pytest
from tests.bench.xtts.ours import answer

LIMITS = {
    "style_mel": 1e-5,
    "style_latents": 1e-4,
    "speaker_mel": 1e-3,  # powers of up to some hundred
    "speaker_vector": 1e-5,
    "cloned_conditioning": 1e-4,
    "cloned_speaker": 1e-4,
    "wave_of_latents": 1e-4,
}
RESAMPLER_LIMIT = 1e-4


@pytest.fixture(scope="module")
def answers(checkpoint, asked):
    return answer(checkpoint, asked, "resampled", "heard", "cloned", "spoken")


@pytest.mark.parametrize("name", LIMITS)
def test_a_network_equals_the_reference(golden, answers, name):
    assert answers[name].shape == golden[name].shape
    assert np.abs(answers[name] - golden[name]).max() <= LIMITS[name]
    assert np.abs(golden[name]).std() > 0.01  # or it would say nothing


def test_the_resampler_equals_the_reference(golden, answers, asked):
    for rate in asked["to_rates"]:
        name = f"resampled_{rate}"
        assert answers[name].shape == golden[name].shape
        assert np.abs(answers[name] - golden[name]).max() <= RESAMPLER_LIMIT


def test_every_recorded_answer_of_the_networks_is_asked(golden):
    recorded = {name for name in golden if not name.startswith("resampled_")}
    assert recorded == set(LIMITS)
