"""The guarded protocol on a real socket under uvicorn: heads that dribble, clients that take nothing."""

import asyncio
import contextlib
import socket

import pytest
import uvicorn

import gateway.guard.protocol as module
from gateway.guard.protocol import GuardedProtocol


@pytest.fixture
async def serve():
    async with contextlib.AsyncExitStack() as stack:

        @contextlib.asynccontextmanager
        async def running(app):
            listening = socket.create_server(("127.0.0.1", 0))
            config = uvicorn.Config(
                app, http=GuardedProtocol, lifespan="off", log_config=None, timeout_graceful_shutdown=1
            )
            server = uvicorn.Server(config)
            task = asyncio.ensure_future(server._serve([listening]))
            while not server.started:
                await asyncio.sleep(0.01)
            yield listening.getsockname()[1]
            server.should_exit = True
            await task
            listening.close()

        yield lambda app: stack.enter_async_context(running(app))


async def hello(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})


async def test_a_head_that_dribbles_is_closed_and_good_ones_are_served(serve, monkeypatch) -> None:
    monkeypatch.setattr(module, "HEAD_S", 0.2)
    port = await serve(hello)
    slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
    for _, writer in slow:
        writer.write(b"GET / HTTP/1.1\r\nx: ")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200")
    async with asyncio.timeout(5):
        for said, _ in slow:
            assert (await said.read()).startswith(b"HTTP/1.1 408")
    for each in (writer, *(writer for _, writer in slow)):
        each.close()


async def test_a_kept_connection_may_rest_and_ask_again(serve, monkeypatch) -> None:
    monkeypatch.setattr(module, "HEAD_S", 0.2)
    port = await serve(hello)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (await reader.readuntil(b"hi")).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.4)
    writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nab")
    await asyncio.sleep(0.4)  # a body may take longer than a head
    writer.write(b"cd")
    assert (await reader.readuntil(b"hi")).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_a_head_without_end_is_refused(serve, monkeypatch) -> None:
    monkeypatch.setattr(module, "HEAD_BYTES", 1000)
    port = await serve(hello)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 300)
    assert (await reader.read()).startswith(b"HTTP/1.1 431")
    writer.close()


async def test_a_client_that_takes_nothing_is_cut(serve, monkeypatch) -> None:
    monkeypatch.setattr(module, "SEND_STALL_S", 0.3)
    left = asyncio.Event()

    async def endless(_scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

        async def write():
            while True:
                await send({"type": "http.response.body", "body": bytes(65536), "more_body": True})
                await asyncio.sleep(0)

        writing = asyncio.ensure_future(write())
        while (await receive())["type"] != "http.disconnect":
            pass
        left.set()
        writing.cancel()

    port = await serve(endless)
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        async with asyncio.timeout(10):
            await left.wait()
