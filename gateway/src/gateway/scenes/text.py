"""Chats through the text chain, and how a broken one goes on.

Plain content of one completion is continued: the next rung gets the same messages and the text that the caller has as
an assistant's turn to go on with. What cannot be continued so that nobody notices (tool calls, JSON of a schema,
logprobs, several completions) ends in a typed error. Thoughts cannot be handed over, as chat templates drop them: a
chat that broke while it still thought is asked for anew and its second thoughts follow the first ones; one that broke
later keeps the thoughts it has.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from gateway.routing.chain import Chain, Served
from gateway.routing.need import Modality, Need
from gateway.routing.priority import Priority
from gateway.routing.rung import Call, Rung
from gateway.scenes.chat_features import unwanted_features, wanted_features
from gateway.scenes.handover import Handover, Resumed, nobody
from troupe.v1.engine_pb2 import TASK_CHAT
from troupe.v1.text_pb2 import (
    FINISH_REASON_CONTENT_FILTER,
    FINISH_REASON_LENGTH,
    FINISH_REASON_STOP,
    FINISH_REASON_TOOL_CALLS,
    ROLE_ASSISTANT,
    ROLE_USER,
    ChatDelta,
    ChatRequest,
    Usage,
)
from troupe.wire.chats import check_chat
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import TroupeError

FINISH_NAMES: Mapping[int, str] = {
    FINISH_REASON_STOP: "stop",
    FINISH_REASON_LENGTH: "length",
    FINISH_REASON_TOOL_CALLS: "tool_calls",
    FINISH_REASON_CONTENT_FILTER: "content_filter",
}
KEY_BYTES = 8


@dataclass(frozen=True, slots=True)
class ChatOrder:
    """What is asked of the text chain."""

    request: ChatRequest  # without engine: that is the rung's
    rungs: tuple[str, ...] = ()
    local_only: bool = False
    commercial_only: bool = False
    priority: Priority = Priority.LIVE

    def need(self) -> Need:
        """What the text chain must find a rung for."""
        return Need(
            modality=Modality.TEXT,
            task=TASK_CHAT,
            rungs=self.rungs,
            text_chars=_chars(self.request),
            features=wanted_features(self.request),
            without=unwanted_features(self.request),
            local_only=self.local_only,
            commercial_only=self.commercial_only,
        )

    def key(self) -> str:
        """Tells conversations apart by how they begin, so that each returns to the replica that has it warm."""
        digest = blake2b(self.request.model.encode(), digest_size=KEY_BYTES)
        for message in self.request.messages:
            digest.update(message.SerializeToString(deterministic=True))
            if message.role == ROLE_USER:
                break
        return digest.hexdigest()


def _chars(request: ChatRequest) -> int:
    said = sum(len(part.text) for message in request.messages for part in message.content)
    return said + sum(len(document.text) for document in request.documents)


def has_content(delta: ChatDelta) -> bool:
    """Whether the delta holds a first byte of the answer."""
    return bool(delta.content or delta.reasoning or delta.tool_calls or delta.finish_reason)


async def chat(
    chain: Chain,
    order: ChatOrder,
    deadline: Deadline,
    request_id: str,
    resumed: Callable[[Resumed], None] = nobody,
) -> Served[ChatDelta]:
    """The answer of the first rung that can; returns once it has begun. Where it goes on later is told to `resumed`.

    Raises `InvalidArgument` before anybody is asked for what nobody takes.
    """
    check_chat(order.request)
    conversation = Conversation(order.request, Handover(Modality.TEXT, resumed))

    async def inputs(rung: Rung) -> AsyncGenerator[ChatRequest]:
        yield conversation.asked(rung)

    call: Call[ChatDelta] = Call(
        "Chat",
        inputs,
        has_content,
        deadline,
        request_id,
        key=order.key(),
        priority=order.priority,
        continuation=conversation,
    )
    return await chain.run(order.need(), call)


@dataclass(slots=True)
class Conversation:
    """routing's `Continuation` of one chat: what the caller has of it, and how to ask for the rest."""

    request: ChatRequest
    handover: Handover
    same_rung: bool = False
    features: frozenset[str] = frozenset({"continue"})
    _said: list[str] = field(default_factory=list)
    _thought: bool = False
    _tokens: int = 0  # of what was given out
    _before: int = 0  # of them, those given before the present attempt
    _written: int = 0  # of them, those of content
    _prefilled: int = 0  # tokens of content in the present attempt's prompt
    _extra: bool = False  # the rung now asked gave a token where none was left to give
    _finished: bool = False

    def asked(self, rung: Rung) -> ChatRequest:
        """The request as this rung must get it: for the whole, or for the rest."""
        self.handover.asked(rung)
        request = ChatRequest()
        request.CopyFrom(self.request)
        request.engine = rung.engine
        self._prefilled = self._written
        if self._said:
            _prefill(request, "".join(self._said))
        if self.handover.happened and request.sampling.HasField("max_tokens"):
            request.sampling.max_tokens = max(1, self._left())
        return request

    def fit(self, message: ChatDelta) -> ChatDelta | None:
        """The delta as the caller must see it."""
        if has_content(message):
            self.handover.came()
        if self.handover.happened:
            return self._continued(message)
        self._note(message)
        return message

    def whole(self) -> bool:
        """A chat ends with the reason why it ended."""
        return self._finished

    def resume(self, error: TroupeError) -> str | None:
        """Plain content goes on; why other answers do not."""
        if (why := _not_plain(self.request)) is not None:
            return why
        self.handover.broke(error)
        self._before = self._tokens
        self._extra = False
        return None

    def _left(self) -> int:
        return self.request.sampling.max_tokens - self._tokens

    def _note(self, delta: ChatDelta) -> None:
        if delta.content:
            self._said.append(delta.content)
        self._thought = self._thought or bool(delta.reasoning)
        if delta.content or delta.reasoning:
            tokens = delta.tokens or 1  # an engine that does not count gives about one a delta
            self._tokens += tokens
            self._written += tokens if delta.content else 0
        self._finished = self._finished or delta.finish_reason != 0

    def _continued(self, message: ChatDelta) -> ChatDelta | None:
        delta = ChatDelta()
        delta.CopyFrom(message)
        delta.ClearField("model")  # said with the first delta of the whole
        self._bring_thoughts_in_line(delta)
        if self.request.sampling.HasField("max_tokens") and self._left() <= 0 and delta.content:
            self._extra = True
            delta.content, delta.tokens = "", 0
        if delta.finish_reason:
            self._finish(delta)
        self._note(delta)
        return delta if has_content(delta) or delta.HasField("tick") else None

    def _bring_thoughts_in_line(self, delta: ChatDelta) -> None:
        if delta.reasoning and self._said:
            delta.reasoning, delta.tokens = "", delta.tokens if delta.content else 0
        elif delta.reasoning and self._thought and self._tokens == self._before:
            delta.reasoning = f"\n\n{delta.reasoning}"

    def _finish(self, delta: ChatDelta) -> None:
        """The end as that of one unbroken answer: tokens that were part of the prompt now are the answer's."""
        if self._extra:
            delta.finish_reason = FINISH_REASON_LENGTH
        if delta.HasField("usage"):
            usage = delta.usage
            usage.prompt_tokens = max(0, usage.prompt_tokens - self._prefilled)
            usage.completion_tokens = self._before + (0 if self._extra else usage.completion_tokens)


