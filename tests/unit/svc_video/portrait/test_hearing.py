from __future__ import annotations

import numpy as np
import pytest
from tests.unit.svc_video.portrait.sounds import AH, EE, as_pcm, heard, hiss, silence, vowel

from svc_video.engines.portrait.hearing import (
    HISS_COLUMN,
    KEPT_HOPS,
    PITCH_COLUMN,
    RMS_COLUMN,
    SCALE_COLUMN,
    USUAL_RMS,
    Hearing,
)
from svc_video.speech import Speech


@pytest.mark.parametrize("hertz", [80.0, 110.0, 147.0, 220.0, 330.0])
def test_pitch_is_heard(hertz) -> None:
    rows = heard(vowel(600, *AH, pitch=hertz)).rows(10, 50)
    assert np.median(rows[:, PITCH_COLUMN]) == pytest.approx(12 * np.log2(hertz / 100), abs=0.5)
    assert np.ptp(rows[:, PITCH_COLUMN]) < 1.0


def test_a_glide_of_an_octave_is_twelve_semitones() -> None:
    pitch = heard(vowel(1000, *AH, pitch=(100.0, 200.0))).rows(3, 96)[:, PITCH_COLUMN]
    assert pitch[-1] - pitch[0] == pytest.approx(11.2, abs=1.2)
    assert (np.diff(pitch) > -0.6).all()


@pytest.mark.parametrize("sound", [silence(500), hiss(500, 0.2)])
def test_what_has_no_voice_has_no_pitch(sound) -> None:
    assert np.isnan(heard(sound).rows(5, 40)[:, PITCH_COLUMN]).mean() > 0.9


def test_loudness_and_hiss_are_measured() -> None:
    rows = heard(vowel(300, *AH, level=0.2), hiss(300, 0.1)).rows(0, 59)
    assert rows[15, RMS_COLUMN] == pytest.approx(0.2 * 32_000 / 32_768, rel=0.1)
    assert rows[15, HISS_COLUMN] < 0.1 < 0.6 < rows[45, HISS_COLUMN]


def test_the_scale_follows_the_loudest_and_forgets_slowly() -> None:
    scale = heard(vowel(300, *AH, level=0.3), vowel(3000, *AH, level=0.02)).rows(-5, 320)[:, SCALE_COLUMN]
    assert scale[0] == pytest.approx(USUAL_RMS, rel=0.05)
    assert 0.27 < scale[20] < 0.35
    assert 0.12 < scale[-1] < 0.25


def test_sound_in_pieces_is_heard_the_same() -> None:
    sounds = [vowel(300, *AH), hiss(200), vowel(500, *EE, pitch=160.0)]
    whole, pcm = heard(*sounds), as_pcm(*sounds)
    speech = Speech()
    slowly = Hearing(speech)
    for first in range(0, 84, 4):
        speech.feed(pcm[speech.known_to(10**9) * 2 : (first + 14) * 480])
        np.testing.assert_allclose(slowly.rows(first, first + 3), whole.rows(first, first + 3), atol=1e-9)


def test_what_is_not_there_yet_is_heard_again() -> None:
    speech = Speech()
    hearing = Hearing(speech)
    pcm = as_pcm(vowel(400, *AH))
    speech.feed(pcm[: 100 * 48])
    assert hearing.heard_ms(300) == 100
    assert hearing.rows(20, 20)[0, RMS_COLUMN] == 0
    speech.feed(pcm[100 * 48 :])
    assert hearing.rows(20, 20)[0, RMS_COLUMN] > 0.1


def test_memory_stays_flat() -> None:
    hearing = heard(*[vowel(1000, *AH)] * 20)
    for hop in range(0, 1900, 4):
        assert len(hearing.rows(hop - 12, hop + 12)) == 25
    assert len(hearing._rows) <= 2 * KEPT_HOPS + 40
