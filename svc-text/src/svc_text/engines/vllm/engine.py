"""`vllm`: the engine of the contract over vLLM's AsyncLLM.

Notable choices:
- AsyncLLM runs in this process, so a cancelled chat is an aborted request at once and deltas make no detour;
- an engine core that dies cannot be mended: chats end in `EngineFailed`, the service ends, its supervisor starts it;
- of several machines only the first answers; on the others this engine runs vLLM's headless workers and stays missing.
"""

from __future__ import annotations

import gc
import itertools
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from functools import partial

from svc_text.embedding import Embedded, together
from svc_text.engine import USUAL_CONTEXT, Chat, Delta, EngineContext, EngineFacts, Sampling, Turn
from svc_text.engines.vllm import arguments
from svc_text.engines.vllm.adapter import require
from svc_text.engines.vllm.facts import before_loading, defuser, facts_of, name_of, size_of
from svc_text.engines.vllm.follower import Follower
from svc_text.engines.vllm.life import Life, load
from svc_text.engines.vllm.metrics import VllmMetrics
from svc_text.engines.vllm.model import EMBED, GENERATE, Vllm
from svc_text.engines.vllm.processes import Processes
from svc_text.engines.vllm.reply import Reply
from svc_text.engines.vllm.request import Reach, adapter_of, fields
from svc_text.engines.vllm.words import words
from svc_text.vllm_sampling import copies
from troupe.wire.errors import CheckpointNotFound, EngineMissing
from troupe.wire.progress import Progress

EXAMPLE = "PROVIDER_VLLM_MODEL=meta-llama/Llama-3.1-8B-Instruct"


class VllmEngine:
    """One model on the devices of this machine, or of several."""

    def __init__(self, context: EngineContext = USUAL_CONTEXT) -> None:
        self._place = context.vllm
        self._end = context.end
        self._registry = context.registry
        self._processes = Processes()
        self._life: Life | None = None
        self._follower: Follower | None = None
        self._reach = Reach("", 0)
        self._tasks: frozenset[str] = frozenset()
        self._numbers = itertools.count()
        self.facts: EngineFacts = before_loading(self._place.model)

    async def start(self, loading: Callable[[float, str], None]) -> None:
        """Load the model. Raises `EngineMissing`, `CheckpointNotFound`, `InvalidArgument` or `EngineFailed`."""
        place = self._place
        require()
        if not place.model:
            raise CheckpointNotFound("no model is named", remedy=f"set {EXAMPLE}")
        told = words(place)
        if place.node_rank:
            self._processes.guard()
            self._follower = await Follower.start(told, self._end)
            raise EngineMissing(f"this is machine {place.node_rank} of {place.nodes}: it computes for {place.head}")
        name = name_of(place.model)
        start = partial(_load, told)
        vllm = await load(start, self._processes, size_of(place.model), loading, name)
        self._life = Life(vllm, self._processes, place.idle_s, self._end)
        self._tasks = await vllm.tasks()
        self._reach = Reach(name, vllm.context, defuser(vllm.tokenizer), vllm.tools, vllm.vocabulary, vllm.adapters)
        self.facts = facts_of(vllm, name, place.model, self._tasks)
        self._registry.register(VllmMetrics())
        if GENERATE in self._tasks:
            await self._warm()
        _keep()

    async def chat(self, chat: Chat, progress: Progress) -> AsyncIterator[Delta]:
        """Answer; closing the iterator aborts the request in the engine core."""
        asked = fields(chat, self._reach)
        adapter, times = adapter_of(chat, self._reach), copies(chat.sampling)
        async with self._started().chat(progress) as vllm:
            vllm.require(GENERATE, self._tasks)
            prepared = await vllm.prepared(asked, adapter)
            reply = Reply(prepared.request, prepared.token_ids, prepared.parsers, adapter or self._reach.name)
            async with aclosing(vllm.steps(prepared, self._number(), chat.priority)) as steps:
                async for step in steps:
                    progress.beat("generating")
                    for delta in reply.deltas(step):
                        for index in range(times):
                            yield delta._replace(index=index) if index else delta

    async def count(self, chat: Chat) -> int:
        """Tokens of the prompt, exactly."""
        async with self._started().chat(Progress()) as vllm:
            return len((await vllm.prepared(fields(chat, self._reach))).token_ids)

    async def embed(self, inputs: Sequence[str], dimensions: int, progress: Progress) -> Embedded:
        """A vector per text; vLLM computes as many at once as it has places."""
        async with self._started().chat(progress) as vllm:
            vllm.require(EMBED, self._tasks)
            found = await together(vllm.embedded(text, self._number(), dimensions) for text in inputs)
        return Embedded(tuple(vector for vector, _ in found), sum(tokens for _, tokens in found), self._reach.name)

    async def _warm(self) -> None:
        """What vLLM compiles for its first logprobs would stop every chat meanwhile (20 s on a small CPU)."""
        hello = Chat((Turn("user", "hello"),), Sampling(max_tokens=1, logprobs=True, top_logprobs=1))
        async with aclosing(self.chat(hello, Progress())) as deltas:  # type: ignore[type-var]  # a generator
            async for _ in deltas:
                pass

    async def stop(self) -> None:
        """End its processes."""
        if self._life is not None:
            await self._life.stop()
        if self._follower is not None:
            await self._follower.stop()
            await self._processes.end()

    def _started(self) -> Life:
        if self._life is None:
            raise EngineMissing("vllm has not been started", engine="vllm")
        return self._life

    def _number(self) -> str:
        return f"troupe-{os.getpid()}-{next(self._numbers)}"


def _keep() -> None:
    """What is loaded now stays: a collector that walks through torch and vLLM time and again stops every chat."""
    gc.collect()
    gc.freeze()


def _load(told: Sequence[str]) -> Vllm:
    """In a thread: vLLM's import alone takes seconds."""
    return Vllm.load(arguments.parsed(told))
