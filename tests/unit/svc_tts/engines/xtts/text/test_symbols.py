from __future__ import annotations

import pytest

from svc_tts.engines.xtts.text.symbols import expand_symbols


@pytest.mark.parametrize(
    ("language", "text", "read"),
    [
        ("en", "14%", "14 percent"),
        ("pt", "ana&joao@gmail.com", "ana e joao arroba gmail.com"),
        ("tr", "%14 dolu", "yüzde 14 dolu"),
        ("en", "a & b", "a and b"),
        ("ja", "a & b ", "a & b"),
    ],
)
def test_symbols_are_words(language: str, text: str, read: str) -> None:
    assert expand_symbols(text, language) == read
