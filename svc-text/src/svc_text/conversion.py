"""Protobuf <-> the engines' dataclasses. What an engine cannot be given is refused here, before it gets there."""

from __future__ import annotations

from collections.abc import Mapping

from svc_text.engine import Chat, Delta, EngineFacts, Sampling, Turn
from troupe.v1 import engine_pb2, text_pb2
from troupe.wire.errors import EmptyText, InvalidArgument, NotSupported, TextTooLong
from troupe.wire.health import EngineStatus

ROLES: Mapping[int, str] = {
    text_pb2.ROLE_SYSTEM: "system",
    text_pb2.ROLE_USER: "user",
    text_pb2.ROLE_ASSISTANT: "assistant",
    text_pb2.ROLE_TOOL: "tool",
}
FINISH: Mapping[str, text_pb2.FinishReason] = {
    "": text_pb2.FINISH_REASON_UNSPECIFIED,
    "stop": text_pb2.FINISH_REASON_STOP,
    "length": text_pb2.FINISH_REASON_LENGTH,
}


def to_chat(request: text_pb2.ChatRequest, facts: EngineFacts) -> Chat:
    """The request as the engine takes it; raises the leaf that says what cannot be taken."""
    if not request.messages:
        raise EmptyText("The chat has no messages. Send at least one.")
    turns = tuple(_turn(message) for message in request.messages)
    size = sum(len(turn.text) for turn in turns)
    if size > facts.max_input_chars:
        raise TextTooLong(f"The chat has {size} characters; {facts.model} takes {facts.max_input_chars}.")
    _refuse_what_it_lacks(request, facts)
    return Chat(
        turns=turns,
        sampling=_sampling(request.sampling, facts),
        model=request.model,
        continue_final=request.continue_final_message,
        options=_options(request),
    )


def _turn(message: text_pb2.Message) -> Turn:
    if message.role not in ROLES:
        raise InvalidArgument("A message has no role. Allowed: system, user, assistant, tool.")
    text = "".join(part.text for part in message.content)
    return Turn(ROLES[message.role], text, any(part.HasField("image") for part in message.content))


def _refuse_what_it_lacks(request: text_pb2.ChatRequest, facts: EngineFacts) -> None:
    wanted = {
        "tools": bool(request.tools),
        "json_schema": request.response_format.type in {"json_schema", "json_object"},
        "logprobs": request.sampling.logprobs,
        "n": request.sampling.n > 1,
    }
    for feature, asked in wanted.items():
        if asked and feature not in facts.features:
            raise NotSupported(f"{facts.model} has no {feature}; it has: {', '.join(facts.features)}.")


def _sampling(sampling: text_pb2.Sampling, facts: EngineFacts) -> Sampling:
    limit = sampling.max_tokens if sampling.HasField("max_tokens") else None
    if limit is not None and not 0 < limit <= facts.max_output_tokens:
        raise InvalidArgument(f"max_tokens is {limit}; allowed: 1 to {facts.max_output_tokens}.")
    return Sampling(
        temperature=sampling.temperature if sampling.HasField("temperature") else None,
        top_p=sampling.top_p if sampling.HasField("top_p") else None,
        seed=sampling.seed if sampling.HasField("seed") else None,
        max_tokens=limit,
        stop=tuple(sampling.stop),
        n=max(1, sampling.n),
    )


def _options(request: text_pb2.ChatRequest) -> Mapping[str, int]:
    which = request.WhichOneof("engine_settings")
    if which != "echo":
        return {}
    return {field.name: value for field, value in request.echo.ListFields()}


def from_delta(delta: Delta, model: str = "") -> text_pb2.ChatDelta:
    """A piece of the answer as it travels; `model` is said with the first one."""
    message = text_pb2.ChatDelta(
        content=delta.text, tokens=delta.tokens, model=model, finish_reason=FINISH[delta.finish]
    )
    if delta.finish:
        message.usage.prompt_tokens = delta.prompt_tokens
        message.usage.completion_tokens = delta.completion_tokens
    return message


def describe(name: str, facts: EngineFacts, status: EngineStatus, outstanding: int) -> engine_pb2.EngineInfo:
    """What `Describe` says of one engine."""
    return engine_pb2.EngineInfo(
        name=name,
        state=status.state,
        reason=status.reason,
        remedy=status.remedy,
        progress=status.progress,
        tasks=[engine_pb2.TASK_CHAT, engine_pb2.TASK_COUNT_TOKENS],
        model=facts.model,
        version=facts.version,
        device=facts.device,
        licence=engine_pb2.Licence(name=facts.licence, commercial_use=facts.commercial_use),
        limits=engine_pb2.Limits(
            max_text_chars=facts.max_input_chars,
            max_output_tokens=facts.max_output_tokens,
            max_concurrency=facts.max_concurrency,
        ),
        features=facts.features,
        outstanding=outstanding,
    )
