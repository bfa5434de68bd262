from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from svc_video.engines.portrait.visemes import HELD_FRAMES, MouthTrack, lead_ms, mouth_at
from svc_video.speech import Cue


def said(*phones: str, ms: int = 90, start: int = 300) -> list[Cue]:
    """Phones one after the other, silence around them."""
    return [Cue(ipa, start + number * ms, start + (number + 1) * ms) for number, ipa in enumerate(phones)]


def middle(cues: list[Cue], number: int) -> float:
    """When a phone is seen best."""
    return (cues[number].start_ms + cues[number].end_ms) / 2 - lead_ms(40.0)


def seen(cues: list[Cue], number: int):
    return mouth_at(middle(cues, number), cues)


def track(cues: list[Cue], name: str, step: float = 5.0) -> np.ndarray:
    return np.array([getattr(mouth_at(at, cues), name) for at in np.arange(0, cues[-1].end_ms + 300, step)])


def test_silence_is_the_portrait_at_rest() -> None:
    assert all(value == pytest.approx(0, abs=1e-3) for value in asdict(mouth_at(1000, [])).values())
    assert seen(said("", "", ""), 1).jaw == 0


@pytest.mark.parametrize("phone", ["m", "b", "p"])
@pytest.mark.parametrize("vowel", ["a", "ɑː", "u", "i", "oʊ"])
def test_bilabials_close_whatever_is_around_them(phone, vowel) -> None:
    cues = said(vowel, phone, vowel)
    assert seen(cues, 1).close == 1.0
    assert seen(cues, 0).close < 0.5


@pytest.mark.parametrize("fps", [25, 30, 50])
@pytest.mark.parametrize("phase", [0.0, 7.0, 19.0, 33.0])
def test_a_closure_is_seen_in_two_frames(fps, phase) -> None:
    cues = [Cue("a", 300, 400), Cue("p", 400, 420), Cue("a", 420, 520)]  # a hasty one
    frame_ms = 1000 / fps
    shut = [mouth_at(at, cues, frame_ms=frame_ms).close for at in np.arange(phase, 800, frame_ms)]
    assert sum(value == 1.0 for value in shut) >= HELD_FRAMES


def test_vowels_open_by_their_height() -> None:
    jaws = [seen(said("t", vowel, "t", ms=140), 1).jaw for vowel in ("i", "e", "a")]
    assert jaws == sorted(jaws)
    assert jaws[2] > 0.5
    assert jaws[0] < 0.25


def test_rounded_vowels_pucker_and_spread_ones_widen() -> None:
    rounded, spread = seen(said("t", "uː", "t", ms=140), 1), seen(said("t", "iː", "t", ms=140), 1)
    assert (rounded.pucker > 0.6, spread.pucker < 0.1) == (True, True)
    assert (spread.wide > 0.45, rounded.wide < 0.1) == (True, True)


def test_labiodentals_bring_the_lip_to_the_teeth() -> None:
    assert seen(said("a", "f", "a"), 1).fv > 0.7
    assert seen(said("a", "s", "a"), 1).fv < 0.1


def test_rounding_begins_before_the_vowel() -> None:
    before_u, before_i = seen(said("s", "u", ms=120), 0), seen(said("s", "i", ms=120), 0)
    assert before_u.pucker > before_i.pucker + 0.05


def test_a_consonant_takes_its_lips_from_its_neighbours() -> None:
    assert seen(said("u", "k", "u"), 1).pucker > 0.5
    assert seen(said("i", "k", "i"), 1).wide > 0.4


def test_the_mouth_moves_ahead_of_the_sound() -> None:
    cues = [Cue("a", 500, 900)]
    opening = track(cues, "jaw", 1.0)
    half = float(np.argmax(opening > opening.max() / 2))
    assert 500 - 60 <= half <= 500


def test_nothing_jumps() -> None:
    cues = said(*"tastimopufaskelɔɹwabimup", ms=70)
    for name in ("jaw", "wide", "pucker", "upper", "lower", "fv", "close"):
        assert np.abs(np.diff(track(cues, name))).max() < 0.2  # per 5 ms


def test_loud_speech_opens_wider() -> None:
    cues = said("t", "a", "t", ms=140)
    quiet, loud = (mouth_at(middle(cues, 1), cues, loudness=value).jaw for value in (0.0, 1.0))
    assert loud > 1.3 * quiet


