"""Chat by MiniMax's OpenAI dialect: an event stream in, ChatDeltas out.

An answer is whole once a finish reason has come; what ends before that is broken, also where MiniMax says [DONE].
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

from gateway.providers.minimax import faults
from gateway.providers.minimax.chat_request import chat_body
from gateway.providers.minimax.client import Asking
from gateway.providers.minimax.desk import Desk
from gateway.providers.minimax.prices import CHARS_PER_TOKEN
from gateway.providers.minimax.replies import ChatEvent, ChatPiece, TokenUsage
from gateway.providers.minimax.think import ThinkSplitter
from gateway.routing.verdict import CONNECTION
from troupe.v1.text_pb2 import (
    FINISH_REASON_CONTENT_FILTER,
    FINISH_REASON_LENGTH,
    FINISH_REASON_STOP,
    FINISH_REASON_TOOL_CALLS,
    FINISH_REASON_UNSPECIFIED,
    ChatDelta,
    ChatRequest,
    FinishReason,
    ToolCall,
    Usage,
)
from troupe.wire.errors import EngineFailed, InvalidArgument, StreamBroken, TroupeError

PATH = "/v1/chat/completions"
DEFAULT_ANSWER_TOKENS = 4096
"""What an answer without max_tokens is thought to cost before it is known."""
MAX_ANSWER_BYTES = 64 * 1024 * 1024
FINISH: Mapping[str, FinishReason] = {
    "stop": FINISH_REASON_STOP,
    "length": FINISH_REASON_LENGTH,
    "max_tokens": FINISH_REASON_LENGTH,
    "tool_calls": FINISH_REASON_TOOL_CALLS,
    "function_call": FINISH_REASON_TOOL_CALLS,
    "content_filter": FINISH_REASON_CONTENT_FILTER,
}


@dataclass(slots=True)
class _Answer:
    """What has come of an answer so far."""

    think: ThinkSplitter = field(default_factory=ThinkSplitter)
    finish: FinishReason = FINISH_REASON_UNSPECIFIED
    usage: TokenUsage | None = None
    model: str = ""
    begun: bool = False
    chars: int = 0
    details: str = ""  # reasoning told so far, where MiniMax repeats it

    def take(self, event: ChatEvent) -> ChatDelta | None:
        """The new part of an event; None = nothing of it."""
        self.model = event.model or self.model
        self.usage = event.usage or self.usage
        choice = event.choices[0] if event.choices else None
        if choice is None:
            return None
        if choice.finish_reason:
            self.finish = FINISH.get(choice.finish_reason, FINISH_REASON_STOP)
        # A closing event repeats the whole answer as `message`: only a `delta` is new.
        piece = choice.delta or (ChatPiece() if self.begun else choice.message or ChatPiece())
        return self._delta(piece)

    def _delta(self, piece: ChatPiece) -> ChatDelta | None:
        content, thought = self.think.feed(piece.content) if piece.content else ("", "")
        delta = ChatDelta(content=content, reasoning=self._reasoning(piece) + thought)
        for call in piece.tool_calls or []:
            delta.tool_calls.append(
                ToolCall(
                    index=call.index,
                    id=call.id or "",
                    name=call.function.name or "",
                    arguments=call.function.arguments or "",
                )
            )
        self.chars += len(delta.content) + len(delta.reasoning)
        return self._named(delta) if delta.ByteSize() else None

    def _reasoning(self, piece: ChatPiece) -> str:
        """`reasoning_content` is new each time; `reasoning_details` may hold all there was."""
        if piece.reasoning_content:
            return piece.reasoning_content
        told = "".join(detail.text or "" for detail in piece.reasoning_details or [])
        if told and len(told) > len(self.details) and told.startswith(self.details):
            new, self.details = told[len(self.details) :], told
            return new
        if told and told == self.details:
            return ""
        self.details += told
        return told

    def _named(self, delta: ChatDelta) -> ChatDelta:
        if not self.begun:
            self.begun = True
            delta.model = self.model
        return delta

    def end(self) -> ChatDelta:
        """The last delta: why it ended, and what it used. Raises when it has not ended."""
        if self.finish == FINISH_REASON_UNSPECIFIED:
            if self.begun:
                raise StreamBroken("MiniMax's answer ended in the middle.", lost=CONNECTION)
            raise EngineFailed("MiniMax ended without an answer.")
        content, thought = self.think.flush()
        delta = self._named(ChatDelta(content=content, reasoning=thought, finish_reason=self.finish))
        if self.usage is not None:
            delta.usage.CopyFrom(_usage(self.usage))
        return delta


async def chat(desk: Desk, inputs: AsyncGenerator[ChatRequest]) -> AsyncGenerator[ChatDelta]:
    """One chat."""
    request = await anext(inputs, None)
    if request is None:
        raise InvalidArgument("A chat needs a request.")
    body = chat_body(request, desk.model)
    model = str(body["model"])
    prompt_tokens = round(request.ByteSize() / CHARS_PER_TOKEN)
    money = await desk.purse.reserve(
        desk.prices.chat(model, prompt_tokens, request.sampling.max_tokens or DEFAULT_ANSWER_TOKENS)
    )
    answer = _Answer()
    refused = False
    try:
        async with aclosing(_deltas(desk, body, answer)) as deltas:
            async for delta in deltas:
                yield delta
    except TroupeError as error:
        refused = not answer.begun and faults.was_refused(error)
        raise
    finally:
        money.settle(0.0 if refused else _cost(desk, model, answer, prompt_tokens))


def _cost(desk: Desk, model: str, answer: _Answer, prompt_tokens: int) -> float:
    """By what MiniMax says was used; of an answer that broke or was left, by what had come."""
    if answer.usage is not None:
        return desk.prices.chat(model, answer.usage.prompt_tokens, answer.usage.completion_tokens)
    return desk.prices.chat(model, prompt_tokens, round(answer.chars / CHARS_PER_TOKEN))


async def _deltas(desk: Desk, body: dict[str, object], answer: _Answer) -> AsyncGenerator[ChatDelta]:
    asking = Asking(PATH, body, first_s=desk.first_s, limit_bytes=MAX_ANSWER_BYTES)
    async with aclosing(desk.client.events(asking)) as events:
        async for event in events:
            if event is None:  # [DONE]
                break
            delta = answer.take(desk.client.checked(event, ChatEvent))
            if delta is not None:
                yield delta
    yield answer.end()


def _usage(usage: TokenUsage) -> Usage:
    cached, thought = usage.prompt_tokens_details, usage.completion_tokens_details
    return Usage(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cached_tokens=max(0, (cached.cached_tokens or 0) if cached else 0),
        reasoning_tokens=max(0, (thought.reasoning_tokens or 0) if thought else 0),
    )
