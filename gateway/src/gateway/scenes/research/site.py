"""A site as far as it was read, and which more of its pages say what the company is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from gateway.scenes.research.addresses import without_links
from troupe.v1.text_pb2 import Document

MOST_PAGES = 5
"""Of one site, the one that was named included."""
MOST_LINKS = 1_000
DEEPEST = 3  # path segments
PAGE_UNITS, SITE_UNITS = 5_000, 12_000
"""How much of one page, and of all, a model is given: about 3,000 tokens, what a small model on a CPU reads in time."""
WIDE_UNITS = 3  # a character of Chinese or Japanese is about a token, three or four of other scripts are one

ABOUT = (
    "about aboutus company organisation organization whoweare ourstory story mission profile corporate "
    "ueberuns uberuns unternehmen firma quienessomos nosotros empresa sobre sobrenos apropos quisommesnous entreprise "
    "chisiamo azienda overons onas omoss omos guanyu jianjie gongsi kaisha gaiyo gaiyou hakkimizda okompanii"
)
PRODUCTS = (
    "product products service services solution solutions platform features whatwedo offer offering offerings "
    "produkt produkte produkter leistungen loesungen losungen angebot productos producto servicios soluciones "
    "produits produit prestations prodotti servizi soluzioni producten diensten produtos servicos uslugi oferta "
    "chanpin fuwu jiejuefangan shohin seihin jigyo urunler hizmetler"
)
CUSTOMERS = "customers clients references cases casestudies usecases industries kunden referenzen clientes klienci"
PEOPLE = "team people leadership history geschichte historia histoire storia historie pricing prices preise tarifs"
KINDS = tuple(frozenset(words.split()) for words in (ABOUT, PRODUCTS, CUSTOMERS, PEOPLE))
"""What a path says of its page, the most telling first."""
NOT_READ = (
    "login signin signup register account cart checkout basket privacy terms legal imprint impressum datenschutz "
    "agb cookie cookies job jobs career careers karriere search suche tag tags category feed rss download "
    "downloads help support status faq logout password unsubscribe press presse news blog events contact kontakt "
    "sitemap"
)
SKIPPED = frozenset(NOT_READ.split())
_FILE = re.compile(r"\.(?!html?$|php$|aspx?$|jsp$)[a-z0-9]{1,5}$", re.IGNORECASE)
_LANGUAGE = re.compile(r"^[a-z]{2}(-[a-z]{2})?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SitePage:
    """One page that was read."""

    url: str
    title: str
    text: str
    description: str = ""
    language: str = ""
    links: tuple[str, ...] = ()
    site_name: str = ""  # what the page calls its site

    @property
    def whole(self) -> str:
        """Everything that stands on it."""
        return "\n".join(part for part in (self.title, self.description, self.text) if part)


@dataclass(frozen=True, slots=True)
class Site:
    """The pages that were read, the one that was named first."""

    pages: Sequence[SitePage]
    notes: Sequence[str] = ()  # what could not be read

    @property
    def language(self) -> str:
        """The language of its pages; empty = not known."""
        return next((page.language for page in self.pages if page.language), "")

    def documents(self, units: int = SITE_UNITS) -> list[Document]:
        """The pages as a chat takes them, each from its beginning, all of them within so many units.

        Addresses in their text are left out: what a model has not read it cannot be made to pass on.
        """
        hosts = own_hosts(page.url for page in self.pages)
        left, made = units, []
        for page in self.pages:
            told = f"{page.description}\n\n{page.text}" if page.description not in page.text else page.text
            text, used = shortened(
                without_links(told.strip(), hosts), min(left, max(PAGE_UNITS, units // len(self.pages)))
            )
            left -= used
            if text:
                made.append(Document(url=page.url, title=page.title, text=text))
        return made


def own_hosts(urls: Iterable[str]) -> frozenset[str]:
    """The names of these pages' sites, which may be said."""
    return frozenset(_site(urlsplit(url).hostname) for url in urls)


def shortened(text: str, units: int) -> tuple[str, int]:
    """As much of a text's beginning as comes to so many units, up to the end of a word; and what it comes to."""
    used = 0
    for place, character in enumerate(text):
        cost = WIDE_UNITS if character > "\u2e7f" else 1
        if used + cost > units:
            cut = max(text.rfind(end, 0, place) for end in ("\n", " ", "。"))
            return text[: cut if cut > place // 2 else place], used
        used += cost
    return text, used


def further_pages(home: str, links: Iterable[str], allowed: Callable[[str], bool]) -> list[str]:
    """Those links of the page at `home` that are worth reading too, the most telling first; at most 4."""
    candidates: dict[str, tuple[int, int, int]] = {}
    known = {_plain(home)}
    for place, link in enumerate(list(links)[:MOST_LINKS]):
        url = _plain(link)
        rank = _rank(home, url)
        if url not in known and rank is not None and allowed(url):
            known.add(url)
            candidates[url] = (*rank, place)
    ordered = sorted(candidates, key=candidates.__getitem__)
    return list(_varied(ordered, candidates))[: MOST_PAGES - 1]


def _varied(ordered: Sequence[str], ranks: dict[str, tuple[int, int, int]]) -> Iterator[str]:
    """One of each kind first, then the others: four pages of products say less than one and the company's own."""
    first_of = {ranks[url][0]: url for url in reversed(ordered)}
    firsts = [url for url in ordered if first_of[ranks[url][0]] == url]
    yield from firsts
    yield from (url for url in ordered if url not in firsts)


def _rank(home: str, url: str) -> tuple[int, int] | None:
    """Kind and depth, less is better; None for what is not read."""
    try:
        here, there = urlsplit(home), urlsplit(url)
        same = (_site(here.hostname), here.port) == (_site(there.hostname), there.port)
    except ValueError:
        return None
    segments = [segment for segment in there.path.split("/") if segment]
    if not same or there.scheme not in {"http", "https"} or there.query or len(segments) > DEEPEST:
        return None
    if _other_language(here.path, segments) or (segments and _FILE.search(segments[-1])):
        return None
    words = {word for segment in segments for word in _words(segment)}
    if words & SKIPPED or not segments:
        return None
    kind = next((number for number, kind in enumerate(KINDS) if words & kind), len(KINDS))
    return kind, len(segments)


def _words(segment: str) -> list[str]:
    """`about-us.html` -> about, us, aboutus."""
    parts = [part for part in re.split(r"[^\w]+|_", segment.rpartition(".")[0] or segment) if part]
    return [part.casefold() for part in (*parts, "".join(parts))]


def _other_language(home: str, segments: Sequence[str]) -> bool:
    first = next((segment for segment in home.split("/") if segment), "")
    own = first if _LANGUAGE.match(first) else ""
    theirs = segments[0] if segments and _LANGUAGE.match(segments[0]) else ""
    return theirs.casefold() != own.casefold()


def _plain(url: str) -> str:
    """Without fragment, and with one way to write the end of a path."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), parts.query, ""))


def _site(host: str | None) -> str:
    return (host or "").removeprefix("www.")