def test_cues_that_have_not_come_do_not_change_what_was_seen() -> None:
    cues = said(*"aminopusafek", ms=80)
    whole = [mouth_at(at, cues) for at in np.arange(0, 600, 40)]
    sofar = [mouth_at(at, [cue for cue in cues if cue.start_ms <= at + 200]) for at in np.arange(0, 600, 40)]
    assert whole == sofar


def test_what_is_long_past_may_be_forgotten() -> None:
    cues = said(*"aminopusafek", ms=80)
    at = 1000.0
    assert mouth_at(at, cues) == mouth_at(at, [cue for cue in cues if cue.end_ms > at - 500])


def test_overlapping_cues_do_no_harm() -> None:
    cues = [Cue("a", 300, 500), Cue("m", 400, 450), Cue("", 450, 450)]
    values = asdict(mouth_at(430, cues)).values()
    assert all(-1 <= value <= 1 for value in values)


def test_a_frame_shows_the_lips_of_its_middle() -> None:
    assert 20 <= lead_ms(40.0) <= 30
    assert lead_ms(1000 / 60) < lead_ms(40.0) < lead_ms(200.0) < 50


def test_sibilants_bring_the_teeth_together_whatever_is_around() -> None:
    for phone in ("s", "z", "ʃ", "tʃ"):
        assert seen(said("a", phone, "a", ms=100), 1).jaw < 0.25
    assert seen(said("a", "k", "a", ms=100), 1).jaw > 0.35


def test_a_jaw_closes_faster_than_it_opens() -> None:
    way = track([Cue("t", 200, 500), Cue("a", 500, 700), Cue("t", 700, 1000)], "jaw", 1.0)[:1000]
    top = int(way.argmax())
    low = way[300]
    high = low + 0.9 * (way[top] - low)
    some = low + 0.2 * (way[top] - low)
    opening = int(np.argmax(way > high)) - int(np.argmax(way > some))
    closing = int(np.argmax(way[top:] < some)) - int(np.argmax(way[top:] < high))
    assert closing < 0.9 * opening


def test_rounding_begins_a_tenth_of_a_second_ahead() -> None:
    cues = [Cue("i", 300, 500), Cue("t", 500, 620), Cue("uː", 620, 800)]
    assert mouth_at(620 - 100 - lead_ms(40.0), cues).pucker > 0.06
    assert mouth_at(620 - 30 - lead_ms(40.0), cues).pucker > 0.2


@pytest.mark.parametrize("phase", [0.0, 13.0, 29.0])
def test_a_hasty_f_touches_the_teeth_in_one_frame(phase) -> None:
    cues = [Cue("a", 300, 400), Cue("v", 400, 425), Cue("a", 425, 520)]
    assert max(mouth_at(at, cues).fv for at in np.arange(phase, 800, 40.0)) >= 0.95


def test_the_tip_of_the_tongue() -> None:
    tips = {phone: seen(said("a", phone, "a", ms=110), 1).tongue for phone in ("θ", "t", "l", "k", "m")}
    assert tips["θ"] > 0.85 > tips["t"] > 0.6
    assert tips["l"] > 0.6
    assert max(tips["k"], tips["m"]) < 0.2


def test_stressed_vowels_open_more() -> None:
    jaws = [mouth_at(400, [Cue("a", 300, 500, stressed=stressed)]).jaw for stressed in (False, True)]
    assert jaws[1] > 1.1 * jaws[0]


def test_a_phrase_ends_gently() -> None:
    goes_on = [Cue("a", 300, 500), Cue("", 500, 560), Cue("t", 560, 700)]
    ends = [Cue("a", 300, 500), Cue("", 500, 900)]
    assert mouth_at(490, ends).jaw > mouth_at(490, goes_on).jaw


def test_a_track_looks_cues_up_once_and_notices_new_ones() -> None:
    cues = said(*"aminopusafek", ms=80)
    lips = MouthTrack()
    for at in np.arange(0.0, 1400.0, 40.0):
        assert lips.at(at, cues) == mouth_at(at, cues)
    assert lips.at(1300.0, [*cues, Cue("a", 1260, 1400)]).jaw > lips.at(1300.0, cues).jaw + 0.2
