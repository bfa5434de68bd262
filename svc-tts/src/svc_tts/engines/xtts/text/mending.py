"""Numbers that coqui-tts reads wrongly, rewritten so that it reads them right.

| text | coqui-tts 0.28 says | here |
|---|---|---|
| "$25", Portuguese | "vinte": the last part is cut off | vinte e cinco dólares |
| "$20", Arabic | twenty riyals | twenty dollars |
| "20€" in cs (£, $), pl (£), ru (£), ko (£, €), tr, hu, hi | the sign first, English, or nothing | number, currency |
| "20 €" in every language | the sign is unknown | as "20€" |
| "im Jahr 2024." in de, cs, hu, tr | an ordinal, and no full stop | a cardinal, and the full stop |
| "12,5" in Turkish | "on iki,beş" | on iki virgül beş |
| "10,000" and "$20" in Chinese | "ten," and ",twenty" | 一万, 二十美元 |
| symbols in Japanese | unknown | in katakana |
| digits in Japanese | unknown, but for 1-5 | in characters, and so in words |
| numbers of more than 15 digits | an error in some languages | digit by digit |
| "20 °C" in Italian | "ventesimo C" | 20 gradi C |
"""

from __future__ import annotations

import re
from collections.abc import Callable

from num2words import num2words

from svc_tts.engines.xtts.text import chinese
from svc_tts.engines.xtts.text.numbers import expand_numbers
from svc_tts.frontend.aligned import AlignedText

_LONGEST_NUMBER = 15  # digits
_TOO_LONG = re.compile(rf"\d{{{_LONGEST_NUMBER + 1},}}")
_SIGN_APART = re.compile(r"(?<=\d)\s+(?=[€$£¥₹])|(?<=[€$£¥₹])\s+(?=\d)")
_AMOUNT = re.compile(r"(?P<sign>[€$£¥₹])(?P<number>\d(?:[\d.,]*\d)?)|(?P<number_2>\d(?:[\d.,]*\d)?)(?P<sign_2>[€$£¥₹])")
_CENTS, _NO_CENTS = re.compile(r"[.,]\d\d?$"), re.compile(r"[.,]00?$")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_FINAL_NUMBER = re.compile(r"(?<![\w.,])[\d.,]*\d(?=\.$)")
_TURKISH_DECIMAL = re.compile(r"(?<=\d),(?=\d)")
_DEGREES = re.compile(r"(?<=\d)\s*°\s*(?=[CF]\b)")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")

_WITHOUT_SPACES = ("zh", "ja")
_CURRENCY_NAMES = {
    "en": {"¥": "yen", "₹": "rupees"},
    "pt": {"$": "dólares", "€": "euros"},
    "ar": {"$": "دولار", "€": "يورو", "£": "جنيه"},
    "cs": {"$": "dolarů", "£": "liber"},
    "pl": {"£": "funtów"},
    "ru": {"£": "фунтов"},
    "ko": {"€": "유로", "£": "파운드", "¥": "엔"},
    "tr": {"$": "dolar", "€": "euro", "£": "sterlin"},
    "hu": {"$": "dollár", "€": "euró", "£": "font"},
    "hi": {"$": "डॉलर", "€": "यूरो", "£": "पाउंड", "₹": "रुपये"},
    "zh": {"$": "美元", "€": "欧元", "£": "英镑", "¥": "元"},
    "ja": {"$": "ドル", "€": "ユーロ", "£": "ポンド", "¥": "円"},
}
"""The currencies that coqui-tts does not read, or not right."""

_JAPANESE_SYMBOLS = {
    "%": "パーセント",
    "&": "アンド",
    "@": "アット",
    "#": "ナンバー",
    "+": "プラス",
    "°": "度",
}
_JAPANESE_SYMBOL = re.compile(f"[{''.join(_JAPANESE_SYMBOLS)}]")


def mend(text: AlignedText, language: str) -> AlignedText:
    """`text`, tidied, with such numbers rewritten."""
    text = text.sub(_TOO_LONG, lambda match: " ".join(match.group())).sub(_SIGN_APART, lambda _: "")
    text = text.sub(_AMOUNT, _named(language))
    return _MENDERS.get(language, _as_it_is)(text)


def _named(language: str) -> Callable[[re.Match[str]], str]:
    names = _CURRENCY_NAMES.get(language, {})
    between = "" if language in _WITHOUT_SPACES else " "

    def rewritten(match: re.Match[str]) -> str:
        sign, number = match["sign"] or match["sign_2"], match["number"] or match["number_2"]
        number = _NO_CENTS.sub("", number)
        right_already = language == "pt" and _CENTS.search(number)
        return match.group() if right_already or sign not in names else f"{number}{between}{names[sign]}"

    return rewritten


def _as_it_is(text: AlignedText) -> AlignedText:
    return text


def _final_cardinal(language: str) -> Callable[[AlignedText], AlignedText]:
    return lambda text: text.sub(_FINAL_NUMBER, lambda match: expand_numbers(match.group(), language))


def _turkish(text: AlignedText) -> AlignedText:
    return _final_cardinal("tr")(text.sub(_TURKISH_DECIMAL, lambda _: " virgül "))


def _italian(text: AlignedText) -> AlignedText:
    return text.sub(_DEGREES, lambda _: " gradi ")


def _chinese(text: AlignedText) -> AlignedText:
    return text.sub(_GROUPED, lambda match: chinese.cardinal(match.group().replace(",", "")))


def _japanese(text: AlignedText) -> AlignedText:
    text = text.sub(_GROUPED, lambda match: match.group().replace(",", ""))
    text = text.sub(_NUMBER, lambda match: _in_kanji(match.group()))
    return text.sub(_JAPANESE_SYMBOL, lambda match: _JAPANESE_SYMBOLS[match.group()])


def _in_kanji(number: str) -> str:
    return str(num2words(float(number) if "." in number else int(number), lang="ja"))


_MENDERS: dict[str, Callable[[AlignedText], AlignedText]] = {
    "de": _final_cardinal("de"),
    "cs": _final_cardinal("cs"),
    "hu": _final_cardinal("hu"),
    "tr": _turkish,
    "it": _italian,
    "zh": _chinese,
    "ja": _japanese,
}
