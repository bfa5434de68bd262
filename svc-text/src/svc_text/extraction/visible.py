"""What of a page is not its content is taken out: what nobody sees, and what stands on every page of the site.

Words that a page hides from people (no display, no size, out of the window) are where instructions to machines hide.
Of the style sheets only those inside the page are known, and of their rules only the plain ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lxml.html import HtmlElement

MAX_STYLE_CHARS = 200_000
MAX_RULES = 5_000

NOT_CONTENT = frozenset(
    "script style noscript template svg math iframe frame object embed canvas audio video map button input select "
    "option textarea datalist dialog menu nav footer head link meta base form".split()
)
ROLES = frozenset("navigation banner contentinfo search dialog alertdialog menu menubar toolbar tooltip alert".split())
NEVER_HIDDEN = frozenset({"html", "body", "main"})  # a page that hides all of itself means to show it later

_HIDING = re.compile(
    r"display:none|visibility:(?:hidden|collapse)|content-visibility:hidden|font-size:0(?:px|pt|em|rem|%)?(?:;|!|$)"
    r"|(?:^|;)(?:max-)?(?:height|width):(?:0|1px)(?:px)?;.*overflow:hidden|overflow:hidden;(?:max-)?(?:height|width):(?:0|1px)"
    r"|text-indent:-\d{3,}|(?:left|right|top|bottom|margin-left|margin-top):-\d{4,}px|(?:left|top):-\d{3,}(?:em|rem|vw|vh)"
    r"|clip:rect\(0|clip:rect\(1px|clip-path:inset\((?:50|100)%|transform:scale\(0\)|font-size:[01]px"
)
_TRANSPARENT = re.compile(r"opacity:0(?:\.0+)?(?:;|!|$)|color:transparent")
_MOVES = re.compile(r"transform|transition|animation|will-change")  # it fades in: people will see it
_SPACE = re.compile(r"\s+|/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"([^{}@;]{1,400})\{([^{}]{1,2000})\}")
_PLAIN = re.compile(r"[a-z0-9]*(?:[.#][\w-]+)", re.IGNORECASE)
_HIDDEN_NAMES = frozenset(
    "sr-only visually-hidden visuallyhidden screen-reader-text screenreader screen-reader-only offscreen "
    "d-none hidden is-hidden u-hidden element-invisible assistive-text".split()
)
_SITE = re.compile(
    r"(?:^|[\s_-])(?:cookies?|consent|gdpr|onetrust|cookiebot|usercentrics|cmp|borlabs|didomi|iubenda|newsletter|popup|"
    r"modal|overlay|breadcrumbs?|skip(?:-?link|-to)|share|sharing|social|nav|navbar|navigation|menu|submenu|offcanvas|"
    r"comments?|comment-list|disqus|pagination|pager|lang(?:uage)?-?switch\w*|footer|subfooter|announcement|advert\w*|ads?|"
    r"promo-bar|related-posts|widget-area|search-form|chat-widget|legal-notice)(?:[\s_-]|$)"
    r"|cookie-?(?:banner|consent|notice|law|bar|popup|modal)|cybotcookie|comment-?(?:list|respond|section)",
    re.IGNORECASE,
)


def strip(body: HtmlElement, styles: Iterable[str]) -> None:
    """Take out of the tree what is not content; the text that follows an element stays."""
    hidden = frozenset(_hidden_selectors(styles))
    doomed = [element for element in body.iter() if element is not body and _goes(element, hidden)]
    for element in doomed:
        parent = element.getparent()
        if parent is not None:
            element.drop_tree()


def _goes(element: HtmlElement, hidden: frozenset[str]) -> bool:
    if not isinstance(element.tag, str):
        return True
    if element.tag in NEVER_HIDDEN:
        return False
    return element.tag in NOT_CONTENT or _is_hidden(element, hidden) or _is_of_the_site(element)


def _is_hidden(element: HtmlElement, hidden: frozenset[str]) -> bool:
    given = element.attrib
    if "hidden" in given or given.get("aria-hidden", "").strip().lower() == "true":
        return True
    names = given.get("class", "").split()
    if not _HIDDEN_NAMES.isdisjoint(name.lower() for name in names):
        return True
    if hidden and not hidden.isdisjoint(_selectors_of(element, names)):
        return True
    style = _folded(given.get("style", ""))
    return bool(style) and (_hides(style) or bool(_TRANSPARENT.search(style) and not _MOVES.search(style)))


def _is_of_the_site(element: HtmlElement) -> bool:
    given = element.attrib
    if given.get("role", "").strip().lower() in ROLES:
        return True
    named = f"{given.get('class', '')} {given.get('id', '')}"
    if not _SITE.search(named):
        return False
    # Frameworks put such words on wrappers of the whole page ("modal-open"): what holds most of it is content.
    return element.tag not in {"article", "section"} or "cookie" in named.lower()


def _hides(style: str) -> bool:
    return bool(_HIDING.search(style))


def _folded(style: str) -> str:
    return _SPACE.sub("", style.lower())


def _selectors_of(element: HtmlElement, names: Iterable[str]) -> Iterator[str]:
    """The plain selectors that pick this element."""
    for name in names:
        yield f".{name}"
        yield f"{element.tag}.{name}"
    if ident := element.attrib.get("id"):
        yield f"#{ident}"
        yield f"{element.tag}#{ident}"


def _hidden_selectors(styles: Iterable[str]) -> Iterator[str]:
    """Plain selectors whose rules, outside any at-rule, hide what they pick."""
    sheet = _outside_at_rules("\n".join(styles)[:MAX_STYLE_CHARS])
    for number, rule in enumerate(_RULE.finditer(sheet)):
        if number >= MAX_RULES:
            return
        if _hides(_folded(rule.group(2))):
            yield from (part for part in map(str.strip, rule.group(1).split(",")) if _PLAIN.fullmatch(part))


def _outside_at_rules(sheet: str) -> str:
    """The sheet without its blocks for other media: what hides on paper is seen on the screen."""
    kept, depth, at = [], 0, False
    for piece in re.split(r"(@[\w-]+[^{};]*\{|\{|\})", re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)):
        if piece.startswith("@") and not at:
            at, depth = True, 1
        elif at:
            depth += piece.endswith("{") - (piece == "}")
            at = depth > 0
        else:
            kept.append(piece)
    return "".join(kept)
