"""Numbers as words, in every language but Chinese (`chinese`) and Japanese (which keeps its digits here).

num2words says the words. The order, and what counts as a number, are coqui-tts's: the model was trained on texts read
so.
Where coqui-tts fails (Hindi; Czech ordinals; numbers that num2words cannot say) there is nothing to be equal to, and
something sensible is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from num2words import num2words

from svc_tts.engines.xtts.text import hindi
from svc_tts.engines.xtts.text.czech import czech_ordinal

_GROUPED_BY_COMMA = ("en", "ru")
_COMMAS = re.compile(r"\b\d{1,3}(?:,\d{3})*(?:\.\d+)?\b")
_DOTS = re.compile(r"\b\d{1,3}(?:.\d{3})*(?:,\d+)?\b")  # any character may stand between the thousands
_DECIMAL = re.compile(r"[0-9]+[.,][0-9]+")
_WHOLE = re.compile(r"[0-9]+")
_ORDINAL_ENDINGS = {
    "en": "st|nd|rd|th",
    "es": "º|ª|er|o|a|os|as",
    "fr": "º|ª|er|re|e|ème",
    "de": r"st|nd|rd|th|º|ª|\.(?=\s|$)",
    "pt": "º|ª|o|a|os|as",
    "it": "º|°|ª|o|a|i|e",
    "pl": "º|ª|st|nd|rd|th",
    "ar": "ون|ين|ث|ر|ى",
    "cs": r"\.(?=\s|$)",
    "ru": "-й|-я|-е|-ое|-ье|-го",
    "nl": "de|ste|e",
    "tr": r"\.|inci|nci|uncu|üncü",
    "hu": r"\.|adik|edik|odik|ödik|ödike|ik",
    "ko": "번째|번|차|째",
    "hi": "st|nd|rd|th",
}
_ORDINALS = {language: re.compile(f"([0-9]+)(?:{endings})") for language, endings in _ORDINAL_ENDINGS.items()}
_CURRENCIES = {
    name: re.compile(rf"{sign}[0-9.,]*[0-9]+|[0-9.,]*[0-9]+{sign}")
    for name, sign in (("GBP", "£"), ("USD", r"\$"), ("EUR", "€"))
}
_BEFORE_CENTS = {"es": " con ", "fr": " et ", "de": " und ", "pt": " e ", "it": " e "}  # others: a comma
_UNSAID = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What num2words raises, by language, at what it cannot say."""


def expand_numbers(text: str, language: str) -> str:
    """`text` with its numbers as words."""
    grouped, separator = (_COMMAS, ",") if language in _GROUPED_BY_COMMA else (_DOTS, ".")
    text = grouped.sub(lambda match: match.group().replace(separator, ""), text)
    text = _expand_amounts(text, language)
    if language != "tr":
        text = _DECIMAL.sub(lambda match: cardinal(match.group().replace(",", "."), language), text)
    text = _ORDINALS[language].sub(lambda match: ordinal(match.group(1), language), text)
    return _WHOLE.sub(lambda match: cardinal(match.group(), language), text)


def cardinal(digits: str, language: str) -> str:
    """A number, "12" or "12.5", as words; digit by digit where the language has no word for it."""
    if language == "hi":
        return hindi.cardinal(digits)
    try:
        return _say(float(digits) if "." in digits else int(digits), language)
    except _UNSAID:
        return " ".join(_say(int(digit), language) for digit in digits if digit != ".")


def ordinal(digits: str, language: str) -> str:
    """A whole number as an ordinal; as a cardinal where there is no ordinal to be had."""
    if language == "cs":
        return czech_ordinal(int(digits)) or cardinal(digits, language)
    try:
        return _say(int(digits), language, ordinal=True)
    except _UNSAID:
        return f"{cardinal(digits, language)} 번째" if language == "ko" else cardinal(digits, language)


def _expand_amounts(text: str, language: str) -> str:
    for currency, pattern in _CURRENCIES.items():
        try:
            text = pattern.sub(_amount(currency, language), text)
        except _UNSAID:
            return text  # the signs are read by `symbols`, and the currencies that come later are left, too
    return text


def _amount(currency: str, language: str) -> Callable[[re.Match[str]], str]:
    def said(match: re.Match[str]) -> str:
        amount = float(re.sub(r"[^\d.]", "", match.group().replace(",", ".")))
        words = _say(amount, language, to="currency", currency=currency)
        if not amount.is_integer():
            return words
        cents = words.rfind(_BEFORE_CENTS.get(language, ", "))  # "twenty dollars, zero cents"
        return words if cents == -1 else words[:cents]

    return said


def _say(number: float, language: str, **how: object) -> str:
    return str(num2words(number, lang=language, **how))
