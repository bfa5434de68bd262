from __future__ import annotations

import pytest

from svc_tts.engines.piper.syllables import split, syllables_of
from svc_tts.frontend import readings


@pytest.mark.parametrize(
    ("syllable", "parts"),
    [
        ("hang2", ("h", "ang", "2")),
        ("zhuang4", ("zh", "uang", "4")),
        ("ai3", ("Ø", "ai", "3")),
        ("lü4", ("l", "v", "4")),
        ("yi1", ("y", "i", "1")),
        ("e5", ("Ø", "e", "5")),
    ],
)
def test_initial_final_and_tone(syllable: str, parts: tuple[str, str, str]) -> None:
    assert split(syllable[:-1], syllable[-1]) == parts


def test_a_sentence_keeps_its_places_and_its_punctuation() -> None:
    text = "你好，世界。"
    (run,) = readings.runs(text, "zh-CN")
    told = list(syllables_of(run.text))
    assert [(text[start:end], phonemes, stop) for (start, end), phonemes, stop in told] == [
        ("你", ("n", "i", "3"), ""),
        ("好", ("h", "ao", "3"), ""),
        ("，", (), "，"),
        ("世", ("sh", "i", "4"), ""),
        ("界", ("j", "ie", "4"), ""),
        ("。", (), "。"),
    ]
