from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from svc_tts.audio.decode import MAX_FILE_BYTES
from svc_tts.server import _whole, hearing_out
from troupe.wire.errors import BodyTooLarge, EmptyText


async def numbers(seen: list[int], count: int, delay_s: float = 0.0) -> AsyncIterator[int]:
    for number in range(count):
        await asyncio.sleep(delay_s)
        seen.append(number)
        yield number


async def test_a_refused_caller_is_heard_out() -> None:
    seen: list[int] = []
    inputs = numbers(seen, 5)
    assert await anext(inputs) == 0
    with pytest.raises(EmptyText):
        async with hearing_out(inputs):
            raise EmptyText("nothing")
    assert seen == [0, 1, 2, 3, 4]


async def test_but_not_for_long() -> None:
    started = time.monotonic()
    with pytest.raises(EmptyText):
        async with hearing_out(numbers([], 10_000, 0.01)):
            raise EmptyText("nothing")
    assert time.monotonic() - started < 2.0


async def test_who_is_not_refused_is_not_read_further() -> None:
    seen: list[int] = []
    async with hearing_out(numbers(seen, 5)):
        pass
    assert seen == []


async def test_a_file_that_is_too_large_is_refused_as_soon_as_it_is() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1 << 20
            yield bytes(1 << 20)

    with pytest.raises(BodyTooLarge, match="20 MiB"):
        await _whole(endless())
    assert sent == MAX_FILE_BYTES + (1 << 20)
