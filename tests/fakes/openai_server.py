"""A small OpenAI-compatible server with the manners of vLLM, SGLang, Ollama, NIM, or of one that nobody has heard of.

It is no language model: it says the words of the last message, a token each, as `echo` does; a chat that must be JSON
gets the smallest one its schema allows, a chat with tools calls one, a model called `thinks` thinks first. What it
keeps to is the wire: paths, fields, orders of events, shapes of errors, what is ignored without a word.

    async with serving(Manners.VLLM) as server:
        server.url, server.asked, server.running, server.script = …

A `script` is sent in place of the next answer, byte for byte: None in it breaks the connection, a number waits so long.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from tests.fakes.openai_answers import THINKING, Answer, Manners, counts, prompt_tokens, vllm_refuses

CONTEXT = 4096  # tokens
MODEL = "served/model-1"


@dataclass
class Server:
    """What a test sees of it, and can change."""

    manners: Manners
    url: str = ""
    key: str = ""
    models: list[str] = field(default_factory=lambda: [MODEL, THINKING])
    asked: list[dict[str, Any]] = field(default_factory=list)  # bodies of chats
    headers: list[dict[str, str]] = field(default_factory=list)
    running: int = 0
    connections: set[int] = field(default_factory=set)  # ports that chats came from
    script: Sequence[bytes | float | None] | None = None
    refusal: tuple[int, Any, dict[str, str]] | None = None  # of chats
    token_s: float = 0.0
    auto_tools: bool = True  # vLLM: --enable-auto-tool-choice
    frozen: asyncio.Event = field(default_factory=asyncio.Event)  # set = it answers nothing

    @property
    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        paths = {
            Manners.VLLM: {"/version": {"version": "0.33.0"}, "/health": None},
            Manners.SGLANG: {"/get_model_info": {"model_path": MODEL}, "/health": None},
            Manners.OLLAMA: {"/api/version": {"version": "0.12.1"}},
            Manners.NIM: {"/v1/version": {"release": "1.13.0", "api": "1"}, "/v1/health/live": {"object": "health"}},
            Manners.NOBODY: {},
        }[self.manners]
        for path, answer in paths.items():
            app.router.add_get(path, self._says(answer))
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._chat)
        if self.manners in {Manners.VLLM, Manners.SGLANG}:
            app.router.add_post("/tokenize", self._tokenize)
        return app

    def _says(self, answer: Any):
        async def handler(_: web.Request) -> web.Response:
            return web.Response() if answer is None else web.json_response(answer)

        return handler

    @web.middleware
    async def _guard(self, request: web.Request, handler) -> web.StreamResponse:
        while self.frozen.is_set():
            await asyncio.sleep(0.01)
        if self.key and request.path.startswith("/v1") and request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.json_response({"error": "Unauthorized"}, status=401)
        return await handler(request)

    async def _models(self, _: web.Request) -> web.Response:
        owner = {"nim": "vllm", "nobody": "acme"}.get(self.manners.value, self.manners.value)
        length = {"max_model_len": CONTEXT} if self.manners in {Manners.VLLM, Manners.SGLANG} else {}
        rows = [{"id": model, "object": "model", "created": 1, "owned_by": owner, **length} for model in self.models]
        return web.json_response({"object": "list", "data": rows})

    async def _tokenize(self, request: web.Request) -> web.Response:
        count = prompt_tokens(await request.json())
        return web.json_response({"count": count, "max_model_len": CONTEXT, "tokens": list(range(count))})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append(body)
        self.headers.append(dict(request.headers))
        self.connections.add(request.transport.get_extra_info("peername")[1])
        if self.refusal is not None:
            status, told, headers = self.refusal
            return web.json_response(told, status=status, headers=headers)
        if (why := self._refused(body)) is not None:
            return why
        if not body.get("stream"):
            return web.json_response({"object": "chat.completion", "choices": [{"index": 0, "message": {}}]})
        self.running += 1
        try:
            return await self._streamed(request, body)
        except ConnectionError:  # the caller left
            return web.Response()
        finally:
            self.running -= 1

    def _refused(self, body: dict[str, Any]) -> web.Response | None:
        if body.get("model") not in self.models:
            return self._error(404, f"The model `{body.get('model')}` does not exist.")
        if self.manners is Manners.OLLAMA:
            return None  # it cuts what is too long
        if (tokens := prompt_tokens(body)) >= CONTEXT:
            message = f"This model's maximum context length is {CONTEXT} tokens. However, you sent {tokens} tokens."
            return self._error(400, message)
        if self.manners is Manners.VLLM and (message := vllm_refuses(body)):
            return self._error(400, message)
        if body.get("tools") and body.get("tool_choice", "auto") == "auto" and not self.auto_tools:
            message = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
            return self._error(400, message)
        return None

    def _error(self, status: int, message: str) -> web.Response:
        kind = {400: "BadRequestError", 404: "NotFoundError"}[status]
        told = {"object": "error", "message": message, "type": kind, "param": None, "code": status}
        if self.manners is not Manners.SGLANG:
            told = {"error": {name: value for name, value in told.items() if name != "object"}}
        return web.json_response(told, status=status)

    async def _streamed(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        if self.script is not None:
            script, self.script = self.script, None
            await self._play(request, response, script)
            return response
        async for event in self._events(body):
            await response.write(b"data: " + json.dumps(event).encode() + b"\n\n")
            await asyncio.sleep(self.token_s)
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _play(self, request: web.Request, response: web.StreamResponse, script) -> None:
        for step in script:
            if step is None:
                request.transport.abort()
                return
            if isinstance(step, bytes):
                await response.write(step)
            else:
                await asyncio.sleep(step)

    async def _events(self, body: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        counted = (body.get("stream_options") or {}).get("include_usage") and self.manners is not Manners.NOBODY
        each = counted and (body.get("stream_options") or {}).get("continuous_usage_stats")
        ignores = self.manners is Manners.OLLAMA
        answers = [Answer(body, self.manners, index) for index in range(1 if ignores else body.get("n") or 1)]
        given = prompt_tokens(body)
        if not ignores:
            for answer in answers:
                yield self._event(body, answer, {"role": "assistant", "content": ""}, None)
        for answer in answers:
            for delta, logprobs in answer.steps():
                usage = {"usage": counts(given, answer.written)} if each else {}
                yield self._event(body, answer, delta, None, logprobs) | usage
            yield self._event(body, answer, {"content": ""} if ignores else {}, answer.finish)
        if counted:
            written = sum(answer.written for answer in answers)
            yield {"id": "c", "object": "chat.completion.chunk", "model": body["model"], "choices": []} | {
                "usage": counts(given, written)
            }

    def _event(
        self, body: dict[str, Any], answer: Answer, delta: dict[str, Any], finish: str | None, logprobs: Any = None
    ) -> dict[str, Any]:
        choice = {"index": answer.index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": body["model"], "choices": [choice]}


@asynccontextmanager
async def serving(manners: Manners = Manners.VLLM, port: int = 0, **settings: Any) -> AsyncIterator[Server]:
    """One that listens on a free port for as long as the block."""
    server = Server(manners, **settings)
    runner = web.AppRunner(server.app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, reuse_address=True)
    await site.start()
    server.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        server.frozen.clear()
        await runner.cleanup()
