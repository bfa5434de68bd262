"""The company's name: from the titles, the address and the text; always as it is written there."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from svc_text.engines.extractive.addresses import site_label
from svc_text.engines.extractive.junk import fold, is_junk, speaks_to_machines
from svc_text.lexicon import everywhere
from troupe.wire.documents import Document

MOST_NAME_WORDS = 5
MOST_NAME_CHARS = 60
HOST_WEIGHT, FORM_WEIGHT, TITLE_WEIGHT = 4.0, 1.5, 1.0
SHORTEST_AGREEING = 4  # letters
MENTION_WEIGHT, MOST_MENTIONS = 0.3, 8
SUBJECT_WEIGHT, MOST_SUBJECTS = 1.0, 2  # sentences that begin with it
SLOGAN_MALUS = 0.4  # of a part of a title most of whose words are written small
LEAST_VALUE = 1.3  # below it no name is better than a wrong one
MAX_TITLE_CHARS = 300

_BETWEEN = re.compile(r"\s+[|·•»«–—~/-]+\s+|\s*[|｜·•»«–—]\s*|:\s+")
_COMMA = re.compile(r",\s+")
_FORMS = (
    r"\b(?:GmbH(?: & Co\. KG)?|AG|KG|OHG|e\.V\.|SE|Ltd\.?|Limited|LLC|LLP|Inc\.?|Corp\.?|PLC|Pty|S\.?A\.?R\.?L\.?|"
    r"SAS|S\.A\.S?\.?|S\.L\.U?\.?|SL|S\.p\.A\.|SpA|S\.r\.l\.|Srl|Lda\.?|Ltda\.?|B\.V\.|BV|"
    r"N\.V\.|AB|A/S|ApS|Oy|sp\. z o\.o\.|"
    r"A\.Ş\.|ООО|ТОВ)(?!\w)|株式会社|有限会社|合同会社|有限公司|股份公司"
)
FORM = re.compile(_FORMS)
_UPPER = "A-ZÀ-ÞА-Я"
_FORM_NAME = re.compile(
    rf"([{_UPPER}][\w'’&+-]*(?: (?:[{_UPPER}0-9][\w'’&+-]*|&|und|and|et|y|e)){{0,4}}) ?(?:{_FORMS})"
)
_EAST_ASIAN_FORM = re.compile(
    r"(?:株式会社|有限会社|合同会社)[\w・ー]{1,15}?(?=[はがのをにで、。\s]|$)|[\w・ー]{1,15}?(?:株式会社|有限会社|有限公司|股份公司)"
)
_PROPER = re.compile(rf"\b([{_UPPER}][\w&'’-]+(?: [{_UPPER}][\w&'’-]+){{0,2}})")
_ARTICLE = r"(?:(?:the|der|die|das|le|la|les|el|il|lo|o|a|de|het|at|bei|chez) |l')?"
_TRANSLITERATED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
_WORD = re.compile(r"\w+")


def company_name(documents: Sequence[Document]) -> str:
    """The name, or nothing where none stands out."""
    text = "\n".join(document.text for document in documents)
    weights: defaultdict[str, float] = defaultdict(float)
    for name, weight in (*_of_titles(documents), *_of_forms(text), *_of_hosts(documents, text)):
        if _is_usable(name):
            weights[name] += weight
    folded = "\n".join(map(fold, text.splitlines()))
    valued = {name: weight + _support(name, folded) for name, weight in weights.items()}
    best = max(valued, key=lambda name: (valued[name], len(name)), default="")
    return best if best and valued[best] >= LEAST_VALUE else ""


def _of_titles(documents: Sequence[Document]) -> Iterator[tuple[str, float]]:
    """The parts of the titles; one that stands in several counts more, one after a comma less."""
    for document in documents:
        label = _label(document.url)
        parts = [part for part in _BETWEEN.split(document.title[:MAX_TITLE_CHARS]) if part.strip()]
        for place, part in enumerate(parts):
            ends = 1.2 if place == len(parts) - 1 else 1.0
            for rank, piece in enumerate(_COMMA.split(part)):
                name = piece.strip()
                weight = TITLE_WEIGHT * ends / (1 + 0.15 * len(name.split())) / (1 + rank)
                weight *= SLOGAN_MALUS if _is_slogan(name) else 1.0
                yield name, weight + HOST_WEIGHT * _agrees(name, label) + FORM_WEIGHT * bool(FORM.search(name))


def _of_forms(text: str) -> Iterator[tuple[str, float]]:
    """Names with a legal form: "Acme GmbH" is Acme."""
    for match in _FORM_NAME.finditer(text):
        yield match.group(1).strip(" &"), FORM_WEIGHT
    for match in _EAST_ASIAN_FORM.finditer(text):
        yield match.group(0), FORM_WEIGHT


def _of_hosts(documents: Sequence[Document], text: str) -> Iterator[tuple[str, float]]:
    """Words of the text that spell the host's name."""
    for label in {_label(document.url) for document in documents} - {""}:
        for match in _PROPER.finditer(text):
            words = match.group(1).split()
            names = (" ".join(words[:count]) for count in range(len(words), 0, -1))
            if name := next((name for name in names if _agrees(name, label) == 1.0), ""):
                yield name, HOST_WEIGHT / 2
                break


def _is_usable(name: str) -> bool:
    if not 2 <= len(name) <= MOST_NAME_CHARS or len(name.split()) > MOST_NAME_WORDS:
        return False
    return (
        bool(_WORD.search(name)) and not _is_generic(fold(name)) and not is_junk(name) and not speaks_to_machines(name)
    )


def _is_generic(folded: str) -> bool:
    return any(pattern.fullmatch(folded) for pattern in everywhere("titles"))


def _support(name: str, folded: str) -> float:
    """What the text says for it: how often it stands there, and how often a sentence begins with it."""
    plain = re.escape(fold(name))
    subjects = len(re.findall(rf"(?:^|[.!?。！？] ?|# |\n){_ARTICLE}{plain}(?!\w)(?!\n|$)|\n{plain}[はが是]", folded))
    return MENTION_WEIGHT * min(folded.count(fold(name)), MOST_MENTIONS) + SUBJECT_WEIGHT * min(subjects, MOST_SUBJECTS)


def _is_slogan(name: str) -> bool:
    words = [word for word in name.split() if word[0].isalpha()]
    small = sum(word[0].islower() for word in words)
    return len(words) > 2 and 2 * small >= len(words)


def _label(url: str) -> str:
    return _letters(site_label(url))


def _letters(text: str) -> str:
    return "".join(character for character in fold(text) if character.isalnum())


def _agrees(name: str, label: str) -> float:
    """0..1: the share of letters that the name and the host's label have in common."""
    plain = FORM.sub("", name)
    spellings = {_letters(plain), _letters(plain.translate(_TRANSLITERATED))}
    spellings |= {each.replace(joint, "") for each in spellings for joint in ("und", "and")}
    words = {_letters(word) for word in plain.split()}
    return max((_common(each, words, label) for each in spellings if each and label), default=0.0)


def _common(letters: str, words: Iterable[str], label: str) -> float:
    """How much of both is the longest of them, or of the name's words, that stands in the other."""
    inside = [each for each in (letters, *words) if each in label] + ([label] if label in letters else [])
    longest = max(map(len, inside), default=0)
    return longest / max(len(letters), len(label)) if longest >= SHORTEST_AGREEING or letters == label else 0.0
