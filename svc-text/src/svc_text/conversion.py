"""Protobuf <-> the engines' dataclasses. What an engine cannot be given is refused here, before it gets there."""

from __future__ import annotations

from collections.abc import Mapping

from svc_text.embedding import Embedded
from svc_text.engine import (
    Chat,
    Delta,
    EngineFacts,
    Logprob,
    ResponseFormat,
    Sampling,
    Tool,
    ToolCall,
    Turn,
)
from svc_text.extraction.page import Page
from svc_text.limits import check
from troupe.v1 import engine_pb2, text_pb2
from troupe.wire.documents import Document
from troupe.wire.errors import EmptyText, InvalidArgument, NotSupported
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
    "tool_calls": text_pb2.FINISH_REASON_TOOL_CALLS,
    "content_filter": text_pb2.FINISH_REASON_CONTENT_FILTER,
}
TASKS: Mapping[str, engine_pb2.Task] = {
    "chat": engine_pb2.TASK_CHAT,
    "embed": engine_pb2.TASK_EMBED,
    "count_tokens": engine_pb2.TASK_COUNT_TOKENS,
    "extract": engine_pb2.TASK_EXTRACT,
}
PLAIN = Delta()[2:]
"""What a piece that is nothing but a text and its tokens has besides them: nothing."""
MOST_INPUTS = 2048  # texts of one call, as OpenAI has it
DOCUMENTS_ONLY = "documents_only"
"""The feature of an engine that sums up what it is given and knows nothing else."""
OPTIONAL = (
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "presence_penalty",
    "frequency_penalty",
    "repetition_penalty",
    "seed",
    "max_tokens",
)


def to_chat(request: text_pb2.ChatRequest, facts: EngineFacts) -> Chat:
    """The request as the engine takes it; raises the leaf that says what cannot be taken."""
    if not request.messages:
        raise EmptyText("The chat has no messages. Send at least one.")
    _refuse_what_it_lacks(request, facts)
    check(request, facts)
    turns = tuple(_turn(message) for message in request.messages)
    documents = tuple(Document(each.url, each.title, each.text) for each in request.documents)
    return Chat(
        turns=turns,
        sampling=_sampling(request.sampling),
        model=request.model,
        continue_final=request.continue_final_message,
        options=_options(request),
        documents=documents,
        response=_response(request.response_format),
        tools=tuple(Tool(tool.name, tool.description, tool.parameters, tool.strict) for tool in request.tools),
        tool_choice=_choice(request),
        parallel_tool_calls=request.parallel_tool_calls if request.HasField("parallel_tool_calls") else None,
        reasoning=request.reasoning,
        priority=request.priority,
        lora=request.lora,
    )


def _choice(request: text_pb2.ChatRequest) -> str:
    return request.tool_choice.function or request.tool_choice.mode


def _response(wanted: text_pb2.ResponseFormat) -> ResponseFormat:
    return ResponseFormat(wanted.type or "text", wanted.name, wanted.json_schema, wanted.strict)


def _turn(message: text_pb2.Message) -> Turn:
    if message.role not in ROLES:
        raise InvalidArgument("A message has no role. Allowed: system, user, assistant, tool.")
    text = "".join(part.text for part in message.content)
    return Turn(
        ROLES[message.role],
        text,
        any(part.HasField("image") for part in message.content),
        name=message.name,
        tool_calls=tuple(ToolCall(call.index, call.id, call.name, call.arguments) for call in message.tool_calls),
        tool_call_id=message.tool_call_id,
        reasoning=message.reasoning,
    )


def _refuse_what_it_lacks(request: text_pb2.ChatRequest, facts: EngineFacts) -> None:
    wanted = {
        "tools": bool(request.tools),
        "tool_choice": bool(request.tools) and _choice(request) not in {"", "auto", "none"},
        "logprobs": request.sampling.logprobs,
        "logit_bias": bool(request.sampling.logit_bias),
        "n": request.sampling.n > 1,
        "documents": bool(request.documents),
        "lora": bool(request.lora),
        "continue": request.continue_final_message,
        "extra_sampling": bool(request.vllm.extra_sampling),
        "grammar": bool(request.llamacpp.grammar),
    }
    if request.response_format.type in {"json_schema", "json_object"} and "json_schema" not in facts.features:
        wanted[f"json_schema:{request.response_format.name}"] = True
    for feature, asked in wanted.items():
        if asked and feature not in facts.features:
            raise NotSupported(f"{facts.model} has no {feature}; it has: {', '.join(facts.features)}.")
    if DOCUMENTS_ONLY in facts.features and not request.documents:
        raise NotSupported(f"{facts.model} answers about documents only, and this chat has none.")


