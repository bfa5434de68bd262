from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.bench.lipsync.alignment import BILABIALS, VOWELS, Phone
from tests.bench.lipsync.openness import MARGIN_S, OPENNESS, reference, spoken_span

BABA = [Phone("", 0.0, 0.2), Phone("B", 0.2, 0.3), Phone("AA", 0.3, 0.5), Phone("B", 0.5, 0.6), Phone("IY", 0.6, 0.8)]


def test_each_phone_of_the_dictionary_has_a_value() -> None:
    pocketsphinx = pytest.importorskip("pocketsphinx", reason="pocketsphinx has no wheel for this machine")
    lines = Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict")).read_text().splitlines()
    assert {phone for line in lines for phone in line.split()[1:]} == set(OPENNESS) - {""}


def test_open_vowels_are_open_and_bilabials_shut() -> None:
    assert max(OPENNESS[name][0] for name in BILABIALS) == 0.0
    assert OPENNESS["AA"] > OPENNESS["EH"] > OPENNESS["IY"] > OPENNESS["UW"]
    assert all(0 <= value <= 1 for name in VOWELS for value in OPENNESS[name])


def test_the_curve_follows_the_phones() -> None:
    curve = reference(BABA)
    silence, shut, wide, shut_again, narrow = curve.at(np.array([0.05, 0.25, 0.4, 0.55, 0.7]))
    assert (silence, shut) == pytest.approx((0.0, 0.0), abs=0.06)
    assert wide == pytest.approx(1.0, abs=0.06)
    assert shut_again < 0.1
    assert narrow == pytest.approx(0.25, abs=0.06)
    assert curve.at(np.array([-3.0, 9.0])).tolist() == [0.0, 0.0]


def test_a_breath_goes_from_one_neighbour_to_the_other() -> None:
    curve = reference([Phone("IY", 0.0, 0.2), Phone("HH", 0.2, 0.4), Phone("AA", 0.4, 0.6)])
    assert curve.at(np.array([0.3]))[0] == pytest.approx((0.25 + 1.0) / 2, abs=0.05)


def test_a_diphthong_glides() -> None:
    start, end = reference([Phone("AY", 0.0, 0.4), Phone("AY", 0.4, 0.8)]).at(np.array([0.1, 0.3]))
    assert 1.0 > start > end > 0.35


def test_what_is_spoken_leaves_silence_out() -> None:
    assert spoken_span(BABA) == pytest.approx((0.2 - MARGIN_S, 0.8 + MARGIN_S))
