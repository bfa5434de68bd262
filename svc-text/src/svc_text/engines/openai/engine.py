"""The engine: chats of any OpenAI-compatible server.

Notable choices:
- the server's kind, its models and what it can do are found out when it is first reached and whenever it comes back;
- a chat names one of its models or gets the default one, as with `llamacpp`;
- what the chain of the gateway should know of (it is away, it is loading, it wants another key) is told by `check`,
  which the desk asks each second.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Any

from svc_text.engine import USUAL_CONTEXT, Chat, Delta, EngineContext, EngineFacts
from svc_text.engines.openai.connection import COUNT_S, Connection
from svc_text.engines.openai.kinds import LLAMA_SERVER, OTHER, SGLANG, VLLM, Kind
from svc_text.engines.openai.pulse import Pulse
from svc_text.engines.openai.reply import Reply
from svc_text.engines.openai.request import body, prompt, told
from svc_text.engines.openai.survey import Survey, surveyed
from troupe.wire.errors import EngineMissing, NotSupported
from troupe.wire.progress import Progress

SETTING = "PROVIDER_VLLM_BASE_URL"
EXAMPLE = f"set {SETTING}=http://localhost:8001"
COUNTING = (VLLM, SGLANG, LLAMA_SERVER)
"""The kinds that count the tokens of a prompt for whoever asks."""
CHARS_PER_TOKEN = 16  # more than any text has: what is longer cannot fit
MOST_CHARS, MOST_OUTPUT_TOKENS = 1_000_000, 100_000  # where the server does not tell its context
NOBODY = EngineFacts("", "not reached yet", "remote", licence="", commercial_use=False)


class OpenaiEngine:
    """Whatever model runs behind one base URL."""

    def __init__(self, context: EngineContext = USUAL_CONTEXT) -> None:
        self._place = context.openai
        self._server = Connection(self._place)
        self._kind: Kind = OTHER
        self._pulse = Pulse(self._alive)
        self.facts = NOBODY

    async def start(self, loading: Callable[[float, str], None]) -> None:
        """Find the server and what it can do.

        Raises `EngineMissing` where none is configured or it has no such model, `CannotConnect` where it is away.
        """
        if not self._place.base_url:
            raise EngineMissing(f"{SETTING} is not set", engine="openai", remedy=EXAMPLE)
        loading(0.0, self._server.url)
        survey = await surveyed(self._server, self._place.model)
        self._kind = survey.kind
        self._server.kept = survey.kind.kept
        self._server.server, self._server.start = f"{survey.kind.name} at {self._server.url}", survey.kind.start
        self.facts = facts_of(survey, self._place.concurrency)

    async def check(self) -> None:
        """Whether it still answers and still has the model; raises as `start` does."""
        models = await self._server.ask("/v1/models")
        Survey.model_of(models, self.facts.model, self._server.server)

    async def chat(self, chat: Chat, progress: Progress) -> AsyncIterator[Delta]:
        """Answer; closing the iterator closes the connection, on which the server stops computing."""
        sampling, times = chat.sampling, told(chat.sampling, self._kind)
        asked = body(chat, self._kind, self._model(chat.model))
        reply = Reply(self._server.server, str(asked["model"]), sampling.n // times, sampling.top_logprobs)
        async with aclosing(self._pieces(asked, reply, progress)) as pieces:
            async for delta in pieces:
                for index in range(times):
                    yield delta._replace(index=index) if index else delta

    async def _pieces(self, asked: Mapping[str, Any], reply: Reply, progress: Progress) -> AsyncGenerator[Delta]:
        with self._pulse.beating(progress):
            async with aclosing(self._server.events(asked)) as events:
                async for event in events:
                    progress.beat("generating")
                    for delta in reply.deltas(event):
                        yield delta
            for delta in reply.ends():
                yield delta

    async def count(self, chat: Chat) -> int:
        """Tokens of the prompt, as the server's own template makes it; raises `NotSupported` where it counts none."""
        if self._kind not in COUNTING:
            raise NotSupported(f"{self._server.server} does not count the tokens of a prompt.")
        asked = prompt(chat, self._kind, self._model(chat.model))
        if self._kind is LLAMA_SERVER:
            made = await self._server.ask("/apply-template", asked, COUNT_S)
            text = {"content": made["prompt"], "add_special": True, "parse_special": True}
            return len((await self._server.ask("/tokenize", text, COUNT_S))["tokens"])
        return int((await self._server.ask("/tokenize", asked, COUNT_S))["count"])

    async def stop(self) -> None:
        """Close the connections; the server is somebody else's."""
        await self._pulse.stop()
        await self._server.close()

    def _model(self, wanted: str) -> str:
        return wanted if wanted in self.facts.models else self.facts.model

    async def _alive(self) -> None:
        await self._server.glance(self._kind.alive)


def facts_of(survey: Survey, concurrency: int) -> EngineFacts:
    """What `Describe` says; a remote model's licence is nobody's to tell from here."""
    counts = ("count_tokens",) if survey.kind in COUNTING else ()
    return EngineFacts(
        model=survey.model,
        version=f"{survey.kind.name} {survey.version}".strip(),
        device="remote",
        licence="unknown",
        commercial_use=False,
        licence_note=f"A model on {survey.kind.name}; its licence is its owner's to know.",
        features=survey.features,
        max_input_chars=min(MOST_CHARS, survey.context * CHARS_PER_TOKEN or MOST_CHARS),
        max_input_tokens=survey.context,
        max_output_tokens=survey.context or MOST_OUTPUT_TOKENS,
        max_concurrency=concurrency,
        tasks=("chat", *counts),
        models=survey.models,
    )
