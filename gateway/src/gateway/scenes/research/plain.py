"""Words that a model wrote about strangers' pages -> plain words: no markup, no addresses, nothing that is not seen.

Whoever shows or speaks them need not trust them: there is nothing in them to click, to load or to run.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection

from gateway.scenes.research.addresses import without_addresses
from troupe.wire.documents import is_unseen

MOST_CHARS = 8_000
ROUNDS = 5
"""What is left when something is taken out may be something again; what is not at rest by then is not kept."""
_TAG = re.compile(r"<!--.*?(?:-->|$)|</?[a-z!?][^<>]*>?", re.IGNORECASE | re.DOTALL)
_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\s{0,3}(?:\([^()]{0,2000}\)?|\[[^\[\]]{0,300}\])|!\[([^\[\]]{0,300})\]")
_MARKS = re.compile(
    r"[*`~#|]{2,16}|(?<!\w)[*_`]{1,8}(?=\w)|(?<=\w)[*_`]{1,8}(?!\w)|(?<!\w)[*#`](?!\w)|^\s*>+", re.MULTILINE
)
_ANGLES = str.maketrans("<>", "‹›")


def plain(text: str, own_hosts: Collection[str] = ()) -> str:
    """The words of a text on one line. `own_hosts`: sites' own names, which may be said (without any path)."""
    text = text[:MOST_CHARS]
    for _ in range(ROUNDS):
        cleaned = _once(text, own_hosts)
        if cleaned == text:
            return cleaned
        text = cleaned
    return text if _once(text, own_hosts) == text else ""


def has_address(text: str) -> bool:
    """Whether an address of anything stands in the text."""
    return without_addresses(text) != text


def _once(text: str, own_hosts: Collection[str]) -> str:
    seen = "".join(map(_visible, html.unescape(text)))
    words = _LINK.sub(lambda found: f" {found[1] or found[2] or ''} ", _TAG.sub(" ", seen))
    bare = _MARKS.sub("", without_addresses(words, own_hosts))
    return _tidy(bare.translate(_ANGLES).replace("![", "[").replace("](", "] ("))


def _tidy(text: str) -> str:
    """On one line, without the holes that something taken out has left."""
    return re.sub(r"\s+([.!?,;:])(?!\S)", r"\1", " ".join(text.split()))


def _visible(character: str) -> str:
    """Control, invisible and private characters are where hidden messages travel; none of them is a word."""
    category = unicodedata.category(character)
    if category in {"Cc", "Zl", "Zp", "Zs"}:
        return " "
    return "" if is_unseen(character) else character
