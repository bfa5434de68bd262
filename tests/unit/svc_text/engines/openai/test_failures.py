"""Everything that goes wrong with a server: it is away, it refuses, breaks off, hangs, and its callers leave."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import aclosing

import pytest
from aiohttp import web
from tests.fakes.openai_server import CONTEXT, MODEL, Manners, serving
from tests.unit.svc_text.engines.openai.asking import answer, asking, said, started

from svc_text.desk import Desk
from svc_text.engine import EngineContext
from svc_text.engines.openai.engine import OpenaiEngine
from svc_text.places import OpenaiPlace
from troupe.v1 import engine_pb2
from troupe.wire.errors import (
    CannotConnect,
    EngineFailed,
    EngineMissing,
    Overloaded,
    TextTooLong,
    TroupeError,
)
from troupe.wire.progress import Progress

NOBODY = "http://127.0.0.1:1"
FREED_S = 0.2  # the promise; asserted at five times


def event(text: str, finish: str = "null") -> bytes:
    return b'data: {"choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":%s}]}\n\n' % (
        text.encode(),
        finish.encode(),
    )


END = event("", '"stop"')


@pytest.mark.parametrize("url", [NOBODY, "http://no-such-host.invalid", "http://", "ftp://x", "http://[::1", "::::"])
async def test_an_absent_server_is_told_in_the_seeds_words(url: str) -> None:
    with pytest.raises(CannotConnect, match="Cannot connect to vLLM server at ") as raised:
        async with started(url):
            pass
    told = url if "//" in url else f"http://{url}"
    assert raised.value.message.startswith(f"Cannot connect to vLLM server at {told.rstrip('/')}")
    assert raised.value.details["remedy"] == "vllm serve MODEL --port 8001"


async def test_this_gateway_itself_is_refused() -> None:
    async def health(_: web.Request) -> web.Response:
        ready = {"text": "vllm", "tts": None, "video": None}
        return web.json_response({"status": "healthy", "version": "0.1.0", "uptime_s": 3.0, "ready": ready})

    app = web.Application()
    app.router.add_get("/health", health)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        with pytest.raises(EngineMissing, match="is Troupe's own gateway"):
            async with started(f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"):
                pass
    finally:
        await runner.cleanup()


async def test_a_key_is_sent_and_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(key="sk-very-secret") as server:
        async with started(server.url, api_key="sk-very-secret") as engine:
            await answer(engine, asking())
        assert server.headers[-1]["Authorization"] == "Bearer sk-very-secret"
        with pytest.raises(EngineFailed, match="refuses the key: correct PROVIDER_VLLM_API_KEY") as raised:
            async with started(server.url, api_key="sk-wrong-secret"):
                pass
    told = caplog.text + str(raised.value) + str(raised.value.details) + repr(OpenaiPlace(api_key="sk-very-secret"))
    assert "secret" not in told


@pytest.mark.parametrize(
    ("refusal", "leaf"),
    [
        ((429, {"error": {"message": "slow down"}}, {"Retry-After": "3"}), Overloaded),
        ((503, {"error": {"message": "Loading"}}, {}), Overloaded),
        ((500, {"error": {"message": "CUDA"}}, {}), EngineFailed),
        ((404, {"error": {"message": "no such model"}}, {}), EngineFailed),
        ((302, {}, {"Location": "http://169.254.169.254/"}), EngineFailed),
    ],
)
async def test_a_refusal_is_a_leaf(refusal: tuple, leaf: type[TroupeError]) -> None:
    async with serving() as server, started(server.url) as engine:
        server.refusal = refusal
        with pytest.raises(leaf):
            await answer(engine, asking())


@pytest.mark.parametrize("manners", [Manners.VLLM, Manners.SGLANG, Manners.NIM])
async def test_a_prompt_that_is_too_long_is_told_as_such(manners: Manners) -> None:
    async with serving(manners) as server, started(server.url) as engine:
        with pytest.raises(TextTooLong, match="maximum context length is 4096"):
            await answer(engine, asking("word " * (CONTEXT + 1)))


SCRIPTS = {
    "cut at once": [None],
    "cut in the middle": [event("a"), None],
    "cut within an event": [b'data: {"choices":[{"ind', None],
    "ended without an end": [event("a")],
    "ended within an event": [event("a"), b'data: {"choices"'],
    "only said to be done": [event("a"), b"data: [DONE]\n\n"],
    "rubbish": [event("a"), b"data: <html>oops</html>\n\n"],
    "binary": [bytes(range(128, 256)) * 100 + b"\n", b"data: \xff\xfe\n\n"],
    "an error": [event("a"), b'data: {"error":{"message":"EngineCore died"}}\n\n', b"data: [DONE]\n\n"],
    "llama-server's error": [event("a"), b'error: {"message":"x"}\n\n'],
    "nothing": [],
    "an endless line": [b"data: " + b"x" * 5_000_000],
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
async def test_what_breaks_off_ends_as_a_failure(script: list) -> None:
    async with serving() as server, started(server.url) as engine:
        server.script = script
        async with asyncio.timeout(10):
            with pytest.raises(EngineFailed):
                await answer(engine, asking())
        assert said(await answer(engine, asking())) == "one two three"


@pytest.mark.parametrize(
    "script",
    [
        [event("a") + END],
        [event("a"), END, b"data: [DONE]"],
        [b": ping\n\n", event("a"), 0.05, b"\r\n", END + b"data: [DONE]\n\n"],
    ],
)
async def test_what_is_whole_but_plain_is_taken(script: list) -> None:
    async with serving() as server, started(server.url) as engine:
        server.script = script
        deltas = await answer(engine, asking())
    assert (said(deltas), deltas[-1].finish) == ("a", "stop")


async def test_a_server_that_goes_away_is_told_and_comes_back() -> None:
    async with serving() as server:
        engine = OpenaiEngine(EngineContext(openai=OpenaiPlace(server.url)))
        await engine.start(lambda fraction, what: None)
        await engine.check()
        port = int(server.url.rpartition(":")[2])
    try:
        with pytest.raises(CannotConnect, match="Cannot connect to vLLM server at"):
            await answer(engine, asking())
        with pytest.raises(CannotConnect):
            await engine.check()
        async with serving(port=port):
            await engine.check()
            assert said(await answer(engine, asking())) == "one two three"
    finally:
        await engine.stop()


async def test_who_leaves_frees_the_server_at_once() -> None:
    async with serving(token_s=0.02) as server, started(server.url) as engine:
        deltas = engine.chat(asking("word " * 2000), Progress())
        await anext(deltas)
        assert server.running == 1
        left = time.monotonic()
        await deltas.aclose()
        while server.running:
            await asyncio.sleep(0.005)
        assert time.monotonic() - left < FREED_S * 5


async def test_a_cancelled_task_frees_it_too() -> None:
    async with serving(token_s=0.02) as server, started(server.url) as engine:
        task = asyncio.create_task(answer(engine, asking("word " * 2000)))
        while not server.running:
            await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with asyncio.timeout(FREED_S * 5):
            while server.running:
                await asyncio.sleep(0.005)


async def test_connections_are_used_again() -> None:
    async with serving() as server, started(server.url) as engine:
        server.connections.clear()
        for _ in range(20):
            await answer(engine, asking())
        assert len(server.connections) <= 2


async def test_many_chats_at_once_do_not_mix() -> None:
    async with serving() as server, started(server.url) as engine:
        answers = await asyncio.gather(*(answer(engine, asking(f"chat {number}")) for number in range(64)))
    assert [said(deltas) for deltas in answers] == [f"chat {number}" for number in range(64)]


def beats(progress: Progress) -> int:
    return progress.read()[0]


async def test_a_chat_beats_while_its_server_lives_and_not_while_it_is_frozen() -> None:
    async with serving() as server, started(server.url) as engine:
        server.script = [2.0, event("a") + END]
        progress = Progress()
        task = asyncio.create_task(answer(engine, asking(), progress))
        await asyncio.sleep(0.9)
        alive = beats(progress)
        server.frozen.set()
        await asyncio.sleep(0.3)  # one that was under way may still be answered
        before = beats(progress)
        await asyncio.sleep(0.6)
        assert beats(progress) == before
        server.frozen.clear()
        assert said(await task) == "a"
    assert alive >= 3


async def until(desk: Desk, state: int) -> engine_pb2.EngineInfo:
    async with asyncio.timeout(10):
        while (info := desk.describe().engines[0]).state != state:
            await asyncio.sleep(0.01)
    return info


async def test_the_desk_shows_it_going_and_coming(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("svc_text.desk.WATCH_S", 0.05)
    async with serving() as server:
        url, port = server.url, int(server.url.rpartition(":")[2])
    desk = Desk(["openai"], EngineContext(openai=OpenaiPlace(url)))
    running = asyncio.create_task(desk.run())
    try:
        broken = await until(desk, engine_pb2.ENGINE_STATE_BROKEN)
        assert broken.reason.startswith(f"Cannot connect to vLLM server at {url}: ")
        async with serving(port=port):
            info = await until(desk, engine_pb2.ENGINE_STATE_READY)
            assert (info.model, info.version) == (MODEL, "vLLM 0.33.0")
            async with aclosing(desk.chat("openai", asking(), Progress())) as deltas:
                assert said([delta async for delta in deltas]) == "one two three"
        await until(desk, engine_pb2.ENGINE_STATE_BROKEN)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await desk.stop()
