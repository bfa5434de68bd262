from __future__ import annotations

import numpy as np
import pytest
from tests.unit.svc_video.portrait.sounds import AH, as_pcm, said, silence, vowel

from svc_video.engines.portrait.hearing import Hearing
from svc_video.engines.portrait.rhythm import KEPT_CELLS, KEPT_S, Rhythm
from svc_video.speech import Cue, Speech

CUES = [Cue("a", 500, 1400), Cue("", 1400, 1450), Cue("t", 1450, 2000), Cue("", 2000, 2600), Cue("o", 2600, 3400)]
SOUND = (silence(500), vowel(1500, *AH), silence(600), vowel(800, *AH), silence(1000))


def followed(rhythm: Rhythm, cues: list[Cue], complete_ms: float, to_ms: int = 4000) -> dict[str, np.ndarray]:
    ways = []
    for at in range(0, to_ms, 40):
        rhythm.advance(at, cues, complete_ms)
        ways.append((rhythm.engaged(at), rhythm.busy(at)))
    return dict(zip(("engaged", "busy"), np.array(ways).T, strict=True))


@pytest.mark.parametrize("cues", [CUES, []])
def test_phrases_begin_and_end_with_pauses(cues) -> None:
    rhythm = Rhythm(Hearing(said(*SOUND)))
    followed(rhythm, cues, 4400 if cues else 0)
    assert rhythm.phrase_starts == pytest.approx([0.5, 2.6], abs=0.04)
    assert rhythm.phrase_ends == pytest.approx([2.0, 3.4], abs=0.04)


def test_a_phrase_is_known_as_it_begins_and_its_end_as_it_ends() -> None:
    rhythm = Rhythm(Hearing(said(*SOUND)))
    rhythm.advance(360, CUES, 4400)
    assert rhythm.phrase_starts == [0.5]
    rhythm.advance(1960, CUES, 4400)
    assert rhythm.phrase_ends == []
    rhythm.advance(2000, CUES, 4400)
    assert rhythm.phrase_ends == [2.0]


def test_how_engaged_one_is_rises_and_falls_slowly() -> None:
    ways = followed(Rhythm(Hearing(said(*SOUND))), CUES, 4400)
    for name, most in (("engaged", 0.06), ("busy", 0.17)):
        assert ways[name][0] == 0
        assert ways[name].max() > 0.9
        assert np.abs(np.diff(ways[name])).max() < most
    assert ways["busy"][1040 // 40] > 0.95 > ways["engaged"][1040 // 40]


def test_cues_that_come_late_change_nothing_that_was_seen() -> None:
    rhythm = Rhythm(Hearing(said(*SOUND)))
    followed(rhythm, [], 0, to_ms=1000)
    before = rhythm.engaged(1000)
    rhythm.advance(1000, [Cue("", 0, 4000)], 4000)
    assert rhythm.engaged(1000) == before


def test_a_film_resumed_in_the_middle_of_speech_begins_no_phrase() -> None:
    rhythm = Rhythm(Hearing(said(*SOUND, start_ms=1200)), 1200)
    rhythm.advance(1200, [], 0)
    assert rhythm.phrase_starts == []
    assert rhythm.busy(1200) > 0.9


def test_it_waits_for_sound_that_is_not_there() -> None:
    speech = Speech()
    speech.feed(as_pcm(vowel(300, *AH)))
    rhythm = Rhythm(Hearing(speech))
    rhythm.advance(200, [], 0)
    assert rhythm.phrase_ends == []  # silence is not known yet


def test_memory_stays_flat() -> None:
    rhythm = Rhythm(Hearing(said(silence(100))))
    cues = [Cue("a", start, start + 500) for start in range(0, 60_000, 1000)]
    followed(rhythm, cues, 60_000, to_ms=60_000)
    assert len(rhythm.phrase_starts) <= KEPT_S + 1
    assert len(rhythm._cells) <= 2 * KEPT_CELLS + 2
