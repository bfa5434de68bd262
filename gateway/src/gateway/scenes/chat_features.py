"""What a chat asks of an engine, in the words of `EngineInfo.features`."""

from __future__ import annotations

from gateway.routing.capability import DOCUMENTS_ONLY
from troupe.v1.text_pb2 import ChatRequest
from troupe.wire.chats import FEW_STOPS, MOST_FEW_STOPS


def wanted_features(request: ChatRequest) -> frozenset[str]:
    """What an engine must be able to do for it, in the words of `EngineInfo.features`."""
    schema = "json_schema" + (f":{request.response_format.name}" if request.response_format.name else "")
    wanted = {
        "tools": bool(request.tools),
        "tool_choice": bool(request.tools) and must_call(request),
        "documents": bool(request.documents),
        schema: request.response_format.type in {"json_object", "json_schema"},
        "logprobs": request.sampling.logprobs,
        "n": request.sampling.n > 1,
        "logit_bias": bool(request.sampling.logit_bias),
        "continue": request.continue_final_message,
        "extra_sampling": bool(request.vllm.extra_sampling),
        "grammar": bool(request.llamacpp.grammar),
    }
    return frozenset(feature for feature, asked in wanted.items() if asked)


def unwanted_features(request: ChatRequest) -> frozenset[str]:
    """What an engine must not be like for it."""
    unwanted = {DOCUMENTS_ONLY: not request.documents, FEW_STOPS: len(request.sampling.stop) > MOST_FEW_STOPS}
    return frozenset(feature for feature, holds in unwanted.items() if holds)


def must_call(request: ChatRequest) -> bool:
    """Whether a tool must be called, or a certain one: servers that only know how to offer them exist."""
    return (request.tool_choice.function or request.tool_choice.mode) not in {"", "auto", "none"}
