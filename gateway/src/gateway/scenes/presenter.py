"""What a model is told that writes for a voice."""

from __future__ import annotations

from gateway.scenes.languages import name_of

MAX_TOKENS = 400
"""Of a script, unless more is asked for: about two minutes, so that nobody gets an hour by accident."""
ALOUD = (
    "You write what a presenter says aloud, word for word. Write plain spoken sentences and nothing else: no headings, "
    "lists, markdown, emoji, web addresses, names of speakers or stage directions. Write numbers, units and symbols as "
    "they are said. Begin at once, with a short sentence. Unless a length is asked for, stay under a minute."
)


def system_prompt(language: str, own: str = "") -> str:
    """What the model is told before the prompt; `own` takes the place of our words on how to write.

    `language`: BCP 47, empty = that of the prompt.
    """
    return f"{own.strip() or ALOUD} {_in(language)}"


def _in(language: str) -> str:
    if not language:
        return "Write in the language of the request."
    name = name_of(language)
    return f"Write in {name} ({language})." if name else f"Write in the language with the code {language}."
