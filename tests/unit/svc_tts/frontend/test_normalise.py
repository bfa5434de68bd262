from __future__ import annotations

import pytest

from svc_tts.frontend.aligned import AlignedText
from svc_tts.frontend.normalise import normalised


def said(text: str, language: str = "en-US") -> str:
    return normalised(AlignedText.of(text), language).text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It is 3.", "It is three."),
        ("1,234.5 kg", "one thousand, two hundred and thirty-four point five kilograms"),
        ("1 km", "one kilometre"),
        ("-5 °C", "minus five degrees Celsius"),
        ("$3.50, £1.01, €1 or ¥200", "three dollars fifty, one pound oh one, one euro or two hundred yen"),
        ("5%, 2.5 %", "five percent, two point five percent"),
        ("9:05, 14:00", "nine oh five, fourteen o'clock"),
        ("2026-11-27", "November twenty-seventh, twenty twenty-six"),
        ("11/27/2026", "November twenty-seventh, twenty twenty-six"),
        ("the 3rd and 21st", "the third and twenty-first"),
        ("10-20 people, 3–4 kg", "ten to twenty people, three to four kilograms"),
        ("+44 20 79", "four four, two zero, seven nine"),
    ],
)
def test_english(text: str, words: str) -> None:
    assert said(text) == words


@pytest.mark.parametrize(
    "text", ["v1.2.3", "B2B", "555-1234", "https://a/1/2", "2026-13-45", "12345678901234567", "a-1", "3x", "none"]
)
def test_what_is_no_number_stays(text: str) -> None:
    assert said(text) == text


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en-GB", "27/11/2026", "November twenty-seventh, twenty twenty-six"),
        (
            "de-DE",
            "27.11.2026, 14:30 Uhr",
            "siebenundzwanzigster November zweitausendsechsundzwanzig, vierzehn Uhr dreißig",
        ),
        ("de-DE", "1.234,50 €", "eintausendzweihundertvierunddreißig Euro fünfzig"),
        ("fr-FR", "01/11/2026, 50 %, le 2e", "premier novembre deux mille vingt-six, cinquante pour cent, le deuxième"),
        ("es-ES", "a las 14:30, 3º", "a las catorce y treinta, tercero"),
        ("it-IT", "1.234,50 €", "milleduecentotrentaquattro euro e cinquanta"),
        ("pt-BR", "5% de 21 km", "cinco por cento de vinte e um quilómetros"),
        ("ja-JP", "3人", "3人"),
    ],
)
def test_other_languages(language: str, text: str, words: str) -> None:
    assert said(text, language) == words


def test_a_reading_stands_for_what_is_read() -> None:
    read = normalised(AlignedText.of("Take 21 now", 100), "en")
    assert read.text == "Take twenty-one now"
    assert read.source(5, 15) == (105, 107)
    assert read.source(16, 19) == (108, 111)
