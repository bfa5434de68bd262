from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import accumulate

import pytest
from tests.bench.recogniser import Recogniser, word_errors, words_of
from tests.bench.voices import SENTENCES, Take, word_error_rate

from troupe.wire.media import SAMPLE_BYTES, SAMPLE_RATE


def test_words_are_as_the_recogniser_writes_them() -> None:
    assert words_of("The dog's(2) tail, it WAGS.") == ["the", "dog's", "tail", "it", "wags"]


@pytest.mark.parametrize(
    ("wanted", "heard", "errors"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "a x c", 1),
        ("a b c", "a c", 1),
        ("a b c", "a b b c", 1),
        ("a b c", "", 3),
        ("a b", "x a b y z", 3),
        ("", "a b", 2),
    ],
)
def test_errors_are_the_fewest_changes(wanted: str, heard: str, errors: int) -> None:
    assert word_errors(wanted.split(), heard.split()) == errors


PER_MS = SAMPLE_RATE // 1000 * SAMPLE_BYTES


class Sure(Recogniser):
    """It goes by the length: the sound of sentence N is N ms long. One word it mishears."""

    def hear(self, pcm: bytes) -> str:
        return SENTENCES[len(pcm) // PER_MS - 1].lower().replace("weather", "whether")


def test_each_sentence_is_judged_by_its_own_sound() -> None:
    lengths_ms = range(1, len(SENTENCES) + 1)
    ends = tuple(accumulate(lengths_ms))
    take = Take(0.0, 0.0, bytes(sum(lengths_ms) * PER_MS), ends)
    assert word_error_rate(Sure(None), take) == pytest.approx(1 / sum(len(words_of(each)) for each in SENTENCES))
    with pytest.raises(SystemExit, match=f"{len(SENTENCES) - 1} sentences"):
        word_error_rate(Sure(None), replace(take, ends_ms=ends[:-1]))


@pytest.mark.skipif(not shutil.which("flite"), reason="flite is not installed: sudo apt-get install -y flite")
async def test_flite_is_understood_and_noise_is_not() -> None:
    pytest.importorskip("pocketsphinx", reason="pocketsphinx has no wheel for this machine")
    from tests.bench.speech import spoken_by

    recogniser = Recogniser.here()
    assert recogniser is not None
    clip = await spoken_by("flite", SENTENCES[1])
    wanted = words_of(SENTENCES[1])
    assert word_errors(wanted, words_of(recogniser.hear(clip.pcm))) <= 2
    assert word_errors(wanted, words_of(recogniser.hear(clip.pcm[::-1]))) >= len(wanted) // 2
