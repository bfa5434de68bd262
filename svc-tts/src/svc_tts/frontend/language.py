"""Which language a text is written in: by its script, and for Latin script by its commonest words.

Good enough to pick a voice where the caller named neither voice nor language; it never overrules them, except that
no voice reads a script it does not know.
"""

from __future__ import annotations

import re
from collections import Counter

from svc_tts.frontend.scripts import ARABIC, CYRILLIC, EAST_ASIAN, KANA, LATIN, READERS, counts

DEFAULT = "en-US"

_UKRAINIAN = re.compile(r"[іїєґІЇЄҐ]")
_PERSIAN = re.compile(r"[پچژگ]")
_KANA = re.compile(f"[{KANA}]")

_COMMON_WORDS = {
    "en-US": "the of and to in is you that it he was for on are with as his they at be this have from or had by hello",
    "es-ES": "de la que el en y a los se del las un por con no una su para es al lo como más hola está pero muy",
    "fr-FR": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se bonjour je vous nous",
    "de-DE": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an hallo ich",
    "it-IT": "di e il la che in a per un è non del le si con i una da lo gli nel sono come ciao anche alla",
    "pt-BR": "de a o que e do da em um para é com não uma os no se na por mais as dos como mas olá você ao muito",
    "nl-NL": "de en van het een in is dat op te zijn met voor niet aan er om ook als dan maar bij hallo ik wij naar",
    "pl-PL": "i w na z do się nie to że jest o jak po co tak za ale czy od przez jego są cześć dzień",
    "sv-SE": "och i att det som en på är av för med till den har de inte om ett men var hej jag vi",
    "tr-TR": "ve bir bu da de için ile çok ne daha gibi ama olarak sonra kadar merhaba ben değil",
}
_LISTS = {language: frozenset(words.split()) for language, words in _COMMON_WORDS.items()}
_WORD = re.compile(r"[^\W\d_]+")


def guess(text: str) -> str:
    """The most likely language of `text` as BCP 47; English where nothing tells."""
    return by_script(text) or _by_words(text)


def by_script(text: str) -> str:
    """The language that the text's script tells; empty for Latin script and for none."""
    found = counts(text)
    latin = found.pop(LATIN, 0)
    # A foreign name in Latin letters does not make a text English: ideographs say more per letter.
    if not found or latin > 2 * sum(found.values()):
        return ""
    script = max(found, key=lambda name: found[name])
    if script == EAST_ASIAN:
        return "ja-JP" if _KANA.search(text) else "zh-CN"  # with kana its ideographs are Japanese too
    if script == CYRILLIC and _UKRAINIAN.search(text):
        return "uk-UA"
    if script == ARABIC and _PERSIAN.search(text):
        return "fa-IR"
    return READERS[script]


def base(language: str) -> str:
    """The language without region or script: "en-US" -> "en"."""
    return language.replace("_", "-").split("-", 1)[0].lower()


def _by_words(text: str) -> str:
    words = Counter(_WORD.findall(text[:2000].lower()))
    scores = {language: sum(words[word] for word in known) for language, known in _LISTS.items()}
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] else DEFAULT
