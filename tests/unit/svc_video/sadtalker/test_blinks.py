from __future__ import annotations

import random

import numpy as np
import pytest

from svc_video.engines.sadtalker.blinks import REACH, SHAPE, Blinks, upstream_blinks


def as_upstream_draws(frames, draw):
    """generate_blink_seq_randomly, told anew."""
    closed = np.zeros(frames, np.float32)
    at = 0
    while frames > 20 and at < frames:
        start = draw.choice(range(min(10, frames), min(int(frames / 2), 70)))
        if at + start + 5 > frames - 1:
            break
        closed[at + start : at + start + 5] = [0.5, 0.9, 1.0, 0.9, 0.5]
        at += start + 5
    return closed


@pytest.mark.parametrize("frames", [1, 20, 22, 60, 139, 140, 1_500])
@pytest.mark.parametrize("seed", [0, 7])
def test_a_known_length_gives_upstreams_blinks(frames, seed):
    assert (upstream_blinks(frames, random.Random(seed)) == as_upstream_draws(frames, random.Random(seed))).all()


def test_21_frames_have_no_gap_to_draw_from_and_no_blink():
    assert not upstream_blinks(21, random.Random(0)).any()


@pytest.mark.parametrize("frames", [140, 250, 1_500])
def test_a_film_of_140_frames_or_more_blinks_as_upstreams_does(frames):
    drawn = Blinks(3).ratios(range(frames), frames)
    assert (drawn == upstream_blinks(frames, random.Random(3))).all()
    assert drawn.max() == 1


@pytest.mark.parametrize("piece", [1, 3, 50])
def test_however_the_frames_are_asked_for_they_blink_the_same(piece):
    frames, blinks = 400, Blinks(1)
    given, at = [], 0
    while at < frames:
        known = min(frames, at + piece)
        given.append(blinks.ratios(range(at, known), frames if known + REACH > frames else None))
        at = known
    assert (np.concatenate(given) == Blinks(1).ratios(range(frames), frames)).all()


def test_a_later_start_blinks_as_the_whole_film():
    whole = Blinks(1).ratios(range(400), 400)
    assert (Blinks(1).ratios(range(231, 400), 400) == whole[231:]).all()


def test_a_blink_the_film_is_too_short_for_is_not_begun():
    start = int(np.flatnonzero(Blinks(1).ratios(range(400), None))[0])
    assert not Blinks(1).ratios(range(start + 5), start + 5).any()
    assert Blinks(1).ratios(range(start + 6), start + 6).sum() == pytest.approx(sum(SHAPE))


def test_the_rate_is_the_share_of_the_blinks():
    def count(rate):
        return (Blinks(1, rate).ratios(range(20_000), 20_000) == 1).sum()

    assert count(0.5) == pytest.approx(count(1) / 2, rel=0.15)
    assert count(0) == 0
