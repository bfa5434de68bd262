from __future__ import annotations

import numpy as np
import pytest

from svc_video.engines.sadtalker.resampling import RATE, Resampler


def tone(hertz, count=12_000):
    return (np.sin(2 * np.pi * hertz * np.arange(count) / 24_000) * 16_384).astype(np.int16)


def whole(pcm):
    resampler = Resampler()
    return np.concatenate((resampler.feed(pcm), resampler.end(len(pcm) * 2 // 3)))


@pytest.mark.parametrize("hertz", [100, 1_000, 6_000, 7_200])
def test_a_tone_keeps_its_pitch_place_and_loudness(hertz):
    given = whole(tone(hertz))
    wanted = np.sin(2 * np.pi * hertz * np.arange(8_000) / RATE) / 2
    assert np.abs(given - wanted)[200:-200].max() < 1e-3


@pytest.mark.parametrize("hertz", [8_100, 9_000, 11_900])
def test_what_16_khz_cannot_hold_is_gone(hertz):
    assert np.abs(whole(tone(hertz)))[200:-200].max() < 1e-3


@pytest.mark.parametrize("piece", [1, 2, 5, 24, 960, 4_001])
def test_however_it_is_cut_it_is_the_same(piece):
    pcm = np.random.default_rng(0).integers(-20_000, 20_000, 4_800).astype(np.int16)
    resampler = Resampler()
    pieces = [resampler.feed(pcm[at : at + piece]) for at in range(0, len(pcm), piece)]
    assert np.abs(np.concatenate((*pieces, resampler.end(3_200))) - whole(pcm)).max() < 1e-12


@pytest.mark.parametrize("first", [960, 961, 2_402])
def test_a_later_start_gives_the_same_samples_once_it_heard_enough(first):
    pcm = np.random.default_rng(1).integers(-20_000, 20_000, 4_800).astype(np.int16)
    resampler = Resampler(first)
    later = np.concatenate((resampler.feed(pcm[first:]), resampler.end(3_200)))
    assert resampler.first + len(later) == 3_200
    settled = 90
    assert np.abs(later[settled:] - whole(pcm)[resampler.first + settled :]).max() < 1e-12


def test_it_holds_no_more_than_its_filters_need():
    resampler = Resampler()
    for _ in range(50):
        resampler.feed(np.zeros(960, np.int16))
    assert len(resampler._held) < 500
