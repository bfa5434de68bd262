from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from tests.fakes.sadtalker_release import values

from svc_video.engines.sadtalker import motion
from svc_video.engines.sadtalker.motion import MotionNetworks, MotionStream, whole_motion
from svc_video.engines.sadtalker.plan import MotionPlan, Reference

FRAME = 960  # samples of 24 kHz
FACE = np.random.default_rng(0).standard_normal((15, 3)).astype(np.float32) * 0.3
CANONICAL = torch.from_numpy(FACE)
PICTURE = np.random.default_rng(1).standard_normal(73).astype(np.float32) / 2
FILM = np.random.default_rng(2).standard_normal((41, 73)).astype(np.float32) / 2
CLOSE = 1e-5

torch.set_num_threads(1)


def tensors(part):
    return {name: torch.from_numpy(array) for name, array in values(part).items()}


@functools.cache
def networks(full=False):
    return MotionNetworks.of(
        tensors("audio2exp"), tensors("audio2pose"), tensors("mapping_full" if full else "mapping_crop")
    )


@functools.cache
def speech(frames, seed=0):
    """Noise whose loudness goes up and down, with a pause in it."""
    draw = np.random.default_rng(seed)
    count = round(frames * FRAME)
    loud = np.abs(np.sin(np.arange(count) / 4_000)) * (np.arange(count) % 50_000 > 9_000)
    return (draw.standard_normal(count) * loud * 6_000).astype(np.int16)


def points(motions):
    return torch.cat([one.heads.keypoints(CANONICAL) for one in motions])


def fed(stream, pcm, pieces):
    """Feed it piece by piece; everything it gave."""
    given, at = [], 0
    for piece in pieces:
        stream.feed(pcm[at : at + piece])
        at += piece
        given.append(stream.frames())
        if at >= len(pcm):
            break
    stream.end()
    given.append(stream.frames())
    return [one for one in given if one is not None]


PLANS = {
    "usual": MotionPlan(seed=4, style=7),
    "still": MotionPlan(still=True),
    "still and blinking": MotionPlan(seed=4, still=True, blink_rate=1),
    "scaled": MotionPlan(seed=1, expression_scale=1.5, pose_scale=0.4),
    "turned": MotionPlan(yaw=(-10, 20), pitch=(5,), roll=(0, 3, 3, -4)),
    "following": MotionPlan(reference=Reference(FILM)),
    "following the head": MotionPlan(reference=Reference(FILM, "pose"), pose_scale=2),
}


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
@pytest.mark.parametrize("full", [False, True], ids=["crop", "full"])
def test_a_stream_moves_as_the_whole_clip(plan, full):
    pcm = speech(101)
    whole = whole_motion(networks(full), PICTURE, plan, pcm)
    assert len(whole) == 101
    given = fed(MotionStream(networks(full), PICTURE, plan), pcm, [FRAME] * 101)
    assert [one.first for one in given] == list(np.cumsum([0, *[len(one) for one in given[:-1]]]))
    assert (points(given) - points([whole])).abs().max() < CLOSE
    assert (torch.cat([one.coefficients for one in given]) - whole.coefficients).abs().max() < CLOSE


@pytest.mark.parametrize("seed", range(4))
def test_wherever_the_sound_is_cut_it_moves_the_same(seed):
    pcm = speech(90.3)
    draw = np.random.default_rng(seed)
    pieces = [int(draw.integers(0, 9_000)) for _ in range(200)]
    given = fed(MotionStream(networks(), PICTURE, PLANS["usual"]), pcm, pieces)
    assert (points(given) - points([whole_motion(networks(), PICTURE, PLANS["usual"], pcm)])).abs().max() < CLOSE


@pytest.mark.parametrize("frames", [1, 2, 3, 12, 13, 14, 20, 21, 22, 31, 32, 33, 34, 63, 64, 65, 66])
def test_a_clip_of_any_length_moves_for_as_long(frames):
    whole = whole_motion(networks(), PICTURE, PLANS["usual"], speech(frames))
    assert len(whole) == frames
    assert whole.coefficients.isfinite().all()
    given = fed(MotionStream(networks(), PICTURE, PLANS["usual"]), speech(frames), [FRAME] * frames)
    assert (points(given) - points([whole])).abs().max() < CLOSE


