"""Who is asked: an engine at its desk, behind the same conversion and limits as over gRPC."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

from svc_text.conversion import from_delta, to_chat
from svc_text.desk import Desk
from svc_text.engine import EngineContext
from troupe.v1 import text_pb2
from troupe.wire.progress import Progress

FINISHES = {
    text_pb2.FINISH_REASON_STOP: "stop",
    text_pb2.FINISH_REASON_LENGTH: "length",
    text_pb2.FINISH_REASON_TOOL_CALLS: "tool_calls",
    text_pb2.FINISH_REASON_CONTENT_FILTER: "content_filter",
}
ROLES = {
    "system": text_pb2.ROLE_SYSTEM,
    "user": text_pb2.ROLE_USER,
    "assistant": text_pb2.ROLE_ASSISTANT,
    "tool": text_pb2.ROLE_TOOL,
}
PROMPT = "Tell me about the small company that makes warm lamps for quiet rooms by the sea."


@dataclass
class Answer:
    """All that came of one chat, by completion."""

    deltas: list[text_pb2.ChatDelta] = field(default_factory=list)

    def of(self, index: int = 0) -> list[text_pb2.ChatDelta]:
        return [delta for delta in self.deltas if delta.index == index]

    def text(self, index: int = 0) -> str:
        return "".join(delta.content for delta in self.of(index))

    @property
    def reasoning(self) -> str:
        return "".join(delta.reasoning for delta in self.deltas)

    @property
    def finishes(self) -> dict[int, str]:
        return {delta.index: FINISHES[delta.finish_reason] for delta in self.deltas if delta.finish_reason}

    @property
    def finish(self) -> str:
        return self.finishes[0]

    @property
    def usage(self) -> text_pb2.Usage:
        (last,) = [delta for delta in self.of(0) if delta.finish_reason]
        return last.usage

    @property
    def logprobs(self) -> list[text_pb2.TokenLogprob]:
        return [each for delta in self.of(0) for each in delta.logprobs]

    @property
    def calls(self) -> list[tuple[str, str, str]]:
        """Id, name and arguments of each call, put together from its pieces."""
        made: dict[int, list[str]] = {}
        for piece in (piece for delta in self.of(0) for piece in delta.tool_calls):
            whole = made.setdefault(piece.index, ["", "", ""])
            for place, part in enumerate((piece.id, piece.name, piece.arguments)):
                whole[place] += part
        return [(call_id, name, arguments) for call_id, name, arguments in made.values()]


def asking(text: str = PROMPT, *messages: text_pb2.Message, **sampling: object) -> text_pb2.ChatRequest:
    """A chat of one message of a user's and these, always answered in the same way: temperature 0, a short answer."""
    chosen = {"temperature": 0.0, "max_tokens": 24, "seed": 7} | sampling
    kept = {name: value for name, value in chosen.items() if value is not None}
    return text_pb2.ChatRequest(messages=[told("user", text), *messages], sampling=text_pb2.Sampling(**kept))


def told(role: str, *parts: str, **fields: object) -> text_pb2.Message:
    """One message."""
    return text_pb2.Message(role=ROLES[role], content=[text_pb2.ContentPart(text=part) for part in parts], **fields)


@dataclass
class Subject:
    """A desk with one engine."""

    desk: Desk
    thinker: str = ""  # a model that thinks; empty = its default one does, or none

    @property
    def name(self) -> str:
        return next(iter(self.desk.engines))

    @property
    def facts(self):
        return self.desk.engines[self.name].facts

    @property
    def features(self) -> frozenset[str]:
        return frozenset(self.facts.features) | frozenset(self.facts.tasks)

    async def ask(self, request: text_pb2.ChatRequest, progress: Progress | None = None) -> Answer:
        """The whole answer; raises what a caller would see."""
        answer = Answer()
        async with aclosing(self.stream(request, progress)) as deltas:
            async for delta in deltas:
                answer.deltas.append(delta)
        return answer

    async def stream(
        self, request: text_pb2.ChatRequest, progress: Progress | None = None
    ) -> AsyncIterator[text_pb2.ChatDelta]:
        """Its deltas as they travel."""
        name, engine = self.desk.engine("")
        chat = to_chat(request, engine.facts)
        async with aclosing(self.desk.chat(name, chat, progress or Progress())) as deltas:
            async for delta in deltas:
                yield from_delta(delta, engine.facts.model)

    async def count(self, request: text_pb2.ChatRequest) -> int:
        """Tokens of the prompt."""
        engine = self.desk.engines[self.name]
        return await engine.count(to_chat(request, engine.facts))


@asynccontextmanager
async def ready(engine: str, context: EngineContext) -> AsyncIterator[Desk]:
    """A desk whose one engine has made its first token."""
    desk = Desk([engine], context)
    try:
        await desk.load()
        desk.board.require(engine)
        yield desk
    finally:
        await desk.stop()
