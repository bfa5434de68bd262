"""svc-text's `echo` engine behind two doors of one process: its own gRPC, and OpenAI's HTTP for other gateways.

A bench kills or freezes this one process and so takes the same engine from both gateways. It says where it listens:

    python tests/bench/upstream.py --grpc-port 0 --http-port 0
    listening service=text grpc=127.0.0.1:… metrics=127.0.0.1:… http=127.0.0.1:…

Over HTTP the engine counts when the last message is `count to N`, with `D ms each` behind it if it is to be slow.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import socket
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
import uvloop
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from svc_text.desk import SERVICE, Desk
from svc_text.engine import Chat, Sampling, Turn
from svc_text.server import TextServicer
from troupe.v1.text_pb2_grpc import add_TextServicer_to_server
from troupe.wire.errors import TroupeError
from troupe.wire.interceptors import RpcMetrics
from troupe.wire.logs import configure
from troupe.wire.progress import Progress
from troupe.wire.serving import Addresses, Listen, Service, background, serve

HOST = "127.0.0.1"
ENGINE = "echo"
LONGEST_S = 600.0
COUNT = re.compile(r"count to (\d+)(?:,? (\d+) ms each)?", re.IGNORECASE)
UNAVAILABLE = 503


@dataclass(frozen=True, slots=True)
class Door:
    """OpenAI's chat over the engines of a desk."""

    desk: Desk

    async def health(self, _: Request) -> Response:
        """GET /health."""
        return JSONResponse({"status": "ok", "running": self.desk.running})

    async def models(self, _: Request) -> Response:
        """GET /v1/models."""
        return JSONResponse({"object": "list", "data": [{"id": ENGINE, "object": "model", "owned_by": "troupe"}]})

    async def completions(self, request: Request) -> Response:
        """POST /v1/chat/completions."""
        body = await request.json()
        head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": ENGINE}
        chat = to_chat(body)
        try:
            if body.get("stream"):
                self.desk.engine(ENGINE)
                wants_usage = bool((body.get("stream_options") or {}).get("include_usage"))
                return StreamingResponse(self._events(head, chat, wants_usage), media_type="text/event-stream")
            return JSONResponse(await self._whole(head, chat))
        except TroupeError as error:
            return JSONResponse({"error": {"message": error.message, "type": "server_error"}}, UNAVAILABLE)

    async def _whole(self, head: dict[str, Any], chat: Chat) -> dict[str, Any]:
        name, _ = self.desk.engine(ENGINE)
        text, usage, finish = "", {}, "stop"
        async with aclosing(self.desk.chat(name, chat, Progress())) as deltas:  # type: ignore[type-var]  # a generator
            async for delta in deltas:
                text += delta.text
                if delta.finish:
                    finish, usage = delta.finish, _usage(delta.prompt_tokens, delta.completion_tokens)
        message = {"role": "assistant", "content": text}
        choices = [{"index": 0, "message": message, "finish_reason": finish}]
        return {**head, "object": "chat.completion", "choices": choices, "usage": usage}

    async def _events(self, head: dict[str, Any], chat: Chat, wants_usage: bool) -> AsyncIterator[bytes]:
        head = {**head, "object": "chat.completion.chunk"}
        async with aclosing(self.desk.chat(ENGINE, chat, Progress())) as deltas:  # type: ignore[type-var]  # a generator
            async for delta in deltas:
                content = {"role": "assistant", "content": delta.text} if not delta.finish else {}
                choices = [{"index": 0, "delta": content, "finish_reason": delta.finish or None}]
                yield _event({**head, "choices": choices})
                if delta.finish and wants_usage:
                    usage = _usage(delta.prompt_tokens, delta.completion_tokens)
                    yield _event({**head, "choices": [], "usage": usage})
        yield b"data: [DONE]\n\n"


def to_chat(body: dict[str, Any]) -> Chat:
    """OpenAI's request as the engine's; what it counts and how slowly stands in the last message."""
    turns = tuple(Turn(row["role"], _text(row.get("content"))) for row in body["messages"])
    asked = next((turn.text for turn in reversed(turns) if turn.role == "user"), "")
    options = {}
    if match := COUNT.fullmatch(asked.strip()):
        options = {"count_to": int(match[1]), "delay_ms_per_token": int(match[2] or 0)}
    sampling = Sampling(max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"))
    return Chat(turns, sampling, continue_final=turns[-1].role == "assistant", options=options)


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content)
    return str(content or "")


def _usage(given: int, made: int) -> dict[str, int]:
    return {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}


def _event(body: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(body)}\n\n".encode()


@asynccontextmanager
async def over_http(desk: Desk, port: int) -> AsyncIterator[str]:
    """OpenAI's door; gives its address."""
    door = Door(desk)
    routes = [
        Route("/health", door.health),
        Route("/v1/models", door.models),
        Route("/v1/chat/completions", door.completions, methods=["POST"]),
    ]
    config = uvicorn.Config(Starlette(routes=routes), lifespan="off", log_level="warning", timeout_keep_alive=60)
    server = uvicorn.Server(config)
    with socket.create_server((HOST, port), backlog=1024) as sock:
        task = asyncio.create_task(server._serve([sock]))  # signals are gRPC's side's business here
        try:
            yield f"{HOST}:{sock.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


async def run(grpc_port: int, http_port: int, metrics_port: int) -> None:
    """Serve both doors until SIGTERM."""
    desk = Desk((ENGINE,))
    registry = CollectorRegistry()
    metrics = RpcMetrics(registry)
    servicer = TextServicer(desk, LONGEST_S, metrics)
    service = Service(SERVICE, lambda server: add_TextServicer_to_server(servicer, server))

    @asynccontextmanager
    async def lifespan(_: Addresses) -> AsyncIterator[Addresses]:
        async with background(asyncio.create_task(desk.load())), over_http(desk, http_port) as address:
            yield {"http": address}
        await desk.stop()

    listen = Listen(HOST, grpc_port, metrics_port, "--grpc-port", "--metrics-port", drain_s=5.0)
    await serve("text", [service], desk.board, listen, registry=registry, metrics=metrics, lifespan=lifespan)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("--grpc-port", "--http-port", "--metrics-port"):
        parser.add_argument(option, type=int, default=0)
    chosen = parser.parse_args()
    configure("text", "INFO")
    uvloop.run(run(chosen.grpc_port, chosen.http_port, chosen.metrics_port))
