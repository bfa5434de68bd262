from __future__ import annotations

import asyncio
import shutil
from itertools import pairwise

import numpy as np
import pytest
import soxr
from tests.bench.lipsync.alignment import CannotAlign, align, words_of
from tests.bench.lipsync.footage import RATE, placed
from tests.bench.speech import spoken_by

from troupe.wire.media import SAMPLE_RATE

pytest.importorskip("pocketsphinx", reason="pocketsphinx has no wheel for this machine")

TEXT = "My map, of Bob's boat!"
PHONES = ["M", "AY", "M", "AE", "P", "AH", "V", "B", "AA", "B", "Z", "B", "OW", "T"]
SPEAKERS = [
    pytest.param("flite", marks=pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")),
    "espeak",
]


def heard(engine: str) -> tuple[np.ndarray, list[tuple[str, float]]]:
    clip = asyncio.run(spoken_by(engine, TEXT))
    samples = soxr.resample(np.frombuffer(clip.pcm, "<i2"), SAMPLE_RATE, RATE).astype(np.int16)
    return samples, [(cue.ipa, cue.start_ms / 1000) for cue in clip.cues]


@pytest.mark.parametrize("engine", SPEAKERS)
def test_phones_come_in_order_and_in_their_words(engine: str) -> None:
    phones = align(heard(engine)[0], TEXT)
    spoken = [phone for phone in phones if phone.name]
    assert [phone.name for phone in spoken] == PHONES
    assert list(dict.fromkeys(phone.word for phone in spoken)) == ["my", "map", "of", "bob's", "boat"]
    for before, after in pairwise(phones):
        assert after.start_s == pytest.approx(before.end_s)


@pytest.mark.parametrize("engine", SPEAKERS)
def test_times_are_those_of_the_speaker(engine: str) -> None:
    samples, cues = heard(engine)
    ours = [phone.start_s for phone in align(samples, TEXT) if phone.name == "M"]
    theirs = [start_s for ipa, start_s in cues if ipa == "m"]
    assert ours == pytest.approx(theirs, abs=0.04)


def test_sound_that_comes_later_is_aligned_later() -> None:
    samples, _ = heard("espeak")
    here, later = align(samples, TEXT), align(placed(samples, 0.2), TEXT)
    middles = [[(p.start_s + p.end_s) / 2 for p in phones if p.name] for phones in (here, later)]
    assert np.median(np.subtract(*middles[::-1])) == pytest.approx(0.2, abs=0.011)


def test_words_are_those_of_the_dictionary() -> None:
    assert words_of("It’s “Bob”, isn't it - ok?") == ["it's", "bob", "isn't", "it", "ok"]
    with pytest.raises(CannotAlign, match="lacks 42, zorblax"):
        words_of("Zorblax has 42 boats.")
    with pytest.raises(CannotAlign, match="no word"):
        words_of("… !")
