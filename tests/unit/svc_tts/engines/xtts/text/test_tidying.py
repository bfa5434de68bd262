from __future__ import annotations

import pytest

from svc_tts.engines.xtts.text.languages import LANGUAGES
from svc_tts.engines.xtts.text.tidying import tidy
from svc_tts.frontend.aligned import AlignedText


@pytest.mark.parametrize(
    ("written", "tidied"),
    [
        ("He said, “Go!”", "He said, Go!"),
        ('"Quoted."', "Quoted."),
        ("«L’été» est l‘heure", "L'été est l'heure"),
        ("the dogs' 'bone' isn't", "the dogs bone isn't"),
        ("'s Avonds geef ik 't 'em", "'s Avonds geef ik 't 'em"),
        ("Well... I think…", "Well, I think."),
        ("wait — what?! No!!!", "wait, what? No!"),
        ("well-known—or not – 10–20 -- done", "well-known, or not, 10-20, done"),
        ("non‑breaking", "non-breaking"),
        ("a (short) aside [here].", "a, short, aside, here."),
        ("— Hello, she said,", "Hello, she said."),
        ("¿Qué? ¡Sí!", "Qué? Sí!"),
        ("cafe\u0301 \u1112\u1161\u11ab", "café 한"),
        ("ｆｕｌｌ １２３ ﬁne ① Ⅳ", "full 123 fine 1 IV"),
        ("١٢٣ ४५", "123 45"),
        ("20° and 2º and 1ª", "20° and 2º and 1ª"),
        ("*bold* ~ | \\ • dot", "bold dot"),
        ("hi 😀\u200b\x07 there", "hi there"),
        ("3.5 and .5 and 1,000", "3.5 and .5 and 1,000"),
        ("one , two ; three .", "one, two; three."),
        ("...", ""),
        ("", ""),
    ],
)
def test_punctuation_and_characters_are_the_model_s(written: str, tidied: str) -> None:
    assert tidy(AlignedText.of(written), "en").text == tidied


def test_quotes_leave_no_space_in_chinese_and_japanese() -> None:
    assert tidy(AlignedText.of("他说“好”。《书》"), "zh").text == "他说好。书"
    assert tidy(AlignedText.of("「はい」と"), "ja").text == "はいと"


def test_turkish_capitals_are_turkish() -> None:
    assert tidy(AlignedText.of("IŞIK İZMİR"), "tr").text == "ıŞıK iZMiR"
    assert tidy(AlignedText.of("IT"), "en").text == "IT"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_tidy_stays(language: str) -> None:
    text = "It's 12.5, or 20€: well-known; isn't it? Yes!"
    assert tidy(AlignedText.of(text), language).text == (text.replace("I", "ı", 1) if language == "tr" else text)


def test_characters_know_where_they_stood() -> None:
    written = "😀 “Don’t” — go…"
    tidied = tidy(AlignedText.of(written), "en")
    assert tidied.text == "Don't, go."
    assert written[slice(*tidied.source(0, 5))] == "Don’t"
    assert written[slice(*tidied.source(7, 9))] == "go"
