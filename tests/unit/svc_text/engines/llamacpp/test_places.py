from __future__ import annotations

import asyncio

import pytest

from svc_text.engines.llamacpp.places import Places
from troupe.wire.progress import Progress


async def hold(places: Places, count: int, name: str, log: list[str], until: asyncio.Event) -> None:
    async with places.taken(count, Progress()):
        log.append(name)
        await until.wait()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_asked_first_is_served_first_and_none_overtakes() -> None:
    places, log, first, rest = Places(3), [], asyncio.Event(), asyncio.Event()
    holding = [asyncio.create_task(hold(places, 2, "a", log, first))]
    holding += [asyncio.create_task(hold(places, count, name, log, rest)) for count, name in ((3, "b"), (1, "c"))]
    await settle()
    assert log == ["a"]  # c would fit, and waits behind b
    first.set()
    await settle()
    assert log == ["a", "b"]
    rest.set()
    await asyncio.gather(*holding)
    assert (log, places.free) == (["a", "b", "c"], 3)


async def test_who_leaves_the_queue_gives_way() -> None:
    places, log, end = Places(1), [], asyncio.Event()
    first, second, third = (asyncio.create_task(hold(places, 1, name, log, end)) for name in "abc")
    await settle()
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    end.set()
    await asyncio.gather(first, third)
    assert (log, places.free) == (["a", "c"], 1)


async def test_a_place_given_to_one_who_just_left_comes_back() -> None:
    places, log, first, never = Places(1), [], asyncio.Event(), asyncio.Event()
    holding = asyncio.create_task(hold(places, 1, "a", log, first))
    waiting = asyncio.create_task(hold(places, 1, "b", log, never))
    await settle()
    places._give(1)  # b's turn comes …
    waiting.cancel()  # … and b leaves in the same step
    with pytest.raises(asyncio.CancelledError):
        await waiting
    first.set()
    await holding
    assert log == ["a"]
    assert places.free == 2  # one was given beside


async def test_waiting_is_told() -> None:
    places, progress, end = Places(1), Progress(), asyncio.Event()
    holding = asyncio.create_task(hold(places, 1, "a", [], end))
    await settle()

    async def wait() -> None:
        async with places.taken(1, progress):
            pass

    waiting = asyncio.create_task(wait())
    await settle()
    assert progress.read()[1:3] == (True, "queue")
    end.set()
    await asyncio.gather(holding, waiting)
    assert progress.read()[1] is False
