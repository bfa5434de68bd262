from __future__ import annotations

import pytest

from svc_tts.frontend.language import base, by_script, guess


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello there, how are you?", "en-US"),
        ("Hola, ¿qué tal está usted?", "es-ES"),
        ("Bonjour, je suis avec vous", "fr-FR"),
        ("Ich bin nicht hier, und das ist gut", "de-DE"),
        ("Olá, você não está aqui", "pt-BR"),
        ("你好世界", "zh-CN"),
        ("今日は東京です", "ja-JP"),
        ("안녕하세요", "ko-KR"),
        ("Привет, мир", "ru-RU"),
        ("Привіт, світе", "uk-UA"),
        ("مرحبا بالعالم", "ar-SA"),
        ("می‌خواهم چای", "fa-IR"),
        ("שלום עולם", "he-IL"),
        ("12345", "en-US"),
        ("", "en-US"),
    ],
)
def test_guess(text: str, language: str) -> None:
    assert guess(text) == language


def test_a_foreign_name_does_not_change_the_language() -> None:
    assert by_script("I have been to 北京 twice") == ""


def test_base() -> None:
    assert [base(tag) for tag in ("en-US", "zh_CN", "PT", "")] == ["en", "zh", "pt", ""]
