"""Chats with the tiny model, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from troupe.v1 import text_pb2, text_pb2_grpc

ENGINE = "vllm"
PATIENCE_S = 60.0
WEATHER = text_pb2.Tool(
    name="weather",
    description="tells the weather of a city",
    parameters='{"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}',
)


@dataclass
class Answer:
    """One completion, put together."""

    text: str = ""
    reasoning: str = ""
    calls: dict[int, list[str]] = field(default_factory=dict)  # index -> name, arguments
    finish: str = ""
    usage: text_pb2.Usage = field(default_factory=text_pb2.Usage)
    logprobs: list[text_pb2.TokenLogprob] = field(default_factory=list)
    deltas: int = 0
    tokens: int = 0
    model: str = ""


def counted(first: int, last: int) -> str:
    """What the tiny model says between these numbers."""
    return "".join(str(number) if number == 1 else f" {number}" for number in range(first, last + 1))


def asking(text: str = "Count.", max_tokens: int = 0, **fields: object) -> text_pb2.ChatRequest:
    """A chat at temperature 0; `fields` are those of ChatRequest."""
    request = text_pb2.ChatRequest(engine=ENGINE, **fields)
    request.messages.add(role=text_pb2.ROLE_USER).content.add(text=text)
    request.sampling.temperature = 0
    if max_tokens:
        request.sampling.max_tokens = max_tokens
    return request


async def answers(stub: text_pb2_grpc.TextStub, request: text_pb2.ChatRequest) -> dict[int, Answer]:
    """All completions of that chat, by index."""
    found: dict[int, Answer] = {}
    async for delta in stub.Chat(request, timeout=PATIENCE_S):
        if delta.HasField("tick"):
            continue
        answer = found.setdefault(delta.index, Answer())
        answer.text += delta.content
        answer.reasoning += delta.reasoning
        answer.deltas += 1
        answer.tokens += delta.tokens
        answer.model = delta.model or answer.model
        answer.logprobs.extend(delta.logprobs)
        for call in delta.tool_calls:
            told = answer.calls.setdefault(call.index, ["", ""])
            told[0] += call.name
            told[1] += call.arguments
        if delta.finish_reason:
            answer.finish = text_pb2.FinishReason.Name(delta.finish_reason).removeprefix("FINISH_REASON_").lower()
            answer.usage.CopyFrom(delta.usage)
    return found


async def answer(stub: text_pb2_grpc.TextStub, request: text_pb2.ChatRequest) -> Answer:
    """The only completion."""
    return (await answers(stub, request))[0]
