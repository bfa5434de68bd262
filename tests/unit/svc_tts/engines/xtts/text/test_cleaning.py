from __future__ import annotations

import json
from pathlib import Path

import pytest

from svc_tts.engines.xtts.text.cleaning import clean
from svc_tts.engines.xtts.text.languages import LANGUAGES

REFERENCES = Path(__file__).parent / "reference"


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_cleaned_as_coqui_tts_cleans_them(language: str) -> None:
    lines = json.loads((REFERENCES / f"{language}.json").read_text())
    cleaned = {line["text"]: clean(line["text"], language) for line in lines}
    assert {line["text"]: line["cleaned"] for line in lines if line["cleaned"] is not None}.items() <= cleaned.items()


def test_the_corpus_covers_every_language() -> None:
    assert {file.stem for file in REFERENCES.glob("*.json")} == set(LANGUAGES)


@pytest.mark.parametrize(
    ("language", "text", "cleaned"),
    [
        ("cs", "1. ledna", "první ledna"),
        ("hi", "12.5 किताबें, 2024", "बारह दशमलव पाँच किताबें, दो हज़ार चौबीस"),
        ("ko", "100번째", "baeg beon-jjae"),
        ("tr", "1" * 50, " ".join(["bir"] * 50)),
        ("pl", "1.2.3€", "jeden przecinek dwa.trzy€"),
    ],
)
def test_what_coqui_tts_fails_at_is_read_all_the_same(language: str, text: str, cleaned: str) -> None:
    assert clean(text, language) == cleaned