def test_sound_that_ends_within_a_frame_shows_that_frame():
    assert len(whole_motion(networks(), PICTURE, MotionPlan(), speech(20)[: 19 * FRAME + 1])) == 20


def test_no_sound_is_no_frame():
    assert whole_motion(networks(), PICTURE, MotionPlan(), np.zeros(0, np.int16)) is None


def test_silence_moves_without_the_mouth():
    whole = whole_motion(networks(), PICTURE, MotionPlan(blink_rate=0), np.zeros(60 * FRAME, np.int16))
    assert whole.coefficients[:, :64].std(0).max() < CLOSE
    assert whole.coefficients[:, 64:].std(0).max() > 0.01


@pytest.mark.parametrize("start", [1, 6, 13, 14, 32, 33, 51, 52, 70, 83, 84, 96, 110, 118, 119])
@pytest.mark.parametrize("plan", ["usual", "still and blinking", "following"])
def test_a_later_start_goes_on_as_the_whole_clip(plan, start):
    pcm = speech(120)
    first = max(0, start * FRAME - motion.LOOK_BACK_MS * 24)
    stream = MotionStream(networks(), PICTURE, PLANS[plan], start_frame=start, first_sample=first)
    given = fed(stream, pcm[first:], [7 * FRAME] * 120)
    whole = whole_motion(networks(), PICTURE, PLANS[plan], pcm)
    assert given[0].first == start
    assert (points(given) - points([whole])[start:]).abs().max() < CLOSE


def test_a_second_of_sound_before_a_later_start_is_not_enough():
    start, pcm = 83, speech(120)  # its oldest pose is the last of a chunk
    first = start * FRAME - 1_000 * 24
    stream = MotionStream(networks(), PICTURE, PLANS["usual"], start_frame=start, first_sample=first)
    given = fed(stream, pcm[first:], [len(pcm)])
    whole = whole_motion(networks(), PICTURE, PLANS["usual"], pcm)
    assert (points(given) - points([whole])[start:]).abs().max() > CLOSE


@pytest.mark.parametrize("frames", [84, 85, 90, 96, 97, 98, 110])
def test_a_later_start_ends_as_the_whole_clip(frames):
    start, pcm = 83, speech(frames)
    first = start * FRAME - motion.LOOK_BACK_MS * 24
    stream = MotionStream(networks(), PICTURE, PLANS["usual"], start_frame=start, first_sample=first)
    given = fed(stream, pcm[first:], [len(pcm)])
    whole = whole_motion(networks(), PICTURE, PLANS["usual"], pcm)
    assert (points(given) - points([whole])[start:]).abs().max() < CLOSE


def test_with_less_sound_before_it_a_later_start_still_gives_every_frame():
    stream = MotionStream(networks(), PICTURE, PLANS["usual"], start_frame=80, first_sample=80 * FRAME)
    given = fed(stream, speech(120)[80 * FRAME :], [FRAME] * 40)
    assert given[0].first == 80
    assert sum(len(one) for one in given) == 40
    assert points(given).isfinite().all()


@pytest.mark.parametrize("start", [30, 31, 80])
def test_a_start_after_the_end_gives_nothing(start):
    stream = MotionStream(networks(), PICTURE, PLANS["usual"], start_frame=start)
    assert fed(stream, speech(30), [FRAME * 30]) == []


@pytest.mark.parametrize(
    ("plan", "ahead_ms"),
    [
        ("usual", motion.LOOK_AHEAD_MS),
        ("still", motion.STILL_AHEAD_MS),
        ("still and blinking", motion.STILL_AHEAD_MS),
    ],
)
def test_a_frame_comes_when_the_sound_it_needs_has_come(plan, ahead_ms):
    stream = MotionStream(networks(), PICTURE, PLANS[plan])
    pcm, known, latest = speech(150), 0, 0
    for number in range(150):
        stream.feed(pcm[number * FRAME : (number + 1) * FRAME])
        if (given := stream.frames()) is not None:
            known = given.first + len(given)
        latest = max(latest, (number + 1 - (known + 1)) * 40)  # ms after the end of the frame that is not there yet
    assert known > 0
    assert ahead_ms - 40 - 150 < latest < ahead_ms