def _sampling(sampling: text_pb2.Sampling) -> Sampling:
    given = {name: getattr(sampling, name) for name in OPTIONAL if sampling.HasField(name)}
    return Sampling(
        **given,
        stop=tuple(sampling.stop),
        n=max(1, sampling.n),
        logprobs=sampling.logprobs,
        top_logprobs=sampling.top_logprobs,
        logit_bias=dict(sampling.logit_bias),
    )


def _options(request: text_pb2.ChatRequest) -> Mapping[str, int | str]:
    which = request.WhichOneof("engine_settings")
    if which is None:
        return {}
    return {field.name: value for field, value in getattr(request, which).ListFields()}


def from_delta(delta: Delta, model: str = "") -> text_pb2.ChatDelta:
    """A piece of the answer as it travels; `model` is said with the first one."""
    message = text_pb2.ChatDelta(
        index=delta.index,
        content=delta.text,
        reasoning=delta.reasoning,
        tokens=delta.tokens,
        model=model and (delta.model or model),
        finish_reason=FINISH[delta.finish],
    )
    for call in delta.tool_calls:
        message.tool_calls.add(index=call.index, id=call.call_id, name=call.name, arguments=call.arguments)
    message.logprobs.extend(_logprob(each) for each in delta.logprobs)
    if delta.finish:
        message.usage.prompt_tokens = delta.prompt_tokens
        message.usage.completion_tokens = delta.completion_tokens
        message.usage.cached_tokens = delta.cached_tokens
        message.usage.reasoning_tokens = delta.reasoning_tokens
    return message


def _logprob(told: Logprob) -> text_pb2.TokenLogprob:
    return text_pb2.TokenLogprob(
        token=told.token,
        logprob=told.logprob,
        token_bytes=told.token_bytes,
        top=[_logprob(each) for each in told.top],
    )


def from_page(page: Page) -> text_pb2.ExtractResponse:
    """A page as it travels."""
    return text_pb2.ExtractResponse(
        title=page.title,
        text=page.text,
        language=page.language,
        description=page.description,
        site_name=page.site_name,
        author=page.author,
        date=page.date,
        links=page.links,
    )


def to_texts(request: text_pb2.EmbedRequest) -> tuple[str, ...]:
    """The texts to embed; raises `EmptyText` or `InvalidArgument`."""
    if not any(request.inputs):
        raise EmptyText("There is nothing to embed. Send at least one text.")
    if len(request.inputs) > MOST_INPUTS:
        raise InvalidArgument(f"There are {len(request.inputs)} texts to embed; allowed: {MOST_INPUTS}.")
    return tuple(request.inputs)


def from_embedded(found: Embedded) -> text_pb2.EmbedResponse:
    """Vectors as they travel."""
    vectors = [text_pb2.Embedding(values=vector) for vector in found.vectors]
    usage = text_pb2.Usage(prompt_tokens=found.prompt_tokens)
    return text_pb2.EmbedResponse(embeddings=vectors, model=found.model, usage=usage)


def _licence(facts: EngineFacts) -> engine_pb2.Licence | None:
    if not facts.licence:
        return None
    return engine_pb2.Licence(name=facts.licence, commercial_use=facts.commercial_use, note=facts.licence_note)


def describe(name: str, facts: EngineFacts, status: EngineStatus, outstanding: int) -> engine_pb2.EngineInfo:
    """What `Describe` says of one engine."""
    return engine_pb2.EngineInfo(
        name=name,
        state=status.state,
        reason=status.reason,
        remedy=status.remedy,
        progress=status.progress,
        tasks=[TASKS[task] for task in facts.tasks],
        model=facts.model,
        version=facts.version,
        device=facts.device,
        licence=_licence(facts),
        limits=engine_pb2.Limits(
            max_text_chars=facts.max_input_chars,
            max_input_tokens=facts.max_input_tokens,
            max_output_tokens=facts.max_output_tokens,
            max_concurrency=facts.max_concurrency,
        ),
        features=facts.features,
        outstanding=outstanding,
    )
