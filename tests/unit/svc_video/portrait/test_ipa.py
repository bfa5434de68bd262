from __future__ import annotations

import pytest

from svc_video.engines.portrait.ipa import ROUNDED, SILENCE, UNKNOWN, VISEME_OF, VISEMES, VOWELS, visemes_of


@pytest.mark.parametrize(
    ("ipa", "shapes"),
    [
        ("", (SILENCE,)),
        ("ˈ", (SILENCE,)),
        ("p", ("p",)),
        ("ˈɑː", ("a",)),
        ("aɪ", ("a", "ih")),
        ("oʊ", ("o", "u")),
        ("tʃ", ("t", "sh")),
        ("t͡s", ("t", "s")),
        ("pʰ", ("p",)),
        ("mː", ("p",)),
        ("n̩", ("t",)),
        ("ɔ̃", ("oh",)),
        ("ɔːɹ", ("oh", "r")),
        ("a˥˩", ("a",)),
        ("i5", ("i",)),
        ("ɚ", ("er",)),
        ("ç", ("k",)),
        ("👄", (UNKNOWN,)),
    ],
)
def test_a_phone_becomes_lip_shapes(ipa, shapes) -> None:
    assert visemes_of(ipa) == shapes


def test_every_letter_has_a_shape_of_its_own() -> None:
    assert set(VISEME_OF.values()) | {SILENCE} == set(VISEMES)
    assert len(VISEMES) >= 21


def test_targets_and_dominances_are_shares() -> None:
    for viseme in VISEMES.values():
        pairs = [getattr(viseme, name) for name in ("jaw", "wide", "pucker", "press", "upper", "lower", "fv", "tongue")]
        assert all(0 <= value <= 1 for pair in pairs for value in pair)
        assert (0 <= viseme.close <= 1, 0 <= viseme.touch <= 1) == (True, True)


def test_classes_of_phones_are_what_they_say() -> None:
    assert set(VISEMES) >= VOWELS | ROUNDED
    assert all(VISEMES[name].pucker[0] >= 0.4 for name in ROUNDED)
    assert all(not VISEMES[name].close and not VISEMES[name].touch for name in VOWELS)
    assert VISEMES["th"].tongue[0] > VISEMES["t"].tongue[0] > VISEMES["s"].tongue[0] > VISEMES["k"].tongue[0]
