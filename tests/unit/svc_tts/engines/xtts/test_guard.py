from __future__ import annotations

import numpy as np
import pytest

from svc_tts.engines.xtts.guard import (
    LONGEST_TAKE,
    Finding,
    Verdict,
    Wave,
    closed,
    expect,
    frame_loudness,
    trim,
)
from svc_tts.engines.xtts.text.languages import LANGUAGES

RATE = 24_000


def tone(seconds: float, level: float = 0.5) -> Wave:
    return (level * np.sin(2 * np.pi * 200 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def test_a_sentence_is_expected_at_a_calm_readers_pace() -> None:
    expected = expect("The quick brown fox jumps over the lazy dog, and nobody minds at all.", "en")
    assert 80 < expected.usual < 150  # 3.7 to 7 s
    assert expected.least < expected.usual < expected.most < expected.limit < LONGEST_TAKE


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_text_of_each_language_fits(language: str) -> None:
    expected = expect("x" * LANGUAGES[language], language)
    assert expected.usual < LONGEST_TAKE
    assert expected.limit == LONGEST_TAKE


def test_digits_are_longer_than_they_look() -> None:
    assert expect("1984", "en").usual > expect("year", "en").usual
    assert expect("1984", "de").usual > expect("1984 "[:1], "de").usual


def test_short_texts_are_held_back_whole_and_long_ones_from_where_they_are_too_long() -> None:
    assert expect("Hello.", "en").held_from == 0
    long = expect("x" * 100, "en")
    assert long.held_from == long.most


@pytest.mark.parametrize(
    ("codes", "stopped", "may_retry", "verdict"),
    [
        (50, False, True, Verdict.GO_ON),
        (100, True, True, Verdict.DONE),
        (5, True, True, Verdict.AGAIN),
        (5, True, False, Verdict.DONE),
        (400, False, True, Verdict.AGAIN),
        (400, False, False, Verdict.CUT),
        (260, True, False, Verdict.DONE),
    ],
)
def test_verdicts(codes: int, stopped: bool, may_retry: bool, verdict: Verdict) -> None:
    expected = expect("x" * 60, "en")
    assert expected.judge(codes, stopped=stopped, may_retry=may_retry) is verdict


def test_a_short_text_that_went_on_too_long_is_made_again_though_it_ended() -> None:
    expected = expect("Hi.", "en")
    assert expected.judge(expected.most + 1, stopped=True, may_retry=True) is Verdict.AGAIN


def test_a_tail_is_cut_at_its_first_silence_and_faded() -> None:
    wave = np.concatenate([tone(0.4), tone(0.3, 0.001), tone(0.5)])
    kept, finding = trim(wave, RATE, loudest=0.35)
    assert finding is Finding.TRIMMED
    assert 0.4 < len(kept) / RATE < 0.5
    assert kept[-1] == 0


def test_a_tail_without_silence_is_cut_where_it_is_quietest() -> None:
    wave = np.concatenate([tone(0.4), tone(0.05, 0.1), tone(0.5)])
    kept, finding = trim(wave, RATE, loudest=0.35)
    assert finding is Finding.CUT
    assert 0.4 < len(kept) / RATE <= 0.46
    assert kept[-1] == 0


def test_a_quiet_tail_after_a_loud_sentence_is_silence() -> None:
    kept, finding = trim(tone(1.0, 0.002), RATE, loudest=0.35)
    assert finding is Finding.TRIMMED
    assert len(kept) / RATE == pytest.approx(0.05)


def test_a_tail_of_next_to_nothing_goes() -> None:
    assert len(trim(tone(0.005), RATE, 0.3)[0]) == 0


def test_loudness_is_rms() -> None:
    assert frame_loudness(tone(0.1, 0.5), RATE) == pytest.approx(np.full(10, 0.5 / 2**0.5), abs=1e-3)


@pytest.mark.parametrize(
    ("text", "language", "told"),
    [
        ("Hi", "en", "Hi."),
        ("Hi! ", "en", "Hi!"),
        ("你好", "zh", "你好。"),
        ("नमस्ते", "hi", "नमस्ते।"),
        ("はい。", "ja", "はい。"),
    ],
)
def test_every_text_ends_with_something_that_says_so(text: str, language: str, told: str) -> None:
    assert closed(text, language) == told
