from __future__ import annotations

import asyncio
import io

import pytest

from svc_tts.engines.xtts.packets import Packet, read, receive


async def received(data: bytes) -> Packet:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return await receive(reader)


async def test_what_is_packed_comes_out_on_both_ways() -> None:
    packet = Packet({"number": 3, "text": "öl"}, b"\0\1\2")
    assert await received(packet.packed()) == packet
    assert read(io.BytesIO(packet.packed())) == packet


def test_an_end_is_none_wherever_it_comes() -> None:
    packed = Packet({"number": 3}, b"sound").packed()
    assert [read(io.BytesIO(packed[:size])) for size in range(len(packed))] == [None] * len(packed)


async def test_what_is_no_frame_of_ours_is_not_read() -> None:
    with pytest.raises(ValueError, match="none is larger"):
        await received(b"Traceback (most recent call last)")
    with pytest.raises(ValueError, match="none is larger"):
        read(io.BytesIO(b"Traceback (most recent call last)"))
