"""A site's pages -> its profile and the words of a presenter, by the text chain.

A model that gives no valid profile is asked once more, then the next rung is, as if it had failed: `extractive` at the
chain's end writes one of any page that has text. A chain's own fallbacks serve before that, as everywhere.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from gateway.routing.capability import DOCUMENTS_ONLY
from gateway.routing.chain import Chain, Served
from gateway.routing.rung import Rung
from gateway.scenes.handover import Resumed, nobody
from gateway.scenes.research.orders import presenter_order, profile_order
from gateway.scenes.research.profile import ANSWER_CHARS, Profile, ProfileInvalid, read_profile
from gateway.scenes.research.site import SITE_UNITS, Site, own_hosts
from gateway.scenes.research.spoken import Sentences
from gateway.scenes.text import ChatOrder, Written, chat
from troupe.v1.text_pb2 import ChatDelta
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import (
    AllRungsFailed,
    DeadlineExceeded,
    EmptyText,
    EngineFailed,
    NoRungCanServe,
    PageWithoutText,
    ServingError,
    TextTooLong,
)

TRIES = 2
"""Of one rung, for a profile."""
LEAST_UNITS = 1_500
"""A model that cannot read so much of a site cannot tell what it says."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote something."""

    provider: str
    engine: str
    only_repeats: bool  # it has no words of its own, so it writes in the pages' language


@dataclass(slots=True)
class Writer:
    """Writes about one site for one caller."""

    chain: Chain
    base: ChatOrder
    site: Site
    language: str
    deadline: Deadline
    request_id: str
    note: Callable[[str], None]
    resumed: Callable[[Resumed], None] = nobody  # told where a chat that broke goes on
    _units: int = SITE_UNITS
    _failures: dict[str, int] = field(default_factory=dict)
    _left: tuple[str, ...] = ()  # the rungs that may still be asked; empty = as the caller wished
    _readers: tuple[str, ...] = ()  # those that can read so much of the site; empty = all

    async def profile(self) -> tuple[Profile, Author]:
        """The profile, and who wrote it. Raises why nobody could."""
        while True:
            served = await self._begun(profile_order)
            written = Written()
            try:
                await _whole(served, written)
                return read_profile("".join(written.text), self.site.pages), self._author(served)
            except (ProfileInvalid, ServingError) as error:
                if self.deadline.remaining() <= 0:
                    raise DeadlineExceeded(
                        "The time for this request was used up before there was a profile."
                    ) from error
                self._failed(served, str(error))
                if written.finish_reason == "length" and self._units // 2 >= LEAST_UNITS:
                    self._units //= 2  # the answer did not fit beside what it is about
            finally:
                await served.aclose()

    async def script(self) -> AsyncGenerator[str]:
        """The presenter's words, sentence by sentence as they are written. Raises why nobody could."""
        served = await self.speaking()
        sentences = Sentences(own_hosts(page.url for page in self.site.pages))
        try:
            async for delta in served:
                for sentence in sentences.feed(delta.content):
                    yield sentence
                if sentences.enough:
                    return
            for sentence in sentences.rest():
                yield sentence
        finally:
            await served.aclose()

    async def speaking(self) -> Served[ChatDelta]:
        """The presenter's words, begun and as they are written: nothing is taken out of them."""
        self._left = self._readers
        return await self._begun(presenter_order)

    async def _begun(self, make: Callable[..., ChatOrder]) -> Served[ChatDelta]:
        """The answer of the first rung that can; less of the site is shown where the whole is too much for it."""
        while True:
            order = make(self.base, self.site.documents(self._units), self.language)
            order = replace(order, rungs=self._left or order.rungs)
            order.request.sampling.max_tokens = min(order.request.sampling.max_tokens, *self._limits())
            try:
                served = await chat(self.chain, order, self.deadline, self.request_id, self.resumed)
            except TextTooLong as error:
                self._too_long(order, error)
            except EmptyText as error:  # the pages hold nothing to quote
                raise PageWithoutText(error.message) from error
            except (NoRungCanServe, AllRungsFailed) as error:
                if not self._failures:
                    raise
                tried = ", ".join(self._failures)
                raise EngineFailed(f"{tried} gave no profile, and nobody else could: {error.message}") from error
            else:
                if served.fallback_reason:
                    self.note(served.fallback_reason)
                return served

    def _limits(self) -> Iterator[int]:
        """How many tokens the rungs write at most; a small model must not refuse what nobody asked it for."""
        yield SITE_UNITS
        for info in (rung.describe() for rung in self.chain.rungs):
            if info is not None and info.limits.max_output_tokens:
                yield info.limits.max_output_tokens

    def _failed(self, served: Served[ChatDelta], why: str) -> None:
        """A rung gave no profile; the second time it is passed over. Raises `EngineFailed` where nobody is left."""
        rung = served.rung
        self._failures[rung.name] = self._failures.get(rung.name, 0) + 1
        if self._failures[rung.name] >= TRIES and not self._passed_over(rung, why):
            raise EngineFailed(f"{rung.name} was asked {TRIES} times and gave no profile: {why}.")

    def _passed_over(self, rung: Rung, why: str) -> bool:
        """Only those after this rung are asked from now on, and shown the whole; whether there are any."""
        asked = self._left or self.base.rungs or tuple(rung.name for rung in self.chain.rungs)
        left = asked[_place(rung, asked) + 1 :]
        if not left:
            return False
        self.note(f"{rung.name}: {why}")
        self._left = left
        self._units = SITE_UNITS
        return True

    def _too_long(self, order: ChatOrder, error: TextTooLong) -> None:
        """Show less, or ask somebody who reads more. Raises `error` where there is nobody."""
        if self._units // 2 >= LEAST_UNITS:
            self._units //= 2
            return
        need = order.need()
        able = (rung for rung in self.chain.rungs if rung.can_serve(need) is None)
        first = min(able, key=lambda rung: _place(rung, need.rungs), default=None)
        if first is None or not self._passed_over(first, error.message):
            raise error
        self._readers = self._left

    def _author(self, served: Served[ChatDelta]) -> Author:
        info = served.rung.describe()
        only_repeats = info is not None and DOCUMENTS_ONLY in info.features
        return Author(served.rung.name, served.rung.engine, only_repeats)


def _place(rung: Rung, names: Sequence[str]) -> int:
    """Where it stands among those that shall be asked, in their order."""
    return next((number for number, name in enumerate(names) if name in {rung.name, rung.engine}), len(names))


async def _whole(served: Served[ChatDelta], written: Written) -> None:
    """Take in the answer; of one without end, as much as shows that."""
    size = 0
    async for delta in served:
        written.add(delta)
        size += len(delta.content)
        if size > ANSWER_CHARS:
            return
