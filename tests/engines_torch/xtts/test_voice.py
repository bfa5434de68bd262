from dataclasses import replace

import pytest
import torch
from tests.bench.xtts.questions import RATE

from svc_tts.engines.xtts.config import ReferenceCut
from svc_tts.engines.xtts.signal import resample
from svc_tts.engines.xtts.voice import VoiceNetworks, latents_of
from troupe.wire.errors import UnsupportedMedia


@pytest.fixture(scope="module")
def networks(checkpoint):
    return VoiceNetworks.of(checkpoint)


@pytest.fixture(scope="module")
def wave(asked):
    return torch.from_numpy(asked["wave"])


def test_a_voice_has_latents(networks, wave):
    latents = latents_of(wave, RATE, networks)
    assert latents.conditioning.shape == (32, 64)
    assert latents.speaker.shape == (512,)
    assert torch.linalg.vector_norm(latents.speaker) == pytest.approx(1.0, abs=1e-5)


def test_too_short_a_sample_is_refused(networks, wave):
    with pytest.raises(UnsupportedMedia, match=r"at least 0\.33 s"):
        latents_of(wave[: int(0.3 * RATE)], RATE, networks)
    with pytest.raises(UnsupportedMedia, match="too short"):
        latents_of([], RATE, networks)


def test_only_so_much_is_heard(networks, wave):
    short = replace(networks, cut=ReferenceCut(longest_s=1, conditioning_s=1, chunk_s=1))
    whole, cut = latents_of(wave, RATE, short), latents_of(wave[:RATE], RATE, short)
    assert torch.allclose(whole.speaker, cut.speaker, atol=1e-3)
    assert torch.allclose(whole.conditioning, cut.conditioning, atol=0.05)


def test_the_level_does_not_matter_where_it_is_normalised(networks, wave):
    normalised = replace(networks, cut=replace(networks.cut, peak_normalised=True))
    loud, quiet = latents_of(wave, RATE, normalised), latents_of(wave * 0.1, RATE, normalised)
    assert torch.allclose(loud.conditioning, quiet.conditioning, atol=1e-3)
    assert not torch.allclose(
        latents_of(wave, RATE, networks).conditioning, latents_of(wave * 0.1, RATE, networks).conditioning, atol=1e-2
    )


def test_silence_has_finite_latents(networks):
    latents = latents_of(torch.zeros(RATE), RATE, networks)
    assert latents.conditioning.isfinite().all()
    assert latents.speaker.isfinite().all()


def test_resampling_keeps_a_tone():
    at = torch.arange(RATE) / RATE
    there = resample(torch.sin(2 * torch.pi * 440 * at), RATE, 16000)
    expected = torch.sin(2 * torch.pi * 440 * torch.arange(16000) / 16000)
    assert there.shape == (16000,)
    assert (there - expected)[100:-100].abs().max() < 2e-3


def test_resampling_removes_what_would_fold_over():
    at = torch.arange(RATE) / RATE
    there = resample(torch.sin(2 * torch.pi * 10000 * at), RATE, 16000)
    assert there[200:-200].abs().max() < 0.05
    assert torch.equal(resample(at, RATE, RATE), at)
