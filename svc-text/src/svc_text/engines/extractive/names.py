"""The company's name: from the titles, the address and the text; always as it is written there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from svc_text.engines.extractive.junk import fold, is_junk
from troupe.wire.documents import Document

MOST_NAME_WORDS = 5
MOST_NAME_CHARS = 60
HOST_WEIGHT, FORM_WEIGHT, TITLE_WEIGHT = 4.0, 1.5, 1.0
MENTION_WEIGHT, MOST_MENTIONS = 0.3, 8
LEAST_VALUE = 1.3  # below it no name is better than a wrong one

_BETWEEN = re.compile(r"\s+[|·•»«–—~/-]+\s+|\s*[|｜·•»«–—]\s*|:\s+|,\s+")
FORM = re.compile(
    r"\b(?:GmbH(?: & Co\. KG)?|AG|KG|OHG|e\.V\.|SE|Ltd\.?|Limited|LLC|LLP|Inc\.?|Corp\.?|PLC|Pty|S\.?A\.?R\.?L\.?|SAS|S\.A\.S?\.?|"
    r"S\.L\.U?\.?|SL|S\.p\.A\.|SpA|S\.r\.l\.|Srl|Lda\.?|Ltda\.?|B\.V\.|BV|N\.V\.|AB|A/S|ApS|Oy|sp\. z o\.o\.|A\.Ş\.|ООО|ТОВ)(?!\w)"
    r"|株式会社|有限会社|合同会社|有限公司|股份公司"
)
_FORM_NAME = re.compile(
    r"((?:[A-ZÀ-ÞА-Я][\w'’&+-]*|&|und|and|et|y|e|[a-z]+-[\w-]+)(?: (?:[A-ZÀ-ÞА-Я0-9][\w'’&+-]*|&|und|and|et|y|e)){0,4}) ?(?:"
    + FORM.pattern
    + ")"
)
_EAST_ASIAN_FORM = re.compile(
    r"(?:株式会社|有限会社|合同会社)[\w・ー]{1,15}|[\w・ー]{1,15}(?:株式会社|有限会社|有限公司|股份公司)"
)
_GENERIC = re.compile(
    r"(?:home ?page|home|start|start ?seite|welcome|willkommen|about(?: us)?|über uns|uber uns|ueber uns|products?|produkte|services?|"
    r"solutions?|contact|kontakt|accueil|bienvenue|a propos|qui sommes.nous|nos? produits|inicio|bienvenid\w+|sobre nosotros|productos|"
    r"servicios|quienes somos|chi siamo|prodotti|benvenut\w+|azienda|sobre|produtos|quem somos|over ons|producten|o nas|om oss|"
    r"hakkimizda|official (?:web)?site|offizielle \w+|site officiel|sitio oficial|blog|news|team|careers|index|untitled|the company|"
    r"company|unternehmen|our story|story|leistungen|"
    r"главная|о компании|о нас|首页|关于我们|产品|公司简介|ホーム|トップ|トップページ|会社概要|製品|製品情報|私たちについて)"
)
_WORD = re.compile(r"\w+")
_PROPER = re.compile(r"(?<![.!?:] )(?<!^)\b([A-ZÀ-Þ][\w&'’-]+(?: [A-ZÀ-Þ][\w&'’-]+){0,2})")


def company_name(documents: Sequence[Document]) -> str:
    """The name, or nothing where none stands out."""
    text = "\n".join(document.text for document in documents)
    candidates = Counter[str]()
    for name, weight in (*_of_titles(documents), *_of_forms(text), *_of_hosts(documents, text)):
        if _is_usable(name):
            candidates[name] += weight
    folded = fold(text)
    valued = {name: weight + _support(name, folded) for name, weight in candidates.items()}
    best = max(valued, key=lambda name: (valued[name], -len(name)), default="")
    return best if best and valued[best] >= LEAST_VALUE else ""


def _of_titles(documents: Sequence[Document]) -> Iterator[tuple[str, float]]:
    """The parts of the titles; one that stands in several counts more."""
    for document in documents:
        parts = [part.strip() for part in _BETWEEN.split(document.title) if part.strip()]
        label = _label(document.url)
        for place, part in enumerate(parts):
            weight = TITLE_WEIGHT * (1.2 if place == len(parts) - 1 else 1.0) / (1 + 0.15 * len(part.split()))
            weight += HOST_WEIGHT * _matches(part, label) + FORM_WEIGHT * bool(FORM.search(part))
            yield part, weight


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
            for count in range(len(words), 0, -1):
                name = " ".join(words[:count])
                if _matches(name, label) == 1.0:
                    yield name, HOST_WEIGHT / 2
                    return


def _is_usable(name: str) -> bool:
    if not 2 <= len(name) <= MOST_NAME_CHARS or len(name.split()) > MOST_NAME_WORDS:
        return False
    return bool(_WORD.search(name)) and not _GENERIC.fullmatch(fold(name)) and not is_junk(name)


def _support(name: str, folded: str) -> float:
    return MENTION_WEIGHT * min(folded.count(fold(name)), MOST_MENTIONS)


def _label(url: str) -> str:
    """The part of the host that names the site: "www.acme-pumps.co.uk" -> "acmepumps"."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    labels = [label for label in host.removeprefix("www.").split(".") if label]
    if len(labels) < 2 or host.replace(".", "").isdigit():
        return ""
    second = len(labels) > 2 and len(labels[-2]) <= 3
    return _letters(labels[-3 if second else -2])


def _letters(text: str) -> str:
    return "".join(character for character in fold(text) if character.isalnum())


def _matches(name: str, label: str) -> float:
    """0..1: whether the host is spelled like it."""
    letters = _letters(FORM.sub("", name))
    variants = {letters, letters.replace("und", ""), letters.replace("and", "")}
    variants |= {letters.replace("ß", "ss")}
    if not label or len(letters) < 2:
        return 0.0
    if label in variants:
        return 1.0
    if len(letters) >= 4 and (label.startswith(letters) or letters.startswith(label)) and len(label) >= 4:
        return 0.6
    return 0.0
