"""An engine on a fake server, and what it answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from svc_text.engine import Chat, Delta, EngineContext, Sampling, Turn
from svc_text.engines.openai.engine import OpenaiEngine
from svc_text.places import OpenaiPlace
from troupe.wire.progress import Progress


def asking(text: str = "one two three", *turns: Turn, **fields: object) -> Chat:
    """A chat of one user turn and these; sampling's fields are told apart by their names."""
    sampling = {name: fields.pop(name) for name in tuple(fields) if name in Sampling.__dataclass_fields__}
    return Chat(turns=(Turn("user", text), *turns), sampling=Sampling(**sampling), **fields)


@asynccontextmanager
async def started(url: str, **place: object) -> AsyncIterator[OpenaiEngine]:
    """The engine, once it has found its server; stopped at the end."""
    engine = OpenaiEngine(EngineContext(openai=OpenaiPlace(url, **place)))
    try:
        await engine.start(lambda fraction, what: None)
        yield engine
    finally:
        await engine.stop()


async def answer(engine: OpenaiEngine, chat: Chat, progress: Progress | None = None) -> list[Delta]:
    """All deltas of one chat."""
    async with aclosing(engine.chat(chat, progress or Progress())) as deltas:
        return [delta async for delta in deltas]


def said(deltas: list[Delta], index: int = 0) -> str:
    """The text of one completion."""
    return "".join(delta.text for delta in deltas if delta.index == index)
