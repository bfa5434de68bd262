from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from tests.fakes.piper_voice import IDS, random_vits, write

from svc_tts.engines.child import ChildDied
from svc_tts.engines.piper.crew import Crew, Order
from svc_tts.engines.piper.shelf import Shelf
from svc_tts.engines.piper.voice import Scales
from troupe.wire.errors import CheckpointBroken

RATE = 22_050
SCALES = Scales(0.0, 1.0, 0.8)
ROW = [each for symbol in "^_a_b_$" for each in IDS[symbol]]


@asynccontextmanager
async def crew(size: int = 1, held: int = 4, deadline_s: float = 2.0) -> AsyncIterator[Crew]:
    working = Crew(size, held, 1, RATE, deadline_s)
    try:
        yield working
    finally:
        await working.close()


def order(folder: Path, name: str = "en_US-toy-medium", ids: list[int] = ROW, graph: bytes | None = None) -> Order:
    if not (folder / f"{name}.onnx").exists():
        write(folder, name, graph)
    shelf = Shelf(folder)
    shelf.look()
    chosen = shelf.find(name)
    assert chosen is not None
    return Order(chosen, ids, SCALES)


async def test_sound_and_frames_come_back(tmp_path: Path) -> None:
    async with crew() as working:
        take = await working.perform(order(tmp_path))
        assert take.frames == [1, 1, 6, 1, 6, 1, 1]
        assert len(take.pcm) == 2 * 256 * sum(take.frames)
        assert await working.perform(order(tmp_path, ids=[])) == type(take)(b"", ())


async def test_a_process_that_has_the_voice_is_preferred_and_a_full_one_forgets(tmp_path: Path) -> None:
    async with crew(size=2, held=4) as working:
        await working.pool.fill()
        names = ["en_US-a-low", "en_US-b-low", "en_US-c-low", "en_US-d-low", "en_US-e-low"]
        for name in [*names[:4], names[0], names[4]]:
            await working.perform(order(tmp_path, name))
        held = [set(map(os.path.basename, working._loaded[child])) for child in working.pool.children]
    assert sorted(map(len, held)) == [2, 2]
    assert not held[0] & held[1]
    assert "en_US-e-low.onnx" in held[0] | held[1]


async def test_a_changed_file_is_loaded_anew(tmp_path: Path) -> None:
    async with crew() as working:
        before = await working.perform(order(tmp_path))
        write(tmp_path, "en_US-toy-medium", random_vits())
        assert (await working.perform(order(tmp_path))).pcm != before.pcm


async def test_killed_processes_fail_nobody(tmp_path: Path) -> None:
    async with crew(size=2) as working:
        await working.pool.fill()
        for child in working.pool.children:
            os.kill(child.pid, signal.SIGKILL)
        assert (await working.perform(order(tmp_path))).pcm


async def test_a_voice_that_breaks_its_process_twice_is_to_blame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("svc_tts.engines.piper.crew._WORKER", "tests.fakes.failing_worker")
    async with crew() as working:
        with pytest.raises(CheckpointBroken, match=r"en_US-crash-low\.onnx ended the process that ran it, 2 times"):
            await working.perform(order(tmp_path, "en_US-crash-low"))
        assert (await working.perform(order(tmp_path))).pcm


async def test_one_that_hangs_is_ended_and_one_that_works_beats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("svc_tts.engines.piper.crew._WORKER", "tests.fakes.failing_worker")
    async with crew(deadline_s=0.3) as working:
        with pytest.raises(ChildDied):
            await working.perform(order(tmp_path, "en_US-hang-low"))
        beats: list[None] = []
        task = asyncio.create_task(working.perform(order(tmp_path, "en_US-busy-low"), lambda: beats.append(None)))
        async with asyncio.timeout(10):
            while len(beats) < 5:
                await asyncio.sleep(0.05)
        assert not task.done()
        task.cancel()


async def test_a_cancelled_order_frees_its_process_and_leaves_it_whole(tmp_path: Path) -> None:
    heavy = order(tmp_path, "en_US-heavy-high", ROW[:2] + [IDS["a"][0]] * 1_500, random_vits(256))
    async with crew() as working:
        await working.perform(Order(heavy.chosen, (), SCALES))
        (child,) = working.pool.children
        task = asyncio.create_task(working.perform(heavy))
        await asyncio.sleep(0.3)
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        began = time.monotonic()
        assert (await working.perform(Order(heavy.chosen, ROW, SCALES))).pcm
        assert time.monotonic() - began < 2.0  # alone it takes 0.1; the whole row 4 s
        assert working.pool.children == (child,)
        (left,) = working.pool.children
    assert not psutil.pid_exists(left.pid)


async def test_check_replaces_what_is_frozen(tmp_path: Path) -> None:
    async with crew(deadline_s=0.3) as working:
        await working.check()
        (child,) = working.pool.children
        os.kill(child.pid, signal.SIGSTOP)
        await working.check()
        assert working.pool.children != (child,)
        assert (await working.perform(order(tmp_path))).pcm


async def test_check_waits_for_none_that_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("svc_tts.engines.piper.crew._WORKER", "tests.fakes.failing_worker")
    async with crew(size=2, deadline_s=0.3) as working:
        await working.pool.fill()
        task = asyncio.create_task(working.perform(order(tmp_path, "en_US-busy-low")))
        while working.pool.idle == 2:
            await asyncio.sleep(0.01)
        before = working.pool.children
        await working.check()
        assert working.pool.children == before
        assert not task.done()
        task.cancel()
