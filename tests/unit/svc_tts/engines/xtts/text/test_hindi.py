from __future__ import annotations

import pytest

from svc_tts.engines.xtts.text.hindi import cardinal


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("0", "शून्य"),
        ("14", "चौदह"),
        ("50", "पचास"),
        ("99", "निन्यानवे"),
        ("100", "एक सौ"),
        ("1984", "एक हज़ार नौ सौ चौरासी"),
        ("250000", "दो लाख पचास हज़ार"),
        ("10000000", "एक करोड़"),
        ("123456789012", "एक सौ तेईस अरब पैंतालीस करोड़ सड़सठ लाख नवासी हज़ार बारह"),
        ("3.14", "तीन दशमलव एक चार"),
        ("1" * 16, " ".join(["एक"] * 16)),
    ],
)
def test_numbers_are_read(digits: str, words: str) -> None:
    assert cardinal(digits) == words


def test_every_number_below_a_hundred_has_a_word_of_its_own() -> None:
    words = {cardinal(str(number)) for number in range(100)}
    assert len(words) == 100
    assert not any(" " in word for word in words)
