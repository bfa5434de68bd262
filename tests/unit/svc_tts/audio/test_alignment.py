from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from tests.fakes.formants import Timbre, say

from svc_tts.audio.alignment import LAG_S, Alignment
from svc_tts.audio.cepstra import Cepstra, Matrix
from svc_tts.audio.colour import VoiceColour
from svc_tts.audio.heard import joined
from svc_tts.audio.reading import Reading
from svc_tts.engine import Phone, Piece, SpokenWord

TEXT = "once upon a time, there was a frog who lived in a deep well, quite alone"
READER = Timbre(pitch_hz=110, letter_s=0.07)
SPEAKER = Timbre(pitch_hz=205, tract=1.12, letter_s=0.1, gain=0.1)
MEAN_S, WORST_S = 0.04, 0.15  # errors of words; the test's voices are found within half of it


def frames(pcm: bytes, rate: int) -> Matrix:
    cepstra = Cepstra(rate)
    return VoiceColour().of_all([cepstra.feed(pcm), cepstra.finish()])


def reading(text: str = TEXT) -> Reading:
    pcm, words, phones = say(text, READER, 22_050)
    return Reading(phones, words, frames(pcm, 22_050))


def aligned(told: Matrix, length_s: float, step: int = 20) -> Piece:
    alignment = Alignment(reading())
    pieces = [alignment.feed(told[at : at + step]) for at in range(0, len(told), step)]
    return joined([*pieces, alignment.finish(length_s)])


@pytest.mark.parametrize("step", [1, 37, 10_000])
def test_another_voices_words_are_found_whatever_the_pieces(step: int) -> None:
    pcm, words, phones = say(TEXT, SPEAKER, 24_000)
    heard = aligned(frames(pcm, 24_000), len(pcm) / 48_000, step)
    assert [(word.start, word.end) for word in heard.words] == [(word.start, word.end) for word in words]
    errors = [abs(one.start_s - other.start_s) for one, other in zip(heard.words, words, strict=True)]
    errors += [abs(one.end_s - other.end_s) for one, other in zip(heard.words, words, strict=True)]
    assert np.mean(errors) < MEAN_S
    assert max(errors) < WORST_S
    said = [phone.ipa for phone in heard.phones if phone.ipa]
    assert said == [phone.ipa for phone in phones if phone.ipa]


def test_phones_cover_the_sound_without_gap() -> None:
    pcm, _, _ = say(TEXT, SPEAKER, 24_000)
    heard = aligned(frames(pcm, 24_000), len(pcm) / 48_000)
    assert heard.phones[0].start_s == 0.0
    assert heard.phones[-1].end_s == pytest.approx(len(pcm) / 48_000)
    assert all(one.end_s == other.start_s for one, other in pairwise(heard.phones))
    assert any(not phone.ipa and phone.end_s - phone.start_s > 0.15 for phone in heard.phones)  # at the comma


def test_what_is_heard_is_told_soon_after_it() -> None:
    pcm, _, _ = say(TEXT, SPEAKER, 24_000)
    told, alignment = frames(pcm, 24_000), Alignment(reading())
    known_s = 0.0
    for at in range(0, len(told), 10):
        for phone in alignment.feed(told[at : at + 10]).phones:
            known_s = phone.end_s
        assert known_s >= (at + 10) / 100 - LAG_S - 0.1 - 2 * SPEAKER.letter_s - 0.3  # a phone, a pause


def test_every_word_is_told_once_even_where_the_sound_is_cut_off() -> None:
    pcm, words, _ = say(TEXT, SPEAKER, 24_000)
    heard = aligned(frames(pcm[: len(pcm) // 3], 24_000), len(pcm) / 3 / 48_000)
    assert len(heard.words) == len(words)
    assert all(one.start_s <= other.start_s for one, other in pairwise(heard.words))
    assert heard.words[-1].end_s <= len(pcm) / 3 / 48_000 + 1e-6


def test_without_sound_all_words_are_told_at_the_end() -> None:
    alignment = Alignment(reading())
    heard = alignment.finish(0.0)
    assert len(heard.words) == len(reading().words)
    assert heard.phones == ()


def test_a_reading_without_words_has_phones() -> None:
    whole = reading()
    alignment = Alignment(Reading(whole.phones, (), whole.frames))
    heard = joined([alignment.feed(whole.frames), alignment.finish(5.0)])
    assert heard.words == ()
    assert len([phone for phone in heard.phones if phone.ipa]) > 40


def test_words_of_phones_are_those_in_which_they_sound() -> None:
    phones = (Phone("", 0, 1), Phone("a", 1, 2), Phone("b", 2, 3), Phone("", 3, 4), Phone("c", 4, 5))
    words = (SpokenWord(0, 2, 1, 3), SpokenWord(3, 4, 4, 5))
    assert Reading(phones, words, np.zeros((500, 13), np.float32)).words_of_phones() == [-1, 0, 0, -1, 1]
