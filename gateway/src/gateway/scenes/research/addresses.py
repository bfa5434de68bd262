"""Addresses in words: whatever a program might make a link of, open or load, whole or in pieces.

Words are looked at one by one, each in time that grows with its length alone. A company may be called by its own site's
name, and `Booking.com` of another site stays as `Booking`.
"""

from __future__ import annotations

import re
from collections.abc import Collection

LONGEST_WORD = 200  # of ASCII; longer ones are no words
LONGEST_LABEL = 63  # RFC 1035
SCHEMES = re.compile(
    r"(?:javascript|vbscript|data|mailto|tel|sms|file|blob|about|view-source|ipfs|magnet|https?|ftp):\S", re.IGNORECASE
)
NAME_ENDS = (
    "com net org info biz io ai app dev co me tv cc xyz top site online shop store tech cloud link click live "
    "page eu de at ch fr it es nl be uk ie pl cz se no dk fi pt ru cn jp kr in au nz ca us br mx tk ml zip mov to "
    "ly gg sh ws su example test invalid onion"
)
ENDS = frozenset(NAME_ENDS.split())
"""Ends of names that programs like to make a link of."""
_RUN = re.compile(r"[!-~]+")
_APART = re.compile(r"\s{0,3}:\s{0,3}//")
_WIDE_DOT = re.compile(r"(?<=[!-~])[\u3002\uff0e\uff61](?=[!-~])")
_QUERY = re.compile(r"[/?&][\w.\-]{0,100}[=?]\w")
_WEB = re.compile(r"www\.\w", re.IGNORECASE)
_HOST_PARTS = re.compile(r"[^\w.\-]+|\.{2,}", re.ASCII)
_EDGES = "\"'()[]{}<>,;.!?*_`"
_NAME = re.compile(r"[\w\-]+(?:\.[\w\-]+)+", re.ASCII)
_SENTENCE_ENDS = ".!?"


def without_addresses(text: str, own_hosts: Collection[str] = ()) -> str:
    """The words without addresses. `own_hosts`: sites' own names, which may be said (without any path)."""
    joined = _WIDE_DOT.sub(".", _APART.sub("://", text))
    return _RUN.sub(lambda found: _named(_said(found[0], own_hosts), own_hosts), joined)


def without_links(text: str, own_hosts: Collection[str] = ()) -> str:
    """The text as it is, names like `Booking.com` included, without what leads anywhere."""
    return _RUN.sub(lambda found: _said(found[0], own_hosts), text)


def _is_own(core: str, own_hosts: Collection[str]) -> bool:
    return core.casefold().removeprefix("www.") in own_hosts


def _said(word: str, own_hosts: Collection[str]) -> str:
    if not _is_own(word.strip(_EDGES), own_hosts) and _is_address(word):
        return word[-1] if word[-1] in _SENTENCE_ENDS else ""
    return word


def _named(word: str, own_hosts: Collection[str]) -> str:
    """Names of hosts in the word without what makes them hosts, whatever stands around them."""
    return _NAME.sub(lambda found: _name(found[0], own_hosts), word)


def _name(part: str, own_hosts: Collection[str]) -> str:
    core = part.strip("._-")
    labels = core.split(".")
    if len(labels) == 2 and labels[1].casefold() in ENDS and not _is_own(core, own_hosts):
        return part.replace(core, labels[0])
    return part


def _is_address(word: str) -> bool:
    if len(word) > LONGEST_WORD or "://" in word or re.search(r"//\w", word):
        return True
    if SCHEMES.search(word) or _QUERY.search(word):
        return True
    user, at, host = word.partition("@")
    if at and user and "." in host.strip(_EDGES):
        return True
    return any(_is_host(part, word) for part in _HOST_PARTS.split(word))


def _is_host(part: str, word: str) -> bool:
    """Whether part of a word names a host to go to: one with a path or a port, or with three labels and more."""
    if _WEB.search(part):
        return True
    labels = part.strip(".-").split(".")
    if len(labels) < 2 or not all(0 < len(label) <= LONGEST_LABEL for label in labels):
        return False
    end = labels[-1]
    numbers = len(labels) == 4 and all(label.isdecimal() for label in labels)  # IPv4
    named = end.isalpha() and len(end) > 1
    after = word[word.index(part) + len(part) :]
    onward = after.startswith(("/", "?", "#")) or (after[:1] == ":" and after[1:2].isdecimal())
    return (onward and (numbers or named)) or (named and len(labels) > 2)
