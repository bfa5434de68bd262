"""The engine: documents in, a spoken summary or the profile of a company out.

- Deterministic: the same documents give the same answer, so a broken answer goes on exactly where it ended.
- One sentence a delta, so that speech can begin with the first.
- Tokens are words (single ideographs and kana in Chinese and Japanese); `CountTokens` counts the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from svc_text.engine import USUAL_CONTEXT, Chat, Delta, EngineContext, EngineFacts
from svc_text.engines.extractive.material import Material, material
from svc_text.engines.extractive.names import company_name
from svc_text.engines.extractive.profile import PROFILE, profile_pieces
from svc_text.engines.extractive.spoken import joined, script
from svc_text.engines.extractive.words import TOKEN
from svc_text.extraction.page import Page, PageSource
from svc_text.extraction.reader import Reader
from troupe.wire.errors import EmptyText, NotSupported
from troupe.wire.progress import Progress, in_thread

CONCURRENCY = 16  # chats; they share one interpreter
MAX_INPUT_CHARS = 2_000_000
MAX_OUTPUT_TOKENS = 4_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What is still to be said, in pieces, and why it ends."""

    pieces: tuple[str, ...]
    finish: str = "stop"
    prompt_tokens: int = 0


class ExtractiveEngine:
    """Sums up what it is given, and reads pages."""

    def __init__(self, context: EngineContext = USUAL_CONTEXT) -> None:  # noqa: ARG002  # the contract's
        self.facts = EngineFacts(
            model="extractive",
            version="1",
            device="cpu",
            licence="Apache-2.0",
            commercial_use=True,
            features=("documents", "documents_only", f"json_schema:{PROFILE}", "continue", "stop", "max_tokens"),
            max_input_chars=MAX_INPUT_CHARS,
            max_output_tokens=MAX_OUTPUT_TOKENS,
            max_concurrency=CONCURRENCY,
            tasks=("chat", "count_tokens", "extract"),
            licence_note="no model: sentences of the documents themselves",
        )
        self._reader = Reader()

    async def start(self, loading: Callable[[float, str], None]) -> None:
        """Start a process that reads pages."""
        loading(0.0, "the process that reads pages")
        await self._reader.start()
        loading(1.0, "")

    async def stop(self) -> None:
        """End the processes that read pages."""
        await self._reader.stop()

    async def extract(self, source: PageSource) -> Page:
        """Read one page in a process of its own."""
        return await self._reader.read(source)

    async def count(self, chat: Chat) -> int:
        """Words of all turns and documents."""
        return await asyncio.to_thread(_prompt_tokens, chat)

    async def chat(self, chat: Chat, progress: Progress) -> AsyncIterator[Delta]:
        """Answer about the documents; raises `EmptyText` where they hold nothing to quote."""
        if not chat.documents:
            raise NotSupported("The engine extractive answers about documents only. Send some, or ask another engine.")
        if any(turn.has_image for turn in chat.turns):
            raise NotSupported("The engine extractive reads text only. Send the message without its image.")
        answer = await in_thread(partial(_answer, chat), progress, "reading")
        said = 0
        for piece in answer.pieces:
            tokens = len(TOKEN.findall(piece))
            said += tokens
            progress.beat("generating")
            yield Delta(text=piece, tokens=tokens)
        yield Delta(finish=answer.finish, prompt_tokens=answer.prompt_tokens, completion_tokens=said)


def _prompt_tokens(chat: Chat) -> int:
    texts = (*(turn.text for turn in chat.turns), *(document.text for document in chat.documents))
    return sum(len(TOKEN.findall(text)) for text in texts)


def _answer(chat: Chat) -> Answer:
    """The rest of the answer after what has been said; blocks for as long as the documents are."""
    found = material(chat.documents)
    name = company_name(chat.documents)
    said = chat.turns[-1].text if chat.continue_final else ""
    if chat.response.kind == "text":
        pieces = _resumed(_spoken(found, name), said)
    else:
        pieces = _json_resumed(tuple(profile_pieces(found, name)), said)
    answer = _limited(_until(pieces, chat.sampling.stop), chat.sampling.max_tokens)
    return replace(answer, prompt_tokens=_prompt_tokens(chat))


def _spoken(found: Material, name: str) -> list[str]:
    sentences = script(found, name)
    if not sentences:
        raise EmptyText(
            "The documents hold no sentence that can be read aloud: all are too short, too long or cut off."
        )
    return joined(sentences)


def _resumed(pieces: Sequence[str], said: str) -> tuple[str, ...]:
    """What comes after the words that have been said; after another engine's words, what they do not say yet."""
    if "".join(pieces).startswith(said):
        return _after(pieces, len(said))
    gap = "" if said.endswith((" ", "\n")) else " "
    rest = [piece.strip() for piece in pieces if piece.strip() not in said]
    return tuple((gap if not number else " ") + sentence for number, sentence in enumerate(rest))


def _json_resumed(pieces: Sequence[str], said: str) -> tuple[str, ...]:
    if not "".join(pieces).startswith(said):
        raise NotSupported("The engine extractive cannot go on with JSON that another engine began. Ask it anew.")
    return _after(pieces, len(said))


def _after(pieces: Sequence[str], skip: int) -> tuple[str, ...]:
    rest = []
    for piece in pieces:
        if kept := piece[skip:]:
            rest.append(kept)
        skip = max(0, skip - len(piece))
    return tuple(rest)


def _until(pieces: Sequence[str], stops: Sequence[str]) -> tuple[str, ...]:
    """Up to the first stop string, wherever it stands."""
    whole = "".join(pieces)
    ends = [at for stop in stops if stop and (at := whole.find(stop)) >= 0]
    return tuple(_first(pieces, min(ends))) if ends else tuple(pieces)


def _limited(pieces: Sequence[str], most: int | None) -> Answer:
    whole = "".join(pieces)
    ends = [match.end() for match in TOKEN.finditer(whole)]
    if most is None or len(ends) <= most:
        return Answer(tuple(pieces))
    return Answer(tuple(_first(pieces, ends[most - 1])), "length")


def _first(pieces: Sequence[str], characters: int) -> Iterator[str]:
    for piece in pieces:
        if characters <= 0:
            return
        yield piece[:characters]
        characters -= len(piece)
