from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from svc_text.desk import Desk
from svc_text.engine import Chat, Delta, EngineFacts, Turn
from svc_text.engines.echo import EchoEngine
from svc_text.extraction.page import Page, PageSource
from troupe.v1 import engine_pb2
from troupe.wire.errors import CheckpointNotFound, EngineFailed, EngineMissing, NotSupported, Overloaded
from troupe.wire.progress import Progress

HELLO = Chat(turns=(Turn("user", "hello"),))


class Weightless:
    """An engine whose weights are not there, with room for no chat at all."""

    facts = EngineFacts("w", "1", "cpu", "none", commercial_use=False, max_concurrency=0)

    async def start(self, loading: Callable[[float, str], None]) -> None:
        loading(0.4, "weights")
        raise CheckpointNotFound("The model is not there", remedy="make model NAME=w")

    async def chat(self, chat: Chat, progress: Progress) -> AsyncIterator[Delta]:
        yield Delta(text="never", tokens=1)

    def count(self, chat: Chat) -> int:
        return 0

    async def stop(self) -> None:
        return None


async def test_an_engine_is_ready_once_it_made_a_token() -> None:
    desk = Desk(["echo"])
    with pytest.raises(EngineMissing, match="loading"):
        desk.engine("echo")
    await desk.load()
    assert desk.engine("")[0] == "echo"
    info = desk.describe().engines[0]
    assert (info.state, info.name, info.licence.commercial_use) == (engine_pb2.ENGINE_STATE_READY, "echo", True)


async def test_missing_weights_are_told_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("svc_text.desk.make", lambda name, context: Weightless())
    desk = Desk(["weightless"])
    await desk.load()
    info = desk.describe().engines[0]
    assert (info.state, info.remedy) == (engine_pb2.ENGINE_STATE_MISSING, "make model NAME=w")
    with pytest.raises(EngineMissing, match="make model NAME=w"):
        desk.engine("weightless")
    with pytest.raises(Overloaded):
        await anext(desk.chat("weightless", HELLO, Progress()))


class Defective(Weightless):
    """An engine with a defect of its own."""

    async def start(self, loading: Callable[[float, str], None]) -> None:
        loading(0.4, "weights")
        raise ValueError("no such key")


async def test_an_engine_with_a_defect_is_told_as_broken(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("svc_text.desk.make", lambda name, context: EchoEngine() if name == "echo" else Defective())
    desk = Desk(["defective", "echo"])
    await desk.load()
    broken, echo = desk.describe().engines
    assert (broken.state, echo.state) == (engine_pb2.ENGINE_STATE_BROKEN, engine_pb2.ENGINE_STATE_READY)
    assert "ValueError while it started" in broken.reason
    assert "no such key" in caplog.text
    with pytest.raises(EngineFailed, match="defective is broken: ValueError"):
        desk.engine("defective")


async def test_leaving_gives_the_place_back() -> None:
    desk = Desk(["echo"])
    await desk.load()
    deltas = desk.chat("echo", HELLO, Progress())
    await anext(deltas)
    assert desk.running == 1
    await deltas.aclose()
    assert desk.running == 0


class Reading(Weightless):
    """An engine that reads pages and does nothing else."""

    async def start(self, loading: Callable[[float, str], None]) -> None:
        return None

    async def chat(self, chat: Chat, progress: Progress) -> AsyncIterator[Delta]:
        yield Delta(text="x", tokens=1)

    async def extract(self, source: PageSource) -> Page:
        return Page(text=source.data.decode())


async def test_pages_are_read_by_the_first_engine_that_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("svc_text.desk.make", lambda name, context: Reading() if name == "reading" else EchoEngine())
    desk = Desk(["echo", "reading"])
    desk.engines["reading"].facts = EngineFacts("r", "1", "cpu", "none", commercial_use=False)
    await desk.load()
    assert (await desk.extract("", PageSource(b"x"))).text == "x"
    assert desk.running == 0
    with pytest.raises(NotSupported, match="Name one that does: reading"):
        await desk.extract("echo", PageSource(b"x"))


async def test_without_one_it_says_which_to_add() -> None:
    desk = Desk(["echo"])
    await desk.load()
    for name in ("", "echo"):
        with pytest.raises(NotSupported, match="extractive"):
            await desk.extract(name, PageSource(b"x"))
