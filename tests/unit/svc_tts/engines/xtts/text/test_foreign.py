from __future__ import annotations

import pytest

from svc_tts.engines.xtts.text.foreign import romanize_foreign
from svc_tts.frontend.aligned import AlignedText


@pytest.mark.parametrize(
    ("language", "text", "read"),
    [
        ("en", "in 東京 now", "in dong jing now"),
        ("en", "the アニメ and 食べた", "the animation and tabeta"),
        ("fr", "le 한국어", "le hangug-eo"),
        ("zh", "我喜欢アニメ", "我喜欢 animation"),
        ("zh", "你好 한국", "你好 hangug"),
        ("ko", "한국어 東", "한국어 dong"),
        ("ja", "東京の한국", "東京の hangug"),
        ("ja", "Café Привет ok。", "Cafe  ok。"),
        ("ru", "Привет, world", "Привет, world"),
    ],
)
def test_words_in_a_foreign_script_are_romanized(language: str, text: str, read: str) -> None:
    assert romanize_foreign(AlignedText.of(text), language).text.replace("  ", " ").strip() == read.replace("  ", " ")
