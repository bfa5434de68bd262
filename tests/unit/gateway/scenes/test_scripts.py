from __future__ import annotations

import pytest

from gateway.scenes.scripts import readers


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("Hello, ça va? Żółw.", set()),
        ("Hello. 你好世界。", {"zh"}),
        ("東京は雨です", {"ja"}),
        ("Привет и 안녕", {"ru", "ko"}),
        ("The angle α is small", set()),
        ("שלום مرحبا नमस्ते", {"he", "ar", "hi"}),
        ("👩‍👩‍👧 <#0.5#> 12 %", set()),
    ],
)
def test_scripts_need_voices_that_read_them(text: str, needed: set[str]) -> None:
    assert readers(text) == needed
