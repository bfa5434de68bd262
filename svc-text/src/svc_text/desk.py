"""The desk between the RPCs and the engines: which are ready, who is being served, what each may still take."""

from __future__ import annotations

import asyncio
import importlib.metadata
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial

from svc_text.conversion import DOCUMENTS_ONLY, describe
from svc_text.embedding import Embedded, Embedder
from svc_text.engine import USUAL_CONTEXT, Chat, Delta, EngineContext, Sampling, TextEngine, Turn, Watched, make
from svc_text.extraction.page import Page, PageReader, PageSource
from troupe.v1 import engine_pb2
from troupe.v1.engine_pb2 import ENGINE_STATE_READY
from troupe.wire.documents import Document
from troupe.wire.errors import (
    CheckpointBroken,
    CheckpointNotFound,
    EngineFailed,
    EngineMissing,
    NotSupported,
    Overloaded,
    TroupeError,
)
from troupe.wire.health import EngineBoard
from troupe.wire.progress import Progress
from troupe.wire.traces import step

SERVICE = "troupe.v1.Text"
FIRST_TOKEN_S = 30.0  # the first token after loading must come within this
WATCH_S = 1.0  # between two looks at an engine that may go away

log = logging.getLogger(__name__)


class Desk:
    """The engines of this process."""

    def __init__(self, names: Sequence[str], context: EngineContext = USUAL_CONTEXT) -> None:
        self.engines: dict[str, TextEngine] = {name: make(name, context) for name in names}
        self.board = EngineBoard(SERVICE, self.engines)
        self._outstanding = dict.fromkeys(self.engines, 0)

    def engine(self, name: str) -> tuple[str, TextEngine]:
        """The named engine, or the first one for an empty name; raises unless it is ready."""
        name = name or next(iter(self.engines), "")
        self.board.require(name)
        return name, self.engines[name]

    async def load(self) -> None:
        """Start the engines, all at once; each is ready when it has made a first token."""
        await asyncio.gather(*(self._load(name, engine) for name, engine in self.engines.items()))

    async def run(self) -> None:
        """Start the engines and look after those that may go away, for as long as the process lives."""
        await asyncio.gather(*(self._keep(name, engine) for name, engine in self.engines.items()))

    async def _keep(self, name: str, engine: TextEngine) -> None:
        await self._load(name, engine)
        while isinstance(engine, Watched):
            await asyncio.sleep(WATCH_S)
            if self.board.status(name).state != ENGINE_STATE_READY:
                await self._load(name, engine, quietly=True)
                continue
            try:
                await engine.check()
            except TroupeError as error:
                await self._away(name, error)

    async def _away(self, name: str, error: TroupeError) -> None:
        """Missing is what a person must install or configure; the rest may come back by itself."""
        missing = isinstance(error, EngineMissing | CheckpointNotFound | CheckpointBroken)
        tell = self.board.missing if missing else self.board.broken
        await tell(name, error.message.rstrip("."), error.details.get("remedy", ""))

    async def _load(self, name: str, engine: TextEngine, *, quietly: bool = False) -> None:
        """`quietly`: it was away, and is shown as away until it is back."""
        telling: set[asyncio.Task[None]] = set()
        loading = _unheard if quietly else partial(self._loading, name, telling)
        try:
            await engine.start(loading)
            async with asyncio.timeout(FIRST_TOKEN_S):
                await first_token(engine)
        except TroupeError as error:
            await asyncio.gather(*telling)  # what comes last stays
            await self._away(name, error)
        except TimeoutError:
            await self.board.broken(name, f"it made no token within {FIRST_TOKEN_S:.0f} s")
        except Exception as error:  # an engine is a plug-in: whatever it does, the others live, and it is told
            log.exception("the engine %s broke while it started", name)
            await asyncio.gather(*telling)
            await self.board.broken(name, f"{type(error).__name__} while it started; the log has more")
        else:
            await asyncio.gather(*telling)
            await self.board.ready(name)

    def _loading(self, name: str, telling: set[asyncio.Task[None]], fraction: float, what: str) -> None:
        told = asyncio.create_task(self.board.loading(name, fraction, what))
        telling.add(told)
        told.add_done_callback(telling.discard)

    async def chat(self, name: str, chat: Chat, progress: Progress) -> AsyncIterator[Delta]:
        """Run one chat on that engine, within its concurrency."""
        async with self.place(name, chat, progress) as deltas:
            async for delta in deltas:
                yield delta

    @asynccontextmanager
    async def place(self, name: str, chat: Chat, progress: Progress) -> AsyncIterator[AsyncIterator[Delta]]:
        """As `chat`: the engine's own deltas for the block, at whose end it is free. Raises `Overloaded`."""
        engine = self.engines[name]
        limit = engine.facts.max_concurrency
        if self._outstanding[name] >= limit:
            raise Overloaded(f"{name} already answers {limit} chats. Try again in a second.", retry_after_s=1)
        self._outstanding[name] += 1
        try:
            with step("engine", troupe_engine=name):
                async with aclosing(engine.chat(chat, progress)) as deltas:  # type: ignore[type-var]  # a generator
                    yield deltas
        finally:
            self._outstanding[name] -= 1

    async def extract(self, name: str, source: PageSource) -> Page:
        """Read one page by that engine, or by the first one that reads pages for an empty name."""
        readers = [each for each, engine in self.engines.items() if isinstance(engine, PageReader)]
        name = name or next(iter(readers), "")
        name, engine = self.engine(name)
        if not isinstance(engine, PageReader):
            able = f" Name one that does: {', '.join(readers)}." if readers else " Add extractive to its engines."
            raise NotSupported(f"The engine {name} reads no pages.{able}")
        self._outstanding[name] += 1
        try:
            return await engine.extract(source)
        finally:
            self._outstanding[name] -= 1

    async def embed(self, name: str, inputs: Sequence[str], dimensions: int) -> Embedded:
        """Vectors by that engine, or by the first one that embeds for an empty name."""
        embedders = [each for each, engine in self.engines.items() if "embed" in engine.facts.tasks]
        name = name or next(iter(embedders), "")
        if not name:
            raise NotSupported(f"No text engine of this service embeds: {', '.join(self.engines)}.")
        name, engine = self.engine(name)
        if name not in embedders or not isinstance(engine, Embedder):
            able = f" Name one that does: {', '.join(embedders)}." if embedders else ""
            raise NotSupported(f"The engine {name} does not embed.{able}")
        self._outstanding[name] += 1
        try:
            return await engine.embed(inputs, dimensions, Progress())
        finally:
            self._outstanding[name] -= 1

    @property
    def running(self) -> int:
        """Chats being answered now."""
        return sum(self._outstanding.values())

    def describe(self) -> engine_pb2.DescribeResponse:
        """Every engine, as `Describe` tells it."""
        infos = [
            describe(name, engine.facts, self.board.status(name), self._outstanding[name])
            for name, engine in self.engines.items()
        ]
        version = importlib.metadata.version("troupe-svc-text")
        return engine_pb2.DescribeResponse(service="svc-text", version=version, engines=infos)

    async def stop(self) -> None:
        """Free every engine."""
        for engine in self.engines.values():
            await engine.stop()


def _unheard(fraction: float, what: str) -> None:
    """Where nobody is told how far the loading is."""


async def first_token(engine: TextEngine) -> None:
    """Have the engine make one token, or one vector; raises `EngineFailed` where it makes none."""
    if isinstance(engine, Embedder) and "chat" not in engine.facts.tasks:
        await engine.embed(("hello",), 0, Progress())
        return
    page = Document(text="Troupe is a small company that makes heads talk. It was founded by three friends.")
    documents = (page,) if DOCUMENTS_ONLY in engine.facts.features else ()
    hello = Chat(turns=(Turn("user", "hello"),), sampling=Sampling(max_tokens=1), documents=documents)
    async with aclosing(engine.chat(hello, Progress())) as deltas:  # type: ignore[type-var]  # a generator
        async for delta in deltas:
            if delta.tokens:
                return
    raise EngineFailed("it made no token")
