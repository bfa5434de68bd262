from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from svc_video.engines.portrait.params import FaceParams
from svc_video.engines.portrait.voicing import AROUND_MS, HOP_MS, Voicing
from svc_video.speech import Speech

RATE = 24_000


def vowel(ms: int, formant_1: float, formant_2: float, level: float = 0.2) -> np.ndarray:
    """Harmonics of 120 Hz shaped by two resonances."""
    at = np.arange(ms * 24) / RATE
    sound = np.zeros(len(at))
    for harmonic in np.arange(120.0, 3600.0, 120.0):
        gain = sum(1 / (1 + ((harmonic - formant) / 90) ** 2) for formant in (formant_1, formant_2))
        sound += gain * np.sin(2 * np.pi * harmonic * at)
    return level * sound / np.sqrt(np.mean(sound**2))


def hiss(ms: int, level: float = 0.08) -> np.ndarray:
    noise = np.diff(np.random.default_rng(1).normal(size=ms * 24 + 2), 2)
    return level * noise / np.sqrt(np.mean(noise**2))


def silence(ms: int) -> np.ndarray:
    return np.zeros(ms * 24)


def heard(*sounds: np.ndarray) -> tuple[Voicing, Speech]:
    speech = Speech()
    speech.feed((np.concatenate(sounds) * 32_000).clip(-32_768, 32_767).astype("<i2").tobytes())
    speech.end()
    return Voicing(speech), speech


AH, EE, OO = (700, 1150), (300, 2400), (330, 900)


def test_silence_is_rest() -> None:
    voicing, _ = heard(silence(1000))
    assert voicing.mouth_at(500) == FaceParams()
    assert voicing.loudness_at(500) == 0


def test_open_vowels_open_the_jaw() -> None:
    jaws = {name: heard(vowel(800, *formants))[0].mouth_at(400).jaw for name, formants in (("a", AH), ("i", EE))}
    assert jaws["a"] > 0.55
    assert jaws["a"] > jaws["i"] + 0.2


def test_the_second_formant_spreads_or_rounds_the_lips() -> None:
    ee, oo = (heard(vowel(800, *formants))[0].mouth_at(400) for formants in (EE, OO))
    assert ee.wide > 0.2 > oo.wide
    assert oo.pucker > 0.2 > ee.pucker


def test_hiss_closes_the_teeth_and_shows_them() -> None:
    mouth = heard(vowel(400, *AH), hiss(300), vowel(400, *AH))[0].mouth_at(550)
    assert mouth.jaw < 0.35
    assert mouth.lower > 0.15
    assert mouth.close < 0.2


def test_a_short_dip_is_a_closure_and_a_pause_is_none() -> None:
    voicing, _ = heard(vowel(400, *AH), silence(70), vowel(400, *AH))
    assert voicing.mouth_at(435 - 20).close > 0.8
    assert voicing.mouth_at(200).close < 0.1
    pause, _ = heard(vowel(400, *AH), silence(600), vowel(400, *AH))
    assert pause.mouth_at(700).close < 0.1


def test_loudness_is_against_the_loudest() -> None:
    voicing, _ = heard(vowel(500, *AH, level=0.3), vowel(500, *AH, level=0.1))
    loud, quiet = voicing.loudness_at(250), voicing.loudness_at(750)
    assert loud > 0.9
    assert 0.2 < quiet < 0.5


@pytest.mark.parametrize("sound", [np.full(24_000, 1.0), np.tile([1.0, -1.0], 12_000), hiss(1000, 0.6)])
def test_strange_sounds_stay_in_range(sound) -> None:
    values = [value for at in range(0, 1000, 40) for value in asdict(heard(sound)[0].mouth_at(at)).values()]
    assert all(0 <= value <= 1 for value in values)
    assert np.isfinite(values).all()


def test_sound_that_comes_in_pieces_is_heard_the_same() -> None:
    sound = np.concatenate([vowel(300, *AH), hiss(200), vowel(300, *EE), silence(200)])
    voicing, _ = heard(sound)
    whole = [voicing.mouth_at(at) for at in range(0, 700, 40)]
    speech = Speech()
    pieces = (sound * 32_000).astype("<i2").tobytes()
    slowly = Voicing(speech)
    seen = []
    for at in range(0, 700, 40):
        until = (at + AROUND_MS + 80) * 48
        speech.feed(pieces[speech.known_to(10**9) * 2 : until])
        seen.append(slowly.mouth_at(at))
    for one, other in zip(whole, seen, strict=True):
        assert list(asdict(one).values()) == pytest.approx(list(asdict(other).values()), abs=0.02)


def test_memory_stays_flat() -> None:
    voicing, _ = heard(*[vowel(1000, *AH)] * 10)
    for at in range(0, 9000, 40):
        voicing.mouth_at(at)
        voicing.forget(at)
    assert len(voicing._hops) <= 3 * AROUND_MS // HOP_MS
