from __future__ import annotations

import pytest

from svc_tts.engines.xtts.text.languages import LANGUAGES
from svc_tts.engines.xtts.text.numbers import cardinal, expand_numbers, ordinal


@pytest.mark.parametrize(
    ("language", "text", "read"),
    [
        ("en", "$20, £1.50 and 2€", "twenty dollars, one pound sterling, fifty pence and two euro"),
        ("en", "12,345.5 or the 21st", "twelve thousand, three hundred and forty-five point five or the twenty-first"),
        ("fr", "100.000,5 le 1er", "cent mille virgule cinq le premier"),
        ("es", "20,15€", "veinte euros con quince céntimos"),
        ("ru", "2-я", "второй"),
        ("hu", "1. nap", "első nap"),
    ],
)
def test_numbers_become_words(language: str, text: str, read: str) -> None:
    assert expand_numbers(text, language) == read


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"zh", "ja"}))
@pytest.mark.parametrize("digits", ["0", "007", "1234567890123456789012345678901234567890", "0.000001"])
def test_no_number_is_too_much(language: str, digits: str) -> None:
    assert not any(character.isdigit() for character in cardinal(digits, language))
    if "." not in digits:
        assert not any(character.isdigit() for character in ordinal(digits, language))
