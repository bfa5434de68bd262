"""A loaded model: chats on its process, and the watch over it."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

import httpx

from svc_text.engine import Delta
from svc_text.engines.llamacpp.places import Places
from svc_text.engines.llamacpp.process import LOOK_S, Child
from svc_text.engines.llamacpp.reply import Reply, refusal
from svc_text.engines.llamacpp.request import Reach
from troupe.wire.errors import EngineFailed
from troupe.wire.progress import Progress

CONNECT_S = 5.0
ASK_S = 30.0  # for what takes no slot: templates, tokens
STUCK_S = 120.0  # a process that answers none of its chats for so long has hung
RESTLESS_S = 20.0  # one that works for so long with no chat to work for has hung
DATA = "data: "
DONE = "[DONE]"

log = logging.getLogger(__name__)


class Model:
    """One model and the process that holds it."""

    def __init__(self, child: Child, reach: Reach) -> None:
        self.child = child
        self.reach = reach
        self.places = Places(reach.slots)
        self.users = 0  # who has it in hand: it must not be unloaded
        self.last_used = time.monotonic()
        self._running: set[Progress] = set()
        self._heard = time.monotonic()  # when the process last answered anything
        transport = httpx.AsyncHTTPTransport(uds=child.socket, limits=httpx.Limits(max_keepalive_connections=0))
        # Each chat has a connection of its own, and closing it is how a chat is cancelled.
        self._client = httpx.AsyncClient(
            transport=transport,
            base_url="http://llamacpp",
            timeout=httpx.Timeout(None, connect=CONNECT_S),
            headers={"Connection": "close", "Content-Type": "application/json"},
        )
        self._watch = asyncio.create_task(self._watched())

    @property
    def busy(self) -> bool:
        """Whether a chat runs on it or is about to."""
        return self.users > 0

    async def answer(self, body: Mapping[str, Any], progress: Progress, top_logprobs: int = 0) -> AsyncGenerator[Delta]:
        """The deltas of one chat; closing it frees its slot. Raises the leaf that says why there is no answer."""
        async with self.places.taken(body.get("n", 1), progress):
            self._running.add(progress)
            self._heard = time.monotonic()
            try:
                async with aclosing(self._chunks(body)) as chunks:
                    reply = Reply(self.reach.name, top_logprobs)
                    async for chunk in chunks:
                        progress.beat("generating" if "timings" in chunk else "reading")
                        for delta in reply.deltas(chunk):
                            yield delta
            finally:
                self._running.discard(progress)
                self.last_used = time.monotonic()

    async def count(self, body: Mapping[str, Any]) -> int:
        """Tokens of the prompt that the model's template makes of this chat."""
        prompt = await self._asked("/apply-template", body)
        told = {"content": prompt["prompt"], "add_special": True, "parse_special": True}
        return len((await self._asked("/tokenize", told))["tokens"])

    async def properties(self) -> Mapping[str, Any]:
        """What llama.cpp tells of the model and its template."""
        return await self._told(self._client.get("/props", timeout=ASK_S))

    async def end(self) -> None:
        """Unload it: its process ends."""
        self._watch.cancel()
        await asyncio.gather(self._watch, return_exceptions=True)
        await self._client.aclose()
        await self.child.end()

    async def _chunks(self, body: Mapping[str, Any]) -> AsyncGenerator[Mapping[str, Any]]:
        finished = False
        try:
            async with self._client.stream("POST", "/v1/chat/completions", content=_encoded(body)) as response:
                if response.status_code != httpx.codes.OK:
                    raise refusal(response.status_code, _parsed(await response.aread()), self.reach.name)
                async with aclosing(response.aiter_lines()) as lines:  # type: ignore[type-var]  # a generator
                    async for line in lines:
                        self._heard = time.monotonic()
                        finished = finished or line == DATA + DONE
                        if line.startswith(DATA) and not finished:
                            yield json.loads(line[len(DATA) :])
                        elif line.startswith("error: "):
                            yield {"error": _parsed(line[len("error: ") :].encode())}
        except httpx.TransportError as error:
            raise await self.child.failure() from error
        if not finished:
            raise await self.child.failure()

    async def _asked(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._told(self._client.post(path, content=_encoded(body), timeout=ASK_S))

    async def _told(self, request: Any) -> Mapping[str, Any]:
        try:
            response = await request
        except httpx.TimeoutException as error:
            raise EngineFailed(f"{self.reach.name} gave no answer within {ASK_S:.0f} s. Try again.") from error
        except httpx.TransportError as error:
            raise await self.child.failure() from error
        if response.status_code != httpx.codes.OK:
            raise refusal(response.status_code, _parsed(response.content), self.reach.name)
        told: Mapping[str, Any] = response.json()
        return told

    async def _watched(self) -> None:
        """Beat for the chats while the process works; end it where it hangs."""
        used, restless_since = 0.0, time.monotonic()
        while self.child.alive:
            await asyncio.sleep(LOOK_S)
            now, before, used = time.monotonic(), used, self.child.processor_s()
            if used > before:
                for progress in tuple(self._running):
                    progress.beat()
            if self._running or used - before < LOOK_S / 2:
                restless_since = now
            if now - restless_since > RESTLESS_S or (self._running and now - self._heard > STUCK_S):
                log.error("the process that holds %s hangs and is ended", self.reach.name)
                await self.child.end()


def _encoded(body: Mapping[str, Any]) -> bytes:
    """JSON of plain ASCII: half characters, which a schema may hold as escapes, stay escapes for llama.cpp to judge."""
    return json.dumps(body).encode()


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        told = json.loads(raw)
    except ValueError:
        return {"error": raw.decode(errors="replace")[:500]}
    return told if isinstance(told, dict) else {"error": told}
