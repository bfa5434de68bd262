from __future__ import annotations

from svc_tts.frontend.aligned import AlignedText
from svc_tts.frontend.scripts import native_script, stretches


def cut(text: str) -> list[tuple[str, str]]:
    return [(script, part.text) for script, part in stretches(AlignedText.of(text))]


def test_digits_and_punctuation_stay_with_what_stands_before() -> None:
    assert cut("(1) Hi 25! Москва 7, 你好。ok") == [
        ("latin", "(1) Hi 25! "),
        ("cyrillic", "Москва 7, "),
        ("east-asian", "你好。"),
        ("latin", "ok"),
    ]


def test_nothing_is_lost() -> None:
    text = "a🙂б 漢 ع 5"
    assert "".join(part for _, part in cut(text)) == text


def test_pinyin_in_brackets_is_chinese() -> None:
    assert cut("(chu3)(li3)") == [("east-asian", "(chu3)(li3)")]


def test_no_script_at_all() -> None:
    assert cut("12") == [("", "12")]


def test_native_scripts() -> None:
    assert [native_script(tag) for tag in ("en-US", "ja-JP", "uk-UA", "xx")] == [
        "latin",
        "east-asian",
        "cyrillic",
        "latin",
    ]
