"""What a chat may ask for: refused here in a few milliseconds, with what is allowed, before any engine sees it.

One request must not be able to end an engine or hold up the others: vLLM died of `prompt_logprobs` on long prompts, of
huge `max_tokens`, of zero ones; llama.cpp takes minutes over some schemas. The gateway has limits of its own, for what
it knows; these know the engine. They are looked at on the message as it came: a list is counted before it is copied.
"""

from __future__ import annotations

from collections.abc import Iterator

from svc_text.engine import EngineFacts
from svc_text.extra_sampling import judged_extra
from svc_text.schema import judged
from troupe.v1 import text_pb2
from troupe.wire.chats import FEW_STOPS, MOST_FEW_STOPS, check_chat
from troupe.wire.errors import InvalidArgument, NotSupported, TextTooLong


def check(request: text_pb2.ChatRequest, facts: EngineFacts) -> None:
    """Raise `InvalidArgument`, `NotSupported` or `TextTooLong` for more than this service, or this engine, takes."""
    _check_tokens(request.sampling, facts)
    check_chat(request)
    _check_size(request, facts)
    _check_stops(len(request.sampling.stop), facts)
    _check_schemas(request)
    judged_extra(request.vllm.extra_sampling)


def _check_size(request: text_pb2.ChatRequest, facts: EngineFacts) -> None:
    size = sum(_lengths(request))
    if size > facts.max_input_chars:
        raise TextTooLong(
            f"The chat has {size} characters; {facts.model} takes {facts.max_input_chars}.",
            allowed=facts.max_input_chars,
        )


def _lengths(request: text_pb2.ChatRequest) -> Iterator[int]:
    """Characters of all that becomes part of the prompt."""
    for message in request.messages:
        yield from (len(part.text) for part in message.content)
        yield len(message.reasoning)
        yield from (len(call.arguments) for call in message.tool_calls)
    yield from (len(document.text) for document in request.documents)
    yield from (len(tool.parameters) + len(tool.description) for tool in request.tools)


def _check_tokens(sampling: text_pb2.Sampling, facts: EngineFacts) -> None:
    if sampling.HasField("max_tokens") and not 0 < sampling.max_tokens <= facts.max_output_tokens:
        raise InvalidArgument(f"max_tokens is {sampling.max_tokens}; allowed: 1 to {facts.max_output_tokens}.")


def _check_stops(stops: int, facts: EngineFacts) -> None:
    if FEW_STOPS in facts.features and stops > MOST_FEW_STOPS:
        raise NotSupported(f"{facts.model} takes {MOST_FEW_STOPS} stop strings; the chat has {stops}.")


def _check_schemas(request: text_pb2.ChatRequest) -> None:
    for tool in request.tools:
        if tool.parameters:
            judged(tool.parameters, f"The parameters of the tool {tool.name}")
    wanted = request.response_format
    if wanted.type == "json_schema" and wanted.json_schema:
        judged(wanted.json_schema, "The schema of the response")
