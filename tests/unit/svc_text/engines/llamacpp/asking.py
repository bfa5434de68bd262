"""Chats, and what was answered."""

from __future__ import annotations

from contextlib import aclosing

from svc_text.engine import Chat, Delta, Sampling, Turn
from svc_text.engines.llamacpp.engine import LlamacppEngine
from troupe.wire.progress import Progress

SMALL_CONTEXT = 256  # tokens


def asking(text: str = "Tell me.", *turns: Turn, **fields: object) -> Chat:
    """A chat of one user turn and these; sampling's fields are told apart by their names."""
    sampling = {name: fields.pop(name) for name in tuple(fields) if name in Sampling.__dataclass_fields__}
    return Chat(turns=(Turn("user", text), *turns), sampling=Sampling(**sampling), **fields)


async def answer(engine: LlamacppEngine, chat: Chat) -> list[Delta]:
    """All deltas of one chat."""
    async with aclosing(engine.chat(chat, Progress())) as deltas:
        return [delta async for delta in deltas]


def said(deltas: list[Delta], index: int = 0) -> str:
    """The text of one completion."""
    return "".join(delta.text for delta in deltas if delta.index == index)