def _prefill(request: ChatRequest, said: str) -> None:
    if not request.continue_final_message:
        request.messages.add(role=ROLE_ASSISTANT)
        request.continue_final_message = True
    request.messages[-1].content.add(text=said)


def _not_plain(request: ChatRequest) -> str | None:
    what = {
        "tools may be called": bool(request.tools),
        "it is JSON of a schema": request.response_format.type not in {"", "text"},
        "it has logprobs": request.sampling.logprobs,
        "it has several completions": request.sampling.n > 1,
    }
    for why, so in what.items():
        if so:
            return f"{why}, and only plain text can be continued by another provider"
    return None


@dataclass(slots=True)
class Written:
    """A whole answer, as it is gathered from its deltas."""

    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    model: str = ""
    finish_reason: str = ""
    usage: Usage = field(default_factory=Usage)

    def add(self, delta: ChatDelta) -> None:
        """Take in the next delta."""
        if delta.content:
            self.text.append(delta.content)
        if delta.reasoning:
            self.reasoning.append(delta.reasoning)
        self.note(delta)

    def note(self, delta: ChatDelta) -> None:
        """Take in what is no text: model, reason of the end, counts."""
        self.model = self.model or delta.model
        if delta.finish_reason:
            self.finish_reason = FINISH_NAMES.get(delta.finish_reason, "stop")
            self.usage = delta.usage
