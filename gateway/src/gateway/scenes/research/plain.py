"""Words that a model wrote about strangers' pages -> plain words: no markup, no addresses, nothing that is not seen.

Whoever shows or speaks them need not trust them: there is nothing in them to click, to load or to run.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection

JOINERS = "\u200c\u200d"  # some scripts cannot be written without them
_DOT = r"[.\u3002\uff0e\uff61]"
_WORD = r"[^\s<>\"'()\[\]{}|,;]"
_ADDRESSES = re.compile(
    rf"""
    [a-z][a-z0-9+.\-]{{1,30}}\s?:\s?//\S*                 # any://thing
    | \b(?:javascript|vbscript|data|mailto|tel|sms|file|blob|about|view-source|ipfs|magnet):\S+
    | (?<![\w/:])//[^\s/]\S*                               # //host/path
    | \bwww\d?{_DOT}{_WORD}+
    | {_WORD}*[^\s<>"'()\[\]{{}}|,;@]@[\w\-]+({_DOT}[\w\-]+)+   # mail
    | \b(?:\d{{1,3}}\.){{3}}\d{{1,3}}(?::\d+|/){_WORD}*     # 1.2.3.4/path
    | \b[\w\-]+(?:{_DOT}[\w\-]+)*{_DOT}[a-z]{{2,24}}(?:(?::\d+)?[/?\#]{_WORD}*|:\d+\b)  # host.tld/path
    | \b[\w\-]+(?:{_DOT}[\w\-]+)+{_DOT}[a-z]{{2,24}}\b      # three labels and more
    """,
    re.IGNORECASE | re.VERBOSE,
)
_DOMAIN = re.compile(
    rf"\b([\w\-]+){_DOT}(com|net|org|info|biz|io|ai|app|dev|co|me|tv|cc|xyz|top|site|online|shop|store|tech|cloud|link|"
    rf"click|live|page|eu|de|at|ch|fr|it|es|nl|be|uk|ie|pl|cz|se|no|dk|fi|pt|ru|cn|jp|kr|in|au|nz|ca|us|br|mx|tk|ml|"
    rf"zip|mov|to|ly|gg|sh|ws|su|example|test|invalid|onion)\b",
    re.IGNORECASE,
)
"""`host.tld`: a name that programs like to make a link of; without its end it is a name that people know."""
_TAG = re.compile(r"<!--.*?(?:-->|$)|</?[a-z!?][^<>]*>?", re.IGNORECASE | re.DOTALL)
_PICTURE = re.compile(r"!\[([^\]]*)\]\s*(?:\([^)]*\)?|\[[^\]]*\])?")
_LINK = re.compile(r"\[([^\]]*)\]\s*(?:\([^)]*\)?|\[[^\]]*\])")
_MARKS = re.compile(r"[*`~#|]{2,}|(?<!\w)[*_`]+(?=\w)|(?<=\w)[*_`]+(?!\w)|(?<!\w)[*#>`]+(?!\w)")
ROUNDS = 5
"""What is left when something is taken out may be something again; what is not at rest by then is not kept."""


def plain(text: str, own_hosts: Collection[str] = ()) -> str:
    """The words of a text on one line. `own_hosts`: sites' own names, which may be said (without any path)."""
    for _ in range(ROUNDS):
        cleaned = _once(text, own_hosts)
        if cleaned == text:
            return cleaned
        text = cleaned
    return text if _once(text, own_hosts) == text else ""


def _once(text: str, own_hosts: Collection[str]) -> str:
    seen = "".join(map(_visible, html.unescape(text)))
    words = _LINK.sub(r"\1", _PICTURE.sub(r"\1", _TAG.sub(" ", seen)))
    bare = _ADDRESSES.sub(lambda found: _own(found[0], own_hosts), words)
    named = _DOMAIN.sub(lambda found: found[0] if _bare(found[0]) in own_hosts else found[1], bare)
    return " ".join(_MARKS.sub("", named).split())


def has_address(text: str) -> bool:
    """Whether an address of anything stands in the text."""
    return _ADDRESSES.search(text) is not None or _DOMAIN.search(text) is not None


def _own(address: str, own_hosts: Collection[str]) -> str:
    """A site may be named by its own name."""
    return address if _bare(address) in own_hosts else ""


def _bare(host: str) -> str:
    return host.casefold().removeprefix("www.")


def _visible(character: str) -> str:
    """Control, invisible and private characters are where hidden messages travel; none of them is a word."""
    category = unicodedata.category(character)
    if category in {"Cc", "Zl", "Zp", "Zs"}:
        return " "
    if category == "Cf":
        return character if character in JOINERS else ""
    hidden = category in {"Cs", "Co", "Cn"} or "\ufe00" <= character <= "\ufe0f" or character >= "\U000e0100"
    return "" if hidden else character
