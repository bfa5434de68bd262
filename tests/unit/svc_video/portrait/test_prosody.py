from __future__ import annotations

import pytest
from tests.unit.svc_video.portrait.sounds import AH, heard, said, silence, vowel

from svc_video.engines.portrait.hearing import Hearing
from svc_video.engines.portrait.prosody import Accent, Prosody
from svc_video.speech import Cue


def stressed(*starts: int) -> list[Cue]:
    return [Cue("a", start, start + 150, stressed=True) for start in starts]


def strength(prosody: Prosody, cues: list[Cue], at_ms: int) -> float:
    accents = prosody.accents(at_ms, cues, 1e9, ())
    return next(accent.strength for accent in accents if accent.at == at_ms / 1000)


def syllables(*levels: float, pitches: dict[int, float] | None = None) -> list:
    """One of 200 ms for each level, quieter sound between."""
    sounds = []
    for number, level in enumerate(levels):
        sounds += [vowel(200, *AH, level=level, pitch=(pitches or {}).get(number, 120.0)), vowel(200, *AH, level=0.03)]
    return sounds


def test_only_stressed_phones_are_accents() -> None:
    prosody = Prosody(heard(silence(3000)), 1)
    cues = [Cue("a", 500, 650), Cue("a", 900, 1050, stressed=True)]
    assert [accent.at for accent in prosody.accents(1000, cues, 3000, ())] == [0.9]


def test_they_are_known_a_little_ahead_and_for_a_while() -> None:
    prosody, cues = Prosody(heard(silence(9000)), 1), stressed(1000)
    assert prosody.accents(860, cues, 9000, ()) == []
    assert len(prosody.accents(900, cues, 9000, ())) == 1
    assert len(prosody.accents(2400, cues, 9000, ())) == 1
    assert prosody.accents(2600, cues, 9000, ()) == []


def test_a_higher_and_a_louder_one_is_stronger() -> None:
    cues = stressed(1200)
    plain, high, loud = (
        strength(Prosody(heard(*syllables(0.1, 0.1, 0.1, level, pitches={3: pitch})), 1), cues, 1200)
        for level, pitch in ((0.1, 120.0), (0.1, 170.0), (0.25, 120.0))
    )
    assert high > plain + 0.15
    assert loud > plain + 0.15


def test_the_first_of_a_phrase_counts_more_and_chance_has_a_say() -> None:
    cues = stressed(*range(500, 9000, 500))
    sound = heard(silence(10_000))
    inside, first = (Prosody(sound, 1).accents(500, cues, 1e9, phrases)[0].strength for phrases in ((), (0.4,)))
    assert first > inside + 0.1
    prosody = Prosody(sound, 1)
    assert len({strength(prosody, cues, cue.start_ms) for cue in cues}) == len(cues)


def test_without_cues_peaks_of_loudness_are_accents() -> None:
    prosody = Prosody(heard(*syllables(0.1, 0.1, 0.25, 0.1, 0.1, 0.1, 0.25, 0.1)), 1)
    found: set[float] = set()
    for at in range(0, 3200, 40):
        found |= {accent.at for accent in prosody.accents(at, [], 0, ())}
    for loud in (0.8, 2.4):
        assert any(loud - 0.06 < at < loud + 0.2 for at in found)
    assert min(b - a for a, b in zip(sorted(found), sorted(found)[1:], strict=False)) >= 0.29


def test_an_accent_is_weighed_once() -> None:
    prosody = Prosody(heard(silence(3000)), 1)
    one = prosody.accents(1000, stressed(1000), 3000, ())
    assert prosody.accents(1040, stressed(1000), 3000, (0.9,)) == one


@pytest.mark.parametrize(("end", "least", "most"), [((120.0, 170.0), 0.3, 1.0), ((130.0, 95.0), 0.0, 0.0)])
def test_a_rise_at_the_end_is_a_question(end, least, most) -> None:
    speech = said(vowel(700, *AH, pitch=120.0), vowel(250, *AH, pitch=end), silence(500))
    rises = Prosody(Hearing(speech), 1).rises([0.95])
    got = rises[0].strength if rises else 0.0
    assert least <= got <= most


def test_old_rises_are_forgotten() -> None:
    prosody = Prosody(heard(silence(3000)), 1)
    prosody.rises([1.0, 2.0])
    assert prosody.rises([]) == []
    assert prosody._rises == {}
    assert Accent(1.0, 0.5).strength == 0.5
