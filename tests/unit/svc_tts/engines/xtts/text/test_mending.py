from __future__ import annotations

import pytest

from svc_tts.engines.xtts.text.cleaning import clean
from svc_tts.engines.xtts.text.mending import mend
from svc_tts.frontend.aligned import AlignedText


@pytest.mark.parametrize(
    ("language", "text", "theirs", "ours"),
    [
        ("pt", "$25", "vinte", "vinte e cinco dólares"),
        ("pt", "25,00€", "vinte", "vinte e cinco euros"),
        ("pt", "1.250$", "mil duzentos", "mil duzentos e cinquenta dólares"),
        ("pt", "25,50€", "vinte e cinco euros e cinquenta cêntimos", "vinte e cinco euros e cinquenta cêntimos"),
        ("ar", "$20", "عشرون ريالاً", "عشرون دولار"),
        ("cs", "£5", "libra pět", "pět liber"),
        ("tr", "€20", "€yirmi", "yirmi euro"),
        ("hu", "20€", "húsz euro", "húsz euró"),
        ("ko", "€20", "€isib", "isib yulo"),
        ("en", "20 € or £ 3", "twenty € or pound three", "twenty euro or three pounds sterling"),
        ("de", "im Jahr 2024.", "im jahr zweitausendvierundzwanzigste", "im jahr zweitausendvierundzwanzig."),
        ("de", "am 3. Mai", "am dritte mai", "am dritte mai"),
        ("tr", "12,5 lira", "oniki,beş lira", "oniki virgül beş lira"),
        ("it", "20 °C", "venti gradi c", "venti gradi c"),
        ("it", "20°C", "ventesimoc", "venti gradi c"),
        ("zh", "10,000元", "shi2,yuan2", "yi1wan4yuan2"),
        ("zh", "$20", ",er4shi2", "er4shi2mei3yuan2"),
        ("ja", "3,000円", "3,000 en", "sanzen en"),
        ("ja", "50%", "50%", "gojuu percent"),
        ("ja", "1.5", "1.5", "ichi ten go"),
        ("fr", "1" * 17, None, " ".join(["un"] * 17)),
    ],
)
def test_numbers_are_rewritten_so_that_they_are_read_right(language: str, text: str, theirs: str, ours: str) -> None:
    if theirs is not None:
        assert clean(text, language) == theirs
    assert clean(mend(AlignedText.of(text), language).text, language) == ours


@pytest.mark.parametrize("text", ["Chapter 3.", "It cost $25.50, or 20€.", "In 1,234 days.", "1st"])
def test_english_numbers_stay(text: str) -> None:
    assert mend(AlignedText.of(text), "en").text == text


def test_rewritten_numbers_know_where_they_stood() -> None:
    text = "Custa $25 hoje"
    mended = mend(AlignedText.of(text), "pt")
    at = mended.text.index("dólares")
    assert text[slice(*mended.source(at, at + 7))] == "$25"
