"""A site's address in, the company's profile out (and a presenter's words), told step by step while it is made."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gateway.guard.fetch.fetcher import Fetcher
from gateway.routing.capability import primary
from gateway.routing.chain import Chain
from gateway.scenes.research.plain import plain
from gateway.scenes.research.profile import Profile, clipped
from gateway.scenes.research.reading import TITLE_CHARS, SiteReader
from gateway.scenes.research.site import Site, SitePage
from gateway.scenes.research.writing import Author, Writer
from gateway.scenes.text import ChatOrder
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import TroupeError

NOTE_CHARS = 400
WIDE = "\u2e7f"
"""The last character before those of Chinese, Japanese and their punctuation."""


@dataclass(frozen=True, slots=True)
class PageRead:
    """One of the site's pages was read."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage was reached: "read", "profile" or "script"."""

    name: str
    at_ms: int  # since the request was accepted


@dataclass(frozen=True, slots=True)
class Noted:
    """What the caller should know."""

    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """The next sentence of the script."""

    text: str


@dataclass(frozen=True, slots=True)
class Profiled:
    """The profile was written."""

    profile: Profile
    author: Author
    language: str


News = PageRead | Stage | Noted | Said | Profiled


@dataclass(frozen=True, slots=True)
class ResearchOrder:
    """What is asked."""

    url: str
    base: ChatOrder  # for whom, by which rungs; its request has no messages
    language: str = ""  # BCP 47; empty = the pages' own
    script: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """What came of it."""

    profile: Profile
    author: Author
    language: str
    pages: Sequence[PageRead]
    notes: Sequence[str]
    script: str | None  # None = not asked for


@dataclass(slots=True)
class Research:
    """One research; `tell` hears of each step as it happens."""

    chain: Chain  # writes
    reading: Chain  # takes text out of pages
    fetcher: Fetcher
    order: ResearchOrder
    deadline: Deadline
    request_id: str
    tell: Callable[[News], None] = lambda _news: None
    _started: float = field(default_factory=time.monotonic)
    _notes: list[str] = field(default_factory=list)

    async def run(self) -> Findings:
        """Do it. Raises `AddressRefused`, `FetchFailed`, `PageWithoutText`, or why nobody could write."""
        reader = SiteReader(self.fetcher, self.reading, self.request_id, self.order.base.local_only)
        site = await reader.read(self.order.url, lambda page: self.tell(_page_read(page)))
        self._stage("read")
        for note in site.notes:
            self._note(note)
        writer = self._writer(site)
        profile, author = await writer.profile()
        language = self._language(site, author)
        self.tell(Profiled(profile, author, language))
        self._stage("profile")
        script = await self._script(writer) if self.order.script else None
        pages = [_page_read(page) for page in site.pages]
        return Findings(profile, author, language, pages, tuple(self._notes), script)

    def _writer(self, site: Site) -> Writer:
        language = self.order.language or site.language
        return Writer(self.chain, self.order.base, site, language, self.deadline, self.request_id, self._note)

    async def _script(self, writer: Writer) -> str:
        """A profile without its script is still worth having: what broke is a note."""
        said: list[str] = []
        try:
            async for sentence in writer.script():
                said.append(sentence)
                self.tell(Said(sentence))
        except TroupeError as error:
            self._note(f"The script is not whole: {error.message}" if said else f"There is no script: {error.message}")
        self._stage("script")
        return _joined(said)

    def _language(self, site: Site, author: Author) -> str:
        asked, own = self.order.language, site.language
        if author.only_repeats and own:
            if asked and primary(asked) != primary(own):
                self._note(
                    f"{author.provider} repeats the pages' own sentences, so the text is in {own} and not in {asked}. "
                    "A language model would write it anew (run: make model)."
                )
            return own
        return asked or own

    def _note(self, text: str) -> None:
        note = clipped(plain(text), NOTE_CHARS)
        if note not in self._notes:
            self._notes.append(note)
            self.tell(Noted(note))

    def _stage(self, name: str) -> None:
        self.tell(Stage(name, round((time.monotonic() - self._started) * 1000)))


def _joined(sentences: Sequence[str]) -> str:
    """Sentences as a text; those of Chinese and Japanese have no space between them."""
    text = ""
    for sentence in sentences:
        wide = text[-1:] > WIDE and sentence[:1] > WIDE
        text += sentence if wide or not text else f" {sentence}"
    return text


def _page_read(page: SitePage) -> PageRead:
    return PageRead(page.url, clipped(plain(page.title), TITLE_CHARS))
