"""What of a page is not its content is taken out: what nobody sees, and what stands on every page of the site.

Words that a page hides from people are where instructions to machines hide; what hides them stands in `hiding`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from lxml.html import HtmlElement

from svc_text.extraction.blocks import walk
from svc_text.extraction.hiding import Hiding

_NO_TEXT = """script style noscript template svg math iframe frame object embed canvas audio video map head link
meta base input select option textarea datalist"""
_AROUND = "button dialog menu nav footer form"
_ROLES = "navigation contentinfo search dialog alertdialog menu menubar toolbar tooltip alert"
NO_TEXT, AROUND, ROLES = (frozenset(words.split()) for words in (_NO_TEXT, _AROUND, _ROLES))
KEPT = frozenset({"html", "body", "main"})  # a page that hides all of itself means to show it later
MOST_OF_IT = 0.4  # share of the page's text above which a part is no banner, whatever it is called

_SITE = re.compile(
    r"(?:^|[\s_-])(?:cookies?|consent|gdpr|onetrust|cookiebot|usercentrics|cmp|borlabs|didomi|iubenda|tarteaucitron|"
    r"newsletter|popup|modal|overlay|lightbox|breadcrumbs?|skip-?link|skip-to|share|sharing|social|nav|navbar|navigation|"
    r"menu|submenu|offcanvas|sidebar-nav|comments?|disqus|pagination|pager|lang(?:uage)?-?switch\w*|footer|subfooter|"
    r"announcement|advert\w*|ads?|promo-bar|related-posts|search-form|chat-widget|legal-notice|age-gate)(?:[\s_-]|$)"
    r"|cookie-?(?:banner|consent|notice|law|bar|popup|modal)|cybotcookie|comment-?(?:list|respond|section)",
    re.IGNORECASE,
)


def strip(body: HtmlElement, styles: Iterable[str]) -> None:
    """Take out what is not content; the text that follows an element stays."""
    hiding = Hiding(styles)
    sizes = _sizes(body)
    most = MOST_OF_IT * sizes[body]

    def goes(element: HtmlElement) -> bool:
        if element.tag in NO_TEXT or hiding.hides(element):
            return True
        return _is_around(element) and (sizes[element] <= most or element.tag in {"nav", "footer"})

    _drop(body, goes)


def strip_hidden(body: HtmlElement, styles: Iterable[str]) -> None:
    """Take out only what nobody sees."""
    hiding = Hiding(styles)
    _drop(body, lambda element: element.tag in NO_TEXT or hiding.hides(element))


def _drop(body: HtmlElement, goes: Callable[[HtmlElement], bool]) -> None:
    for element in [each for each in body.iter() if each is not body and each.tag not in KEPT and goes(each)]:
        if element.getparent() is not None:
            element.drop_tree()


def _is_around(element: HtmlElement) -> bool:
    given = element.attrib
    if element.tag in AROUND or given.get("role", "").strip().lower() in ROLES:
        return True
    return bool(_SITE.search(f"{given.get('class', '')} {given.get('id', '')}"))


def _sizes(body: HtmlElement) -> dict[HtmlElement, int]:
    """Characters of text that each element holds, scripts left out."""
    sizes: dict[HtmlElement, int] = {}
    open_sums = [0]
    for starts, element in walk(body):
        if starts:
            own = 0 if element.tag in NO_TEXT else len((element.text or "").strip())
            open_sums.append(own)
        else:
            size = open_sums.pop()
            sizes[element] = size
            open_sums[-1] += size + len((element.tail or "").strip())
    return sizes