def test_a_frame_never_changes_by_what_comes_after_it():
    given = fed(MotionStream(networks(), PICTURE, PLANS["usual"]), speech(150), [FRAME] * 150)[:-1]
    changed = np.concatenate((speech(110), speech(40, seed=9)))
    other = whole_motion(networks(), PICTURE, PLANS["usual"], changed)
    safe = 110 - 1 - motion.LOOK_AHEAD_MS // 40 - 1
    assert (points(given)[:safe] - points([other])[:safe]).abs().max() < CLOSE
    assert (points(given)[safe:110] - points([other])[safe:110]).abs().max() > CLOSE


def test_the_seed_and_the_style_are_heard_by_the_head_alone():
    one, two, three = (
        whole_motion(networks(), PICTURE, MotionPlan(seed=seed, style=style, blink_rate=0), speech(40))
        for seed, style in ((0, 0), (1, 0), (0, 9))
    )
    for other in (two, three):
        assert (one.coefficients[:, :64] == other.coefficients[:, :64]).all()
        assert (one.coefficients[1:, 64:] != other.coefficients[1:, 64:]).any()


def test_the_first_frame_stands_as_the_picture_does_but_for_the_smoothing():
    whole = whole_motion(networks(), PICTURE, MotionPlan(pose_scale=0), speech(40))
    assert (whole.coefficients[:, 64:] - torch.from_numpy(PICTURE[64:70])).abs().max() < CLOSE


def test_still_keeps_pose_and_place_and_asks_the_pose_network_nothing():
    quiet = MotionNetworks(networks(full=True).expression, None, networks(full=True).mapping)
    whole = whole_motion(quiet, PICTURE, MotionPlan(still=True), speech(30))
    assert (whole.coefficients[:, 64:] == torch.from_numpy(PICTURE[64:])).all()


def test_a_followed_film_begins_again_after_its_end():
    followed = whole_motion(networks(), PICTURE, MotionPlan(reference=Reference(FILM, "pose")), speech(90))
    alone = whole_motion(networks(), PICTURE, MotionPlan(), speech(90))
    way = torch.from_numpy(FILM[np.arange(90) % 41, 64:70] - FILM[0, 64:70])
    assert (followed.coefficients[:, 64:] - alone.coefficients[:, 64:] - way).abs().max() < CLOSE
    assert (followed.coefficients[:, :64] == alone.coefficients[:, :64]).all()


def test_given_blinks_take_the_place_of_drawn_ones():
    none = whole_motion(networks(), PICTURE, MotionPlan(blink_rate=0), speech(30))
    given = whole_motion(networks(), PICTURE, MotionPlan(blinks=np.float32([0, 0, 1])), speech(30))
    differs = (none.coefficients != given.coefficients).any(1)
    assert differs.tolist() == [False, False, True] + [False] * 27


def test_the_picture_has_a_head_of_its_own():
    heads = networks().source_heads(PICTURE)
    assert heads.keypoints(CANONICAL).shape == (1, 15, 3)


def test_half_an_hour_takes_no_more_memory_than_ten_seconds():
    """Ten times as long, and every buffer as large as before."""

    def held(stream):
        tracks = [stream._expressions, stream._poses, stream._coefficients, stream._hearing._columns]
        tracks += [stream._head._heard, stream._head._poses]
        return [len(track._held) for track in tracks]

    stream, sizes = MotionStream(networks(), PICTURE, PLANS["usual"]), []
    for _ in range(20):
        stream.feed(speech(32))
        stream.frames()
        sizes.append(held(stream))
    assert np.max(sizes[2:], axis=0).tolist() == sizes[-1]
    assert max(sizes[-1]) < 120


def test_sound_of_another_rate_is_refused():
    with pytest.raises(ValueError, match="16000"):
        MotionStream(networks(), PICTURE, MotionPlan(), rate=44_100)
