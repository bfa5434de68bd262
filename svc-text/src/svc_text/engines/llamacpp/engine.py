"""`llamacpp`: GGUF models on this machine's processor, or its graphics card where the wheel was built for one.

Notable choices:
- each model in a process of its own, which llama.cpp may end without ending the service (see `child`);
- as many chats at once as there are slots, batched together; each has the whole context, whatever their number;
- a chat names a model of the folder, or gets the default one: callers that move here name models of elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path

from svc_text.engine import USUAL_CONTEXT, Chat, Delta, EngineContext, EngineFacts
from svc_text.engines.llamacpp.facts import before_loading, facts_of
from svc_text.engines.llamacpp.request import body, prompt
from svc_text.engines.llamacpp.shelf import Shelf
from svc_text.models.folder import chosen, models
from svc_text.models.inspect import SUFFIX, inspect
from troupe.wire.errors import EngineMissing
from troupe.wire.progress import Progress


class LlamacppEngine:
    """The models of one folder."""

    def __init__(self, context: EngineContext = USUAL_CONTEXT) -> None:
        self._place = context.llamacpp
        self._default = Path()
        self._shelf: Shelf | None = None
        self.facts: EngineFacts = before_loading()

    async def start(self, loading: Callable[[float, str], None]) -> None:
        """Load the default model. Raises `CheckpointNotFound`, `CheckpointBroken` or `EngineMissing`."""
        self._default = chosen(self._place.models_dir, self._place.model)
        card = await asyncio.to_thread(inspect, self._default)
        self._shelf = Shelf(self._place)
        async with self._shelf.model(self._default, lambda part: loading(part, card.name)) as model:
            facts = facts_of(card, model.reach, await model.properties(), model.child.device, self._place.held)
        self.facts = replace(facts, models=tuple(dict.fromkeys((card.name, *self._known()))))

    async def chat(self, chat: Chat, progress: Progress) -> AsyncIterator[Delta]:
        """Answer; a model that is not in memory is loaded first."""
        shelf, queued = self._started(), partial(progress.waiting, "queue")
        async with shelf.model(self._path(chat.model), lambda part: progress.beat("loading", part), queued) as model:
            asked = body(chat, model.reach)
            async with aclosing(model.answer(asked, progress, chat.sampling.top_logprobs)) as deltas:
                async for delta in deltas:
                    yield delta

    async def count(self, chat: Chat) -> int:
        """Tokens of the prompt, exactly: the model's own template and vocabulary are asked."""
        async with self._started().model(self._path(chat.model)) as model:
            return await model.count(prompt(chat, model.reach))

    async def stop(self) -> None:
        """End the processes."""
        if self._shelf is not None:
            await self._shelf.end()

    def _started(self) -> Shelf:
        if self._shelf is None:
            raise EngineMissing("llamacpp has not been started", engine="llamacpp")
        return self._shelf

    def _path(self, model: str) -> Path:
        """Never a path of the caller's: only names of the folder are looked up."""
        return self._known().get(model.removesuffix(SUFFIX), self._default)

    def _known(self) -> Mapping[str, Path]:
        return {path.name.removesuffix(SUFFIX): path for path in models(self._place.models_dir)}
