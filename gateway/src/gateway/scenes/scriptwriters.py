"""Who writes what a head says: a model that answers a prompt, or one that presents a company by its own pages."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.guard.fetch.fetcher import Fetcher
from gateway.routing.capability import DOCUMENTS_ONLY, primary
from gateway.routing.chain import Chain, Served
from gateway.scenes.dictation import Commission, Draft
from gateway.scenes.research.plain import plain
from gateway.scenes.research.reading import SiteReader
from gateway.scenes.research.site import Site, SitePage, own_hosts
from gateway.scenes.research.writing import Writer
from gateway.scenes.text import ChatOrder, chat
from troupe.v1.text_pb2 import ChatDelta

PRESENTED_CHARS = 1_200
"""A minute and a half; the model is asked for less."""


@dataclass(frozen=True, slots=True)
class Answering:
    """Writes the answer to a prompt."""

    order: ChatOrder
    max_chars: int

    async def begin(self, commission: Commission) -> Draft:
        """The answer, begun."""
        ask = commission
        served = await chat(ask.chain, self.order, ask.deadline, ask.request_id, ask.resumed)
        return Draft(served, self.max_chars)


@dataclass(frozen=True, slots=True)
class Presenting:
    """Reads a company's pages and writes 30 to 60 s about it. The pages are told to the scene as they are read."""

    url: str
    base: ChatOrder  # for whom, by which rungs; its request has no messages
    fetcher: Fetcher
    reading: Chain  # one of its rungs takes text out of pages
    language: str = ""  # BCP 47; empty = the pages' own

    async def begin(self, commission: Commission) -> Draft:
        """The words, begun. Raises `AddressRefused`, `FetchFailed`, `PageWithoutText`, or why nobody could write."""
        ask, scene = commission, commission.scene

        def note(text: str) -> None:
            scene.tell("note", text=text)

        def read(page: SitePage) -> None:
            scene.tell("page", url=page.url, title=plain(page.title))

        reader = SiteReader(self.fetcher, self.reading, ask.request_id, self.base.local_only)
        site = await reader.read(self.url, read)
        scene.stage("pages_read")
        for each in site.notes:
            note(each)
        language = self.language or site.language
        writer = Writer(ask.chain, self.base, site, language, ask.deadline, ask.request_id, note, ask.resumed)
        served = await writer.speaking()
        hosts = own_hosts(page.url for page in site.pages)
        spoken = self._spoken_in(site, served)
        if self.language and primary(spoken) != primary(self.language):
            note(f"{served.rung.name} repeats the pages' own sentences, so it speaks {spoken} and not {self.language}.")
        return Draft(served, PRESENTED_CHARS, spoken, hosts, lambda phrase: plain(phrase, hosts))

    def _spoken_in(self, site: Site, served: Served[ChatDelta]) -> str:
        """Who has no words of its own writes in the pages' language."""
        info = served.rung.describe()
        only_repeats = info is not None and DOCUMENTS_ONLY in info.features
        return (site.language if only_repeats else "") or self.language or site.language
