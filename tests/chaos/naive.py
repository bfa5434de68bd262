"""`python -m tests.chaos.naive`: a gateway that does nothing for its callers; by it the harness shows that it sees."""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc.aio
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from troupe.v1.text_pb2 import ROLE_USER, ChatRequest, EchoSettings
from troupe.v1.text_pb2_grpc import TextStub
from troupe.wire.logs import configure
from troupe.wire.serving import announce

REPLICAS = os.environ.get("NAIVE_REPLICAS", "").split(",")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    channels = [grpc.aio.insecure_channel(address) for address in REPLICAS]
    app.state.stubs = [TextStub(channel) for channel in channels]
    yield
    await asyncio.gather(*(channel.close() for channel in channels))


app = FastAPI(lifespan=lifespan)


@app.post("/api/text")
async def text(request: Request) -> Response:
    body = await request.json()
    asked = ChatRequest(engine="echo", echo=EchoSettings(**body["echo"]))
    asked.messages.add(role=ROLE_USER).content.add(text=body["prompt"])
    deltas = random.choice(request.app.state.stubs).Chat(asked)
    if body["stream"]:
        return StreamingResponse(events(deltas), media_type="text/event-stream")
    try:
        return JSONResponse({"text": "".join([delta.content async for delta in deltas])})
    except grpc.aio.AioRpcError as error:
        return JSONResponse({"error": {"code": error.code().name}}, 503)


async def events(deltas: AsyncIterator) -> AsyncIterator[bytes]:
    try:
        async for delta in deltas:
            if delta.content:
                yield b"event: delta\ndata: %s\n\n" % json.dumps({"text": delta.content}).encode()
        yield b"event: end\ndata: {}\n\n"
    except grpc.aio.AioRpcError as error:
        yield b"event: error\ndata: %s\n\n" % json.dumps({"error": {"code": error.code().name}}).encode()


async def main() -> None:
    configure("naive", "WARNING")
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", access_log=False))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    configure("naive", "INFO")
    announce("naive", {"http": f"127.0.0.1:{port}"})
    await serving


if __name__ == "__main__":
    asyncio.run(main())
