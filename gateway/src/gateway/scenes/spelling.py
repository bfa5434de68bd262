"""How one word of a model's text is said: without marks of markdown, emoji and what else no voice can say."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection

KEPT_SYMBOLS = frozenset("°©®™№℃℉")
JOINERS = frozenset("\u200c\u200d")
"""They shape Persian and Indic words, so they stay inside words; elsewhere they glue emoji."""
TAKEN_OUT = frozenset("\ufe0f\ufe0e\u20e3")  # what makes a picture of a sign or a digit
ARROWS = range(0x2190, 0x2200)

ADDRESS = re.compile(r"[(\[\"'<]*(?:https?://|www\.)", re.IGNORECASE)
_HOST = re.compile(r"(?:https?://)?(?:[^/@\s]*@)?(?:www\.)?([\w.-]*\w)", re.IGNORECASE)
_SIGNS_AFTER = re.compile(r"[)\]\"'>.,;:!?]*$")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_SNAKE = re.compile(r"(?<=[^\W_])_+(?=[^\W_])")
_TIMES = re.compile(r"^\*$|(?<=\d)\*(?=\d)")
_TAG = re.compile(r"^#+(?=[^\W\d_])")
_DASHES = re.compile(r"^-{2,}$")


def spelled(word: str, hosts: Collection[str] | None = None) -> str:
    """The word (no white space in it) as it can be said; empty where nothing is left of it.

    Of a web address its host is said; where `hosts` are given, of no others.
    """
    if ADDRESS.match(word):
        return _host(word, hosts)
    if "&" in word:
        word = html.unescape(word)
    word = _ESCAPED.sub(r"\1", word).replace("\\", " ").replace("`", "").replace("~~", "")
    word = _TIMES.sub("×", word).replace("*", "")
    word = _SNAKE.sub(" ", word).replace("_", "")
    word = _DASHES.sub("–", _TAG.sub("", word))
    return " ".join(_sayable(word).split())


def is_wide(character: str) -> bool:
    """Whether it belongs to a script that is written without spaces: each character may end a word."""
    return "\u2e80" <= character <= "\ud7ff" or "\uf900" <= character <= "\ufaff" or "\uff00" <= character <= "\uffef"


def _host(address: str, hosts: Collection[str] | None) -> str:
    bare = address.lstrip("([\"'<")
    after = _SIGNS_AFTER.search(bare)
    found = _HOST.match(bare)
    host = found.group(1).casefold() if found else ""
    known = hosts is None or host in hosts
    return f"{host if known else ''}{after.group() if after else ''}"


def _sayable(word: str) -> str:
    said: list[str] = []
    for character in word:
        if _is_sayable(character, said[-1] if said else ""):
            said.append(character)
    return "".join(said)


def _is_sayable(character: str, before: str) -> bool:
    if character in JOINERS:
        return before.isalpha() or unicodedata.category(before or " ").startswith("M")
    if character in TAKEN_OUT or ord(character) in ARROWS:
        return False
    kind = unicodedata.category(character)
    if kind == "So":
        return character in KEPT_SYMBOLS
    if kind == "Sk":
        return ord(character) < 0x10000  # the others are colours of skin
    return not kind.startswith("C")
