from __future__ import annotations

import asyncio
import os
import socket

import pytest

from troupe.wire.errors import PortTaken
from troupe.wire.ports import claim


def test_a_taken_port_names_the_port_its_holder_and_the_setting() -> None:
    first = claim("127.0.0.1", 0, "A_PORT")
    port = first.getsockname()[1]
    try:
        with pytest.raises(PortTaken) as caught:
            claim("127.0.0.1", port, "B_PORT")
    finally:
        first.close()
    assert str(port) in caught.value.message
    assert f"process {os.getpid()}" in caught.value.message
    assert "B_PORT" in caught.value.message


def test_a_port_is_free_again_once_closed() -> None:
    first = claim("127.0.0.1", 0, "A_PORT")
    port = first.getsockname()[1]
    first.close()
    claim("127.0.0.1", port, "A_PORT").close()


def test_an_address_of_another_machine_is_an_error_with_the_setting() -> None:
    with pytest.raises(PortTaken, match="Change A_PORT"):
        claim("192.0.2.1", 0, "A_PORT")


async def test_small_answers_are_not_held_back() -> None:
    """Nagle's algorithm and a late acknowledgement cost 40 ms together."""
    told: list[int] = []

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted = writer.get_extra_info("socket")
        told.append(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    bound = claim("127.0.0.1", 0, "A_PORT")
    async with await asyncio.start_server(answer, sock=bound):
        reader, writer = await asyncio.open_connection(*bound.getsockname())
        await reader.read()
        writer.close()
        await writer.wait_closed()
    assert told
    assert all(told)
