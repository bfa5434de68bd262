"""`echo`: a deterministic engine for tests, benches and chaos. It answers with the words of the last message.

- A token is a word with the space before it, so that joined deltas equal the text.
- A final assistant turn that is to be continued is a prefix of the answer: the answer goes on where it ends, exactly.
- `delay_ms_per_token` makes it slow, `fail_after_tokens` makes it break, `count_to` makes it say 1 2 3 ... N, and
  `tokens_per_step` sets how many it says at once.
"""

from __future__ import annotations

import asyncio
import re
import types
from collections.abc import AsyncIterator, Callable, Generator

from svc_text.engine import USUAL_CONTEXT, Chat, Delta, EngineContext, EngineFacts
from troupe.wire.errors import EngineFailed, NotSupported
from troupe.wire.progress import Progress

TOKEN = re.compile(r"\s*\S+")
STEP_TOKENS = 16  # tokens per step where no delay is asked for


@types.coroutine
def turn() -> Generator[None]:
    """Let the others have a turn: what `asyncio.sleep(0)` does, in half the time."""
    yield


class EchoEngine:
    """Says back what it was told."""

    def __init__(self, context: EngineContext = USUAL_CONTEXT) -> None:  # noqa: ARG002  # the contract's
        self.facts = EngineFacts(
            model="echo",
            version="1",
            device="cpu",
            licence="Apache-2.0",
            commercial_use=True,
            features=("continue", "stop", "max_tokens"),
        )

    async def start(self, loading: Callable[[float, str], None]) -> None:
        """Nothing to load."""
        loading(1.0, "")

    async def stop(self) -> None:
        """Nothing to free."""

    async def count(self, chat: Chat) -> int:
        """Words of all turns."""
        return sum(len(TOKEN.findall(turn.text)) for turn in chat.turns)

    async def chat(self, chat: Chat, progress: Progress) -> AsyncIterator[Delta]:
        """Answer word by word."""
        if any(turn.has_image for turn in chat.turns):
            raise NotSupported("The engine echo reads text only. Send the message without its image.")
        tokens, finish = _answer(chat)
        delay_s = _number(chat, "delay_ms_per_token") / 1000
        break_at = _number(chat, "fail_after_tokens")
        step = _number(chat, "tokens_per_step") or (1 if delay_s or break_at else STEP_TOKENS)
        for start in range(0, len(tokens), step):
            if break_at and start >= break_at:
                raise EngineFailed(f"The engine echo broke after {start} tokens, as it was told to.")
            await (asyncio.sleep(delay_s) if delay_s else turn())
            progress.beat("generating", start / len(tokens))
            piece = tokens[start : start + step]
            yield Delta("".join(piece), len(piece))
        yield Delta(finish=finish, prompt_tokens=await self.count(chat), completion_tokens=len(tokens))


def _answer(chat: Chat) -> tuple[list[str], str]:
    """The tokens still to be said, and why they end."""
    said = chat.turns[-1].text if chat.continue_final else ""
    text = _whole(chat)
    rest = text.removeprefix(said)
    for stop in filter(None, chat.sampling.stop):
        rest = rest.partition(stop)[0]
    tokens = TOKEN.findall(rest)
    limit = chat.sampling.max_tokens
    if limit is not None and len(tokens) > limit:
        return tokens[:limit], "length"
    return tokens, "stop"


def _whole(chat: Chat) -> str:
    if count := _number(chat, "count_to"):
        return " ".join(str(number) for number in range(1, count + 1))
    asked = [turn.text for turn in chat.turns if turn.role != "assistant"]
    return asked[-1] if asked else ""


def _number(chat: Chat, option: str) -> int:
    return int(chat.options.get(option, 0))
