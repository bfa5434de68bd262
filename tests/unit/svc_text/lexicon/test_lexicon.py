from __future__ import annotations

import pytest

from svc_text.lexicon import DEFAULT, LANGUAGES, everywhere, lexicon


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_list(language: str) -> None:
    words = lexicon(language)
    assert len(words.common) > 20
    for pattern in (words.identity, words.offers, words.elsewhere, words.audience, words.apart):
        assert pattern.search("") is None  # none of them matches everything


def test_a_language_without_a_file_is_read_as_english() -> None:
    assert lexicon("xx") is lexicon("xx")
    assert lexicon("xx").common == lexicon(DEFAULT).common


def test_whole_words_match() -> None:
    assert lexicon("en").offers.search("Our products")
    assert not lexicon("en").offers.search("Byproducts")
    assert lexicon("ja").offers.search("製品情報")


@pytest.mark.parametrize("name", ["machines", "site", "titles"])
def test_patterns_of_all_languages_are_there(name: str) -> None:
    assert len(everywhere(name)) > 30
