"""`<say-as>`: what is written, said as what it is."""

from __future__ import annotations

import re

from svc_tts.frontend.aligned import AlignedText
from svc_tts.frontend.language import base
from svc_tts.frontend.normalise import normalised

_LONGEST = 15  # digits of a number that is written out


def said_as(text: str, kind: str, language: str) -> str:
    """How to say it; the text itself where the kind or the language is not known."""
    match kind:
        case "cardinal" | "number" | "ordinal":
            return _number(text, language, ordinal=kind == "ordinal")
        case "digits":
            return " ".join(character for character in text if character.isalnum())
        case "characters" | "spell-out":
            return ", ".join(character for character in text if not character.isspace())
        case "telephone":
            groups = re.findall(r"\d+", text)
            return ", ".join(" ".join(group) for group in groups)
        case "date" | "time" | "currency":
            return normalised(AlignedText.of(text), language).text
        case _:
            return text


def _number(text: str, language: str, *, ordinal: bool) -> str:
    """Whole numbers only: of "1.234" nobody knows without the language whether it is a fraction."""
    from num2words import num2words  # noqa: PLC0415  # every language's words: 40 ms, needed now and then

    digits = re.sub(r"[,.' \u00a0\u202f](?=\d{3}\b)", "", text.strip())
    if not re.fullmatch(r"[-+]?\d+", digits) or len(digits) > _LONGEST:
        return text
    try:
        return str(num2words(int(digits), ordinal=ordinal, lang=base(language)))
    except (RuntimeError, OverflowError, TypeError):  # the language has no words for it, or not of this size
        return text
