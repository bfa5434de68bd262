"""Whether people see an element, told from its attributes, its inline style and the page's own style sheets.

Only sheets inside the page are known, and of their rules only those with plain selectors (`.name`, `#id`, `tag.name`)
outside any at-rule. Transparent elements that move are shown: sites fade their sections in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lxml.html import HtmlElement

MAX_STYLE_CHARS = 200_000
MAX_RULES = 5_000
MAX_INLINE_CHARS = 1_000  # of an element's own style
NAMES = frozenset(
    {
        "sr-only",
        "visually-hidden",
        "visuallyhidden",
        "screen-reader-text",
        "screen-reader-only",
        "offscreen",
        "d-none",
        "hidden",
        "is-hidden",
        "u-hidden",
        "element-invisible",
        "assistive-text",
    }
)
"""Class names of the usual frameworks for text that only screen readers get."""

_SIZE = r"(?:max-)?(?:height|width):(?:0|1)(?:px|em|rem)?"
_HIDDEN = re.compile(
    r"display:none|(?:^|;)(?:content-)?visibility:(?:hidden|collapse)"
    r"|font-size:(?:0(?:\.0*)?(?:px|pt|em|rem|%)?|1(?:\.\d+)?(?:px|pt)|0?\.[0-2]\d*(?:em|rem))(?:;|!|$)"
    rf"|(?:^|;){_SIZE}(?:;.*)?;overflow:hidden|overflow:hidden;(?:.*;)?{_SIZE}(?:;|$)"
    r"|text-indent:-\d{3,}|(?:left|right|top|bottom|margin-left|margin-top):-\d{4,}px|(?:left|top):-\d{3,}(?:em|rem|vw|vh)"
    r"|clip:rect\([01]|clip-path:inset\((?:50|100)%|transform:scale\(0"
)
_TRANSPARENT = re.compile(r"(?:^|;)opacity:0(?:\.0\d*)?(?:;|!|$)|(?:^|;)color:transparent")
_MOVES = re.compile(r"transform|transition|animation|will-change")
_SAME = re.compile(
    r"(?:^|;)color:([^;!]+).*;background(?:-color)?:\1(?:;|!|$)|(?:^|;)background(?:-color)?:([^;!]+).*;color:\2(?:;|!|$)"
)
_SPACE = re.compile(r"\s+")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"([^{}@;]{1,400})\{([^{}]{1,2000})\}")
_PLAIN = re.compile(r"[a-z0-9]*[.#][\w-]+", re.IGNORECASE)
_PIECES = re.compile(r"(@[\w-]+[^{};]*\{|\{|\})")


class Hiding:
    """What the style sheets of one page hide."""

    def __init__(self, styles: Iterable[str]) -> None:
        self._selectors = frozenset(_hidden_selectors("\n".join(styles)[:MAX_STYLE_CHARS]))

    def hides(self, element: HtmlElement) -> bool:
        """Whether nobody sees it; what is inside such an element is not asked."""
        given = element.attrib
        if "hidden" in given or given.get("aria-hidden", "").strip().lower() == "true":
            return True
        names = given.get("class", "").split()
        if not NAMES.isdisjoint(name.lower() for name in names):
            return True
        if self._selectors and not self._selectors.isdisjoint(_selectors_of(element, names)):
            return True
        style = _folded(given.get("style", "")[:MAX_INLINE_CHARS])
        return bool(style) and (_hides(style) or bool(_SAME.search(style)) or _is_transparent(style))


def _hides(style: str) -> bool:
    return bool(_HIDDEN.search(style))


def _is_transparent(style: str) -> bool:
    return bool(_TRANSPARENT.search(style)) and not _MOVES.search(style)


def _folded(style: str) -> str:
    return _SPACE.sub("", _COMMENT.sub("", style.lower()))


def _selectors_of(element: HtmlElement, names: Iterable[str]) -> Iterator[str]:
    """The plain selectors that pick this element."""
    for name in names:
        yield f".{name}"
        yield f"{element.tag}.{name}"
    if ident := element.attrib.get("id"):
        yield f"#{ident}"
        yield f"{element.tag}#{ident}"


def _hidden_selectors(sheet: str) -> Iterator[str]:
    for number, rule in enumerate(_RULE.finditer(_outside_at_rules(sheet))):
        if number >= MAX_RULES:
            return
        if _hides(_folded(rule.group(2)[:MAX_INLINE_CHARS])):
            yield from (part for part in map(str.strip, rule.group(1).split(",")) if _PLAIN.fullmatch(part))


def _outside_at_rules(sheet: str) -> str:
    """The sheet without its blocks for other media: what hides on paper is seen on the screen."""
    kept: list[str] = []
    depth = 0  # of braces inside an at-rule
    for piece in _PIECES.split(_COMMENT.sub("", sheet)):
        if depth:
            depth += piece.endswith("{") - (piece == "}")
        elif piece.startswith("@"):
            depth = 1
        else:
            kept.append(piece)
    return "".join(kept)
