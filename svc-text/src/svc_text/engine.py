"""What a text engine is, on one screen, and the engines there are.

An engine gets frozen dataclasses and gives frozen dataclasses; it never sees protobuf, gRPC or HTTP. One instance
serves all requests of the process. To add one: write a class with these members, add its dotted name to `ENGINES`.
"""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast

from troupe.wire.errors import UnknownEngine, nearest
from troupe.wire.progress import Progress

ENGINES: Mapping[str, str] = {
    "echo": "svc_text.engines.echo:EchoEngine",
}
"""Name -> `module:Class`; imported only when chosen. A name with a colon is taken as such: a plug-in's own class."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a chat: role is system, user, assistant or tool."""

    role: str
    text: str
    has_image: bool = False


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen; None = the model's own default."""

    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    n: int = 1


@dataclass(frozen=True, slots=True)
class Chat:
    """One chat request. `options` are the engine's own typed settings, as plain numbers."""

    turns: tuple[Turn, ...]
    sampling: Sampling = Sampling()
    model: str = ""
    continue_final: bool = False
    options: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of an answer; the last one has a finish reason ("stop", "length") and the counts."""

    text: str = ""
    tokens: int = 0
    finish: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What `Describe` says of an engine that does not change while it runs."""

    model: str
    version: str
    device: str
    licence: str
    commercial_use: bool
    features: tuple[str, ...] = ()
    max_input_chars: int = 1_000_000
    max_output_tokens: int = 100_000
    max_concurrency: int = 256


class TextEngine(Protocol):
    """The whole contract."""

    facts: EngineFacts

    async def start(self, loading: Callable[[float, str], None]) -> None:
        """Load; tell how far (0..1). Raises `EngineMissing` or `CheckpointNotFound` with the command that mends it."""

    def chat(self, chat: Chat, progress: Progress) -> AsyncIterator[Delta]:
        """Answer, beating `progress` with each step. Closing the iterator frees the engine at once."""

    def count(self, chat: Chat) -> int:
        """Tokens of the prompt."""

    async def stop(self) -> None:
        """Free everything."""


def make(name: str) -> TextEngine:
    """An instance of that engine, not yet started; raises `UnknownEngine`."""
    target = ENGINES.get(name, name if ":" in name else "")
    if not target:
        known = ", ".join(ENGINES)
        raise UnknownEngine(f'There is no text engine "{name}". Known: {known}.{nearest(name, ENGINES)}')
    module, _, attribute = target.partition(":")
    factory = cast("Callable[[], TextEngine]", getattr(importlib.import_module(module), attribute))
    return factory()
