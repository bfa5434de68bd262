"""What a model is told that writes for a voice."""

import pytest

from gateway.scenes.presenter import ALOUD, system_prompt


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("", "Write in the language of the request."),
        ("en-US", "Write in English (en-US)."),
        ("pt_BR", "Write in Portuguese (pt_BR)."),
        ("tlh", "Write in the language with the code tlh."),
    ],
)
def test_the_language_is_said(language, told) -> None:
    assert system_prompt(language) == f"{ALOUD} {told}"


def test_own_words_take_the_place_of_ours() -> None:
    assert system_prompt("de", " Be a pirate. ") == "Be a pirate. Write in German (de)."
