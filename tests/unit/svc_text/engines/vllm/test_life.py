from __future__ import annotations

import asyncio
import os
import time

import pytest

from svc_text.engines.vllm import life
from svc_text.engines.vllm.life import ASLEEP, Life, load
from svc_text.engines.vllm.model import DEAD, OFFLOAD, Vllm
from troupe.wire.errors import EngineFailed
from troupe.wire.progress import Progress

WITHIN_S = 5.0


class Engine:
    """AsyncLLM, as far as its life goes."""

    def __init__(self) -> None:
        self.errored = False
        self.asleep = False
        self.slept = 0
        self.restless = self.unwakeable = False
        self.levels: list[int] = []

    async def sleep(self, level: int) -> None:
        self.slept += 1
        self.levels.append(level)
        if self.restless:
            raise Exception("Call to sleep method failed: no")  # noqa: TRY002  # as vLLM does
        self.asleep = True

    async def wake_up(self) -> None:
        if self.unwakeable:
            raise Exception("Call to wake_up method failed: no")  # noqa: TRY002  # as vLLM does
        self.asleep = False

    def shutdown(self) -> None:
        self.errored = True


class Model(Vllm):
    """The real one's turns between sleep and wake, over that engine."""

    def __init__(self) -> None:
        self.engine = Engine()


class Watched:
    """Processes, one of which is this one."""

    def __init__(self, bytes_each_look: int = 0) -> None:
        self.pids = (os.getpid(),)
        self.ended = self.guarded = False
        self.size = 0
        self.step = bytes_each_look

    def guard(self) -> None:
        self.guarded = True

    def resident(self) -> int:
        self.size += self.step
        return self.size

    async def end(self) -> None:
        self.ended = True


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(life, "LOOK_S", 0.01)
    monkeypatch.setattr(life, "LOADING_LOOK_S", 0.01)


async def until(true) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not true():
            await asyncio.sleep(0.005)


async def test_loading_tells_how_far_and_never_goes_back(quick) -> None:
    processes, told, model = Watched(30), [], Model()
    loaded = await load(
        lambda: time.sleep(0.2) or model, processes, 100, lambda part, why: told.append((part, why)), "m"
    )
    assert loaded is model
    assert processes.guarded
    parts = [part for part, _ in told]
    assert parts == sorted(parts)
    assert parts[-1] == pytest.approx(life.LOADED_PART)
    assert told[0][1].startswith("m, ")


async def test_what_breaks_while_it_loads_is_raised(quick) -> None:
    def broken():
        raise EngineFailed("no")

    with pytest.raises(EngineFailed, match="no"):
        await load(broken, Watched(), 0, lambda part, why: None, "m")


async def test_a_load_that_is_cancelled_ends_the_processes_and_waits_for_nothing(quick) -> None:
    processes = Watched()
    loading = asyncio.create_task(load(lambda: time.sleep(1) or Model(), processes, 0, lambda part, why: None, "m"))
    await until(lambda: processes.guarded)
    loading.cancel()
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await loading
    assert processes.ended
    assert time.monotonic() - began < 0.9


async def test_chats_beat_while_the_processes_compute(quick) -> None:
    it = Life(Model(), Watched(), 0, lambda why: None)
    progress = Progress()
    async with it.chat(progress):
        before = progress.read()[0]
        await until(lambda: progress.read()[0] > before + 2)  # this process computes
    await it.stop()


async def test_a_dead_engine_core_ends_the_service_and_its_chats(quick) -> None:
    model, told = Model(), []
    it = Life(model, Watched(), 0, told.append)
    model.engine.errored = True
    await until(lambda: told)
    assert told == [DEAD]
    with pytest.raises(EngineFailed):
        async with it.chat(Progress()):
            pytest.fail("there is nothing to talk to")
    await it.stop()


async def test_it_sleeps_while_nobody_asks_and_wakes_for_a_chat(quick) -> None:
    model = Model()
    it = Life(model, Watched(), 0.05, lambda why: None)
    await until(lambda: model.engine.asleep)
    async with it.chat(Progress()):
        assert not model.engine.asleep
        await asyncio.sleep(0.1)
        assert not model.engine.asleep
    await until(lambda: model.engine.asleep)
    assert model.engine.slept == 2
    await it.stop()


async def test_one_that_does_not_sleep_goes_on_and_is_asked_once(quick) -> None:
    model, told = Model(), []
    model.engine.restless = True
    it = Life(model, Watched(), 0.02, told.append)
    await until(lambda: model.engine.slept)
    await asyncio.sleep(0.1)
    assert model.engine.levels == [OFFLOAD]
    async with it.chat(Progress()):
        assert not model.engine.asleep
    model.engine.errored = True  # and it is watched as before
    await until(lambda: told)
    await it.stop()


@pytest.mark.parametrize("slow", [False, True])
async def test_one_that_does_not_wake_ends_the_service(quick, monkeypatch: pytest.MonkeyPatch, slow: bool) -> None:
    model, told = Model(), []
    it = Life(model, Watched(), 0.02, told.append)
    await until(lambda: model.engine.asleep)
    model.engine.unwakeable = not slow
    if slow:
        monkeypatch.setattr(life, "WAKE_S", 0.05)
        monkeypatch.setattr(model.engine, "wake_up", asyncio.Event().wait)
    with pytest.raises(EngineFailed, match="does not wake up"):
        async with it.chat(Progress()):
            pytest.fail("it is asleep")
    assert told[0] == ASLEEP
    await it.stop()


async def test_without_a_limit_it_never_sleeps(quick) -> None:
    model, processes = Model(), Watched()
    it = Life(model, processes, 0, lambda why: None)
    await asyncio.sleep(0.1)
    assert model.engine.slept == 0
    await it.stop()
    assert processes.ended
