from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from svc_tts.engines.xtts.orders import Line, Load
from svc_tts.engines.xtts.packets import Packet
from svc_tts.engines.xtts.process import Process
from troupe.wire.errors import EngineFailed, EngineMissing, Overloaded

STANDIN = Path(__file__).parents[5] / "tests/fakes/xtts_standin.py"
LOAD = Load("models/xtts", "auto", "fp32", 0)
PATIENCE_S = 20.0


@asynccontextmanager
async def running(what: str = "works", deadline_s: float = 5.0) -> AsyncIterator[Process]:
    command = (sys.executable, str(STANDIN), what)
    process = await Process.start(LOAD, lambda _: None, deadline_s, command)
    try:
        yield process
    finally:
        await process.end()


async def speak(process: Process, text: str) -> list[Packet]:
    message = Line(text, "en", "Damien Black").message()
    async with asyncio.timeout(PATIENCE_S):
        return [packet async for packet in process.ask("speak", message) if packet is not None]


async def test_it_tells_how_far_it_is_and_what_it_has() -> None:
    heard: list[float] = []
    process = await Process.start(LOAD, heard.append, 5.0, (sys.executable, str(STANDIN), "works"))
    try:
        assert heard == [0.2, 0.6, 1.0]
        assert process.hello["speakers"] == ["Claribel Dervla", "Damien Black", "Somebody New"]
    finally:
        await process.end()
    assert not psutil.pid_exists(process.pid)


async def test_many_speak_at_once_and_each_hears_its_own() -> None:
    async with running() as process:
        texts = ["x" * (60 + 10 * number) for number in range(12)]
        answers = await asyncio.gather(*(speak(process, text) for text in texts))
        assert process.asked == 0
    for text, packets in zip(texts, answers, strict=True):
        assert sum(len(packet.sound) for packet in packets) == 2 * 1114 * (len(text))
        assert packets[-1].message["done"] == {"codes": len(text), "found": {}}


async def test_who_leaves_frees_the_slot_within_200_ms() -> None:
    async with running() as process:
        leaving = [process.ask("speak", Line("x" * 3_000, "en", "Damien Black").message()) for _ in range(4)]
        for packets in leaving:
            await anext(packets)
        started = time.monotonic()
        for packets in leaving:
            await packets.aclose()
        await speak(process, "x" * 40)  # all four slots were taken
        assert time.monotonic() - started < 5 * 0.2
        assert process.asked == 0


async def test_a_killed_process_fails_all_it_was_making() -> None:
    async with running() as process:
        asks = [asyncio.create_task(speak(process, "x" * 3_000)) for _ in range(3)]
        while process.asked < 3:
            await asyncio.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        for ask in asks:
            with pytest.raises(EngineFailed, match="was ended by signal 9"):
                await ask
        assert not process.alive
        with pytest.raises(EngineFailed, match="signal 9"):
            await speak(process, "more")


async def test_a_fault_of_the_device_is_told_in_its_own_words() -> None:
    async with running() as process:
        with pytest.raises(EngineFailed, match=r"ended with status 1 \(RuntimeError: CUDA error: an illegal memory"):
            await speak(process, "crash")


async def test_one_that_hangs_is_ended() -> None:
    async with running(deadline_s=0.5) as process:
        with pytest.raises(EngineFailed, match="gave nothing for"):
            await speak(process, "hang")
        assert not process.alive


async def test_one_that_is_frozen_is_ended_and_says_nothing_meanwhile() -> None:
    async with running(deadline_s=1.5) as process:
        os.kill(process.pid, signal.SIGSTOP)
        message = Line("x" * 50, "en", "Damien Black").message()
        beats = 0

        async def listen() -> None:
            nonlocal beats
            async for packet in process.ask("speak", message):
                beats += packet is None

        with pytest.raises(EngineFailed, match="gave nothing for"):
            await listen()
        assert beats <= 3


async def test_without_memory_all_are_refused_and_it_lives_on() -> None:
    async with running() as process:
        with pytest.raises(Overloaded, match="out of memory"):
            await speak(process, "memory")
        assert (await speak(process, "x" * 30))[-1].message["done"]["codes"] == 30


async def test_what_is_missing_is_said_with_its_remedy() -> None:
    with pytest.raises(EngineMissing, match=r"3\.0 GiB") as caught:
        async with running("missing"):
            pass
    assert caught.value.details["remedy"] == "more memory"


async def test_one_that_dies_while_it_loads_is_told_with_its_last_words() -> None:
    with pytest.raises(EngineFailed, match=r"ended with status 1 \(no driver\)"):
        async with running("dies"):
            pass


def test_it_dies_with_who_started_it() -> None:
    script = f"""
import asyncio, os, sys
from svc_tts.engines.xtts.orders import Load
from svc_tts.engines.xtts.process import Process

async def main():
    load = Load("models/xtts", "auto", "fp32", 0)
    process = await Process.start(load, lambda _: None, 5.0, (sys.executable, {str(STANDIN)!r}, "works"))
    print(process.pid, flush=True)
    os.kill(os.getpid(), 9)

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    pid = int(done.stdout)
    deadline = time.monotonic() + 5
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not psutil.pid_exists(pid)
