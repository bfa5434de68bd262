from __future__ import annotations

import pytest

from gateway.scenes.languages import name_of


@pytest.mark.parametrize(
    ("language", "name"), [("de", "German"), ("pt_BR", "Portuguese"), ("YUE-HK", "Cantonese"), ("tlh", ""), ("", "")]
)
def test_a_language_has_its_name(language: str, name: str) -> None:
    assert name_of(language) == name
