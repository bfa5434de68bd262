from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from tests.unit.svc_video.portrait.sounds import AH, EE, OO, hiss, said, silence, vowel

from svc_video.engines.portrait.hearing import Hearing
from svc_video.engines.portrait.params import FaceParams
from svc_video.engines.portrait.voicing import AROUND_MS, Voicing
from svc_video.speech import Speech


def heard(*sounds: np.ndarray) -> Voicing:
    return Voicing(Hearing(said(*sounds)))


def test_silence_is_rest() -> None:
    voicing = heard(silence(1000))
    assert voicing.mouth_at(500) == FaceParams()
    assert voicing.loudness_at(500) == 0


def test_open_vowels_open_the_jaw() -> None:
    jaws = {name: heard(vowel(800, *formants)).mouth_at(400).jaw for name, formants in (("a", AH), ("i", EE))}
    assert jaws["a"] > 0.55
    assert jaws["a"] > jaws["i"] + 0.2


def test_the_second_formant_spreads_or_rounds_the_lips() -> None:
    ee, oo = (heard(vowel(800, *formants)).mouth_at(400) for formants in (EE, OO))
    assert ee.wide > 0.2 > oo.wide
    assert oo.pucker > 0.2 > ee.pucker


def test_hiss_closes_the_teeth_and_shows_them() -> None:
    mouth = heard(vowel(400, *AH), hiss(300), vowel(400, *AH)).mouth_at(550)
    assert mouth.jaw < 0.35
    assert mouth.lower > 0.15
    assert mouth.close < 0.2


def test_a_short_dip_is_a_closure_and_a_pause_is_none() -> None:
    voicing = heard(vowel(400, *AH), silence(70), vowel(400, *AH))
    assert voicing.mouth_at(435 - 20).close > 0.8
    assert voicing.mouth_at(200).close < 0.1
    pause = heard(vowel(400, *AH), silence(600), vowel(400, *AH))
    assert pause.mouth_at(700).close < 0.1


def test_loudness_is_against_the_loudest() -> None:
    voicing = heard(vowel(500, *AH, level=0.3), vowel(500, *AH, level=0.1))
    loud, quiet = voicing.loudness_at(250), voicing.loudness_at(750)
    assert loud > 0.9
    assert 0.2 < quiet < 0.5


@pytest.mark.parametrize("sound", [np.full(24_000, 1.0), np.tile([1.0, -1.0], 12_000), hiss(1000, 0.6)])
def test_strange_sounds_stay_in_range(sound) -> None:
    values = [value for at in range(0, 1000, 40) for value in asdict(heard(sound).mouth_at(at)).values()]
    assert all(0 <= value <= 1 for value in values)
    assert np.isfinite(values).all()


def test_sound_that_comes_in_pieces_is_heard_the_same() -> None:
    sound = np.concatenate([vowel(300, *AH), hiss(200), vowel(300, *EE), silence(200)])
    voicing = heard(sound)
    whole = [voicing.mouth_at(at) for at in range(0, 700, 40)]
    speech = Speech()
    pieces = (sound * 32_000).astype("<i2").tobytes()
    slowly = Voicing(Hearing(speech))
    seen = []
    for at in range(0, 700, 40):
        until = (at + AROUND_MS + 80) * 48
        speech.feed(pieces[speech.known_to(10**9) * 2 : until])
        seen.append(slowly.mouth_at(at))
    for one, other in zip(whole, seen, strict=True):
        assert list(asdict(one).values()) == pytest.approx(list(asdict(other).values()), abs=0.02)
