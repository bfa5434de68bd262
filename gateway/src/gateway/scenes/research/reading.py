"""A site's address -> its pages: the one that was named, and a few more that say what the company is.

The gateway fetches bytes (guard/fetch); svc-text takes the text out of them, in a process of its own. All pages
together have the time of one fetch. A person named the first page, so it is read whatever robots.txt says; the further
ones are our own idea and robots.txt is asked (RFC 9309).
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

from gateway.guard.fetch.fetcher import PAGE_TYPES, Fetcher, Page
from gateway.routing.chain import Chain
from gateway.routing.need import Modality, Need
from gateway.routing.rung import Call, Rung
from gateway.scenes.research.site import Site, SitePage, further_pages
from troupe.v1.engine_pb2 import TASK_EXTRACT
from troupe.v1.text_pb2 import ExtractInput, ExtractResponse, ExtractSettings
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import EmptyText, FetchFailed, PageWithoutText, TroupeError
from troupe.wire.media import pieces

EXTRACT_S = 15.0
FEWEST_CHARS = 80  # a site that says less has no text
MORE_AT_LEAST_S = 2.0  # for the further pages, where the first one took nearly all of the time
ROBOT = "Troupe"
ROBOTS_BYTES = 256 * 1024
ROBOTS_TYPES = frozenset({"text/plain"})
TITLE_CHARS = 300
_CODE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
log = logging.getLogger(__name__)


def nobody(_page: SitePage) -> None:
    """For readings that nobody watches."""


@dataclass(frozen=True, slots=True)
class SiteReader:
    """Reads sites for one caller."""

    fetcher: Fetcher
    chain: Chain  # one of its rungs takes text out of pages
    request_id: str
    local_only: bool = False

    async def read(self, url: str, tell: Callable[[SitePage], None] = nobody) -> Site:
        """The site at an address; each page is told as soon as it is read.

        Raises `AddressRefused`, `FetchFailed`, `PageWithoutText`, or why no rung takes text out of pages.
        """
        started = time.monotonic()
        came = await self.fetcher.get(url)
        home, may = await asyncio.gather(self._taken_out(came), self._rules(came.url))
        tell(home)
        left = max(MORE_AT_LEAST_S, self.fetcher.times.total_s - (time.monotonic() - started))
        wanted = further_pages(home.url, home.links, may)
        more = await asyncio.gather(*(self._further(each, left, tell) for each in wanted))
        pages = _distinct([home, *(page for page in more if page is not None)])
        if sum(len(page.text) + len(page.description) for page in pages) < FEWEST_CHARS:
            raise PageWithoutText(
                f"{home.url} has no text to read: it may be pictures, or made by a program in the browser. Send the "
                "address of a page with text on it, such as the company's About page."
            )
        missed = len(more) - sum(page is not None for page in more)
        return Site(pages, [f"{missed} more of the site's pages could not be read."] if missed else [])

    async def _further(self, url: str, within_s: float, tell: Callable[[SitePage], None]) -> SitePage | None:
        try:
            async with asyncio.timeout(within_s):
                page = await self._taken_out(await self.fetcher.get(url))
        except (TroupeError, TimeoutError) as error:
            log.info("a further page was not read: %s", type(error).__name__)
            return None
        tell(page)
        return page

    async def _rules(self, home: str) -> Callable[[str], bool]:
        """What robots.txt allows: everything where there is none, nothing where the site cannot say (RFC 9309)."""
        robots = RobotFileParser()
        where = urlsplit(home)
        try:
            page = await self.fetcher.get(
                f"{where.scheme}://{where.netloc}/robots.txt", types=PAGE_TYPES, limit=ROBOTS_BYTES
            )
        except FetchFailed as error:
            unavailable = 400 <= float(error.details.get("status", 0)) < 500  # HTTP's own numbers
            return lambda _url: unavailable
        except TroupeError:
            return lambda _url: False
        if page.content_type.partition(";")[0].strip().casefold() not in ROBOTS_TYPES:
            return lambda _url: True  # a page that says "not found" with status 200
        robots.parse(page.data.decode("utf-8", "replace").splitlines())
        return lambda url: robots.can_fetch(ROBOT, url)

    async def _taken_out(self, page: Page) -> SitePage:
        try:
            need = Need(Modality.TEXT, task=TASK_EXTRACT, local_only=self.local_only)
            found = await extract(self.chain, need, page, self.request_id)
        except (EmptyText, PageWithoutText):
            found = ExtractResponse()
        title = found.title[:TITLE_CHARS]
        if found.site_name and found.site_name.casefold() not in title.casefold():
            title = f"{title} | {found.site_name[:TITLE_CHARS]}".strip(" |")
        return SitePage(
            page.url,
            title,
            found.text,
            found.description,
            _language(found.language),
            tuple(found.links),
            found.site_name[:TITLE_CHARS],
        )


async def extract(chain: Chain, need: Need, page: Page, request_id: str) -> ExtractResponse:
    """A page's bytes -> its text and what it says of itself, by whichever text service does that."""

    async def inputs(rung: Rung) -> AsyncGenerator[ExtractInput]:
        settings = ExtractSettings(engine=rung.engine, url=page.url, content_type=page.content_type)
        yield ExtractInput(settings=settings)
        for piece in pieces(page.data):
            yield ExtractInput(page=piece)

    deadline = Deadline.after(EXTRACT_S)
    call: Call[ExtractResponse] = Call("Extract", inputs, lambda _found: True, deadline, request_id)
    served = await chain.run(need, call)
    try:
        return await anext(served)
    finally:
        await served.aclose()


def _language(told: str) -> str:
    """What a page calls its language, where that is a language's code."""
    code = told.strip().replace("_", "-")
    return code if _CODE.fullmatch(code) else ""


def _distinct(pages: Sequence[SitePage]) -> list[SitePage]:
    """Without pages that say the same: many sites answer every path with one text."""
    kept: dict[str, SitePage] = {}
    for page in pages:
        kept.setdefault(page.text, page)
    return list(kept.values())
