"""What a text engine is, on one screen, and the engines there are.

An engine gets frozen dataclasses and gives frozen dataclasses; it never sees protobuf, gRPC or HTTP. One instance
serves all requests of the process. To add one: write a class with these members, made of an `EngineContext`; add its
dotted name to `ENGINES`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, cast, runtime_checkable

from prometheus_client import CollectorRegistry

from svc_text.places import LlamacppPlace, OpenaiPlace, VllmPlace
from troupe.wire.documents import Document
from troupe.wire.plugins import engine_class
from troupe.wire.progress import Progress

ENGINES: Mapping[str, str] = {
    "vllm": "svc_text.engines.vllm.engine:VllmEngine",
    "openai": "svc_text.engines.openai.engine:OpenaiEngine",
    "llamacpp": "svc_text.engines.llamacpp.engine:LlamacppEngine",
    "extractive": "svc_text.engines.extractive:ExtractiveEngine",
    "echo": "svc_text.engines.echo:EchoEngine",
}
"""Name -> `module:Class`; imported only when chosen. A name with a colon is taken as such: a plug-in's own class."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool, or a piece of one: `arguments` is JSON, in pieces while it is streamed."""

    index: int = 0
    call_id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a chat: role is system, user, assistant or tool."""

    role: str
    text: str
    has_image: bool = False
    name: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call; `parameters` is a JSON schema as text."""

    name: str
    description: str = ""
    parameters: str = ""
    strict: bool = False


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """What the answer must be: "text", "json_object", or "json_schema" with the schema as text."""

    kind: str = "text"
    name: str = ""
    schema: str = ""
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen; None = the model's own default."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    repetition_penalty: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    n: int = 1
    logprobs: bool = False
    top_logprobs: int = 0
    logit_bias: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chat:
    """One chat request. `options` are the engine's own typed settings.

    `documents` are data that the chat is about, never instruction. `tool_choice` is "", "auto", "none", "required" or
    the name of the tool that must be called. `reasoning` is "", "off", "on", "low", "medium" or "high".
    """

    turns: tuple[Turn, ...]
    sampling: Sampling = Sampling()
    model: str = ""
    continue_final: bool = False
    options: Mapping[str, int | str] = field(default_factory=dict)
    documents: tuple[Document, ...] = ()
    response: ResponseFormat = ResponseFormat()
    tools: tuple[Tool, ...] = ()
    tool_choice: str = ""
    parallel_tool_calls: bool | None = None
    reasoning: str = ""
    priority: int = 0  # the higher, the longer it may wait
    lora: str = ""  # name of an adapter; empty = the model as it is


@dataclass(frozen=True, slots=True)
class Logprob:
    """A token that was chosen (or could have been, in `top`), with its natural logarithm of probability."""

    token: str
    logprob: float
    token_bytes: bytes = b""
    top: tuple[Logprob, ...] = ()


class Delta(NamedTuple):
    """A piece of an answer; the last one of each completion has a finish reason and the counts.

    `finish` is "stop", "length", "tool_calls" or "content_filter". A tuple, as there is one for each token of each
    chat: a frozen dataclass of so many fields takes four times as long to make.
    """

    text: str = ""
    tokens: int = 0
    finish: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    index: int = 0  # type: ignore[assignment]  # of the n completions; no tuple is searched
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    logprobs: tuple[Logprob, ...] = ()
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    model: str = ""  # where one engine serves several; read of the first one only


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What `Describe` says of an engine that does not change while it runs."""

    model: str
    version: str
    device: str
    licence: str  # of the model; empty = none is there yet
    commercial_use: bool
    features: tuple[str, ...] = ()
    max_input_chars: int = 1_000_000
    max_output_tokens: int = 100_000
    max_concurrency: int = 256
    tasks: tuple[str, ...] = ("chat", "count_tokens")  # also "embed", "extract"
    licence_note: str = ""
    max_input_tokens: int = 0  # 0 = not said
    models: tuple[str, ...] = ()  # that chats may name, where there are several; `model` is the default one


def _no_end(why: str) -> None:
    """Outside a service nothing ends."""


@dataclass(frozen=True, slots=True)
class EngineContext:
    """What an engine may know of the service it runs in."""

    llamacpp: LlamacppPlace = field(default_factory=LlamacppPlace)
    openai: OpenaiPlace = field(default_factory=OpenaiPlace)
    vllm: VllmPlace = field(default_factory=VllmPlace)
    end: Callable[[str], None] = _no_end
    """Called where only a new process helps, with the sentence that becomes the service's last line."""
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    """An engine with metrics of its own registers them here."""


USUAL_CONTEXT = EngineContext()


@runtime_checkable
class Watched(Protocol):
    """An engine that may go away and come back. One that is away is started anew until it is there."""

    async def check(self) -> None:
        """Cheaply make sure that it still works; raises the leaf that says why it does not. Asked each second."""


class TextEngine(Protocol):
    """The whole contract."""

    facts: EngineFacts

    async def start(self, loading: Callable[[float, str], None]) -> None:
        """Load; tell how far (0..1). Raises `EngineMissing` or `CheckpointNotFound` with the command that mends it."""

    def chat(self, chat: Chat, progress: Progress) -> AsyncIterator[Delta]:
        """Answer, beating `progress` with each step. Closing the iterator frees the engine at once."""

    async def count(self, chat: Chat) -> int:
        """Tokens of the prompt."""

    async def stop(self) -> None:
        """Free everything."""


def make(name: str, context: EngineContext = USUAL_CONTEXT) -> TextEngine:
    """An instance of that engine, not yet started; raises `UnknownEngine`."""
    return cast("TextEngine", engine_class("text", name, ENGINES)(context))
