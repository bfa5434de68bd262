from __future__ import annotations

import asyncio

import pytest

from svc_text.embedding import together
from troupe.wire.errors import EngineFailed


async def given(value: int, after_s: float = 0.0) -> int:
    await asyncio.sleep(after_s)
    return value


async def test_all_at_once_and_in_their_order() -> None:
    assert await together(given(number, 0.05 - number / 100) for number in range(5)) == [0, 1, 2, 3, 4]
    assert await together([]) == []


async def test_one_that_fails_ends_the_others() -> None:
    ended = asyncio.Event()

    async def slow() -> int:
        try:
            return await given(1, 60)
        finally:
            ended.set()

    async def broken() -> int:
        await given(0)
        raise EngineFailed("it broke")

    with pytest.raises(EngineFailed, match="it broke"):
        await together([slow(), broken()])
    assert ended.is_set()


async def test_who_leaves_ends_them_all() -> None:
    ended = []

    async def slow(number: int) -> None:
        try:
            await given(number, 60)
        finally:
            ended.append(number)

    waiting = asyncio.create_task(together(slow(number) for number in range(3)))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert sorted(ended) == [0, 1, 2]
