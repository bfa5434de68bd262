from __future__ import annotations

import asyncio
import sys
from types import SimpleNamespace

import pytest

from svc_text.engines.vllm import follower
from svc_text.engines.vllm.follower import Follower
from troupe.wire.errors import InvalidArgument

HEAD = "127.0.0.1"
WITHIN_S = 10.0
SLEEPER = "import time; time.sleep(60)"


@pytest.fixture
async def machine_0():
    """Where all machines meet."""
    server = await asyncio.start_server(lambda reader, writer: writer.close(), HEAD, 0)
    yield server
    server.close()


@pytest.fixture
async def following(machine_0, monkeypatch: pytest.MonkeyPatch):
    """A function that starts a follower whose workers are that program; it ends with the test."""
    monkeypatch.setattr(follower, "LOOK_S", 0.02)
    head = (HEAD, machine_0.sockets[0].getsockname()[1])
    made = []

    async def follow(program: str, end) -> Follower:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
        made.append(Follower(process, head, end))
        return made[-1]

    yield follow
    for each in made:
        await each.stop()


async def until(true) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not true():
            await asyncio.sleep(0.005)


async def test_workers_that_end_end_the_service(following) -> None:
    told: list[str] = []
    await following("raise SystemExit(7)", told.append)
    await until(lambda: told)
    assert "ended with status 7" in told[0]


async def test_a_machine_0_that_is_gone_ends_it_too(following, machine_0) -> None:
    told: list[str] = []
    await following(SLEEPER, told.append)
    await asyncio.sleep(0.2)
    assert told == []
    machine_0.close()
    await until(lambda: told)
    assert f"Machine 0 at {HEAD} computes no more" in told[0]


async def test_one_that_is_not_there_yet_is_waited_for(following, machine_0) -> None:
    machine_0.close()
    await machine_0.wait_closed()
    told: list[str] = []
    await following(SLEEPER, told.append)
    await asyncio.sleep(0.3)
    assert told == []


async def test_its_end_ends_the_workers(following) -> None:
    told: list[str] = []
    it = await following(SLEEPER, told.append)
    await it.stop()
    assert it._process.returncode is not None
    assert told == []


async def test_words_are_judged_before_anything_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(words):
        raise InvalidArgument("no")

    monkeypatch.setattr(follower, "arguments", SimpleNamespace(parsed=refuse))
    with pytest.raises(InvalidArgument):
        await Follower.start(["--no"], lambda why: None)
