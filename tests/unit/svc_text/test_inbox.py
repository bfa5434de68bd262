from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from svc_text.extraction.page import MAX_PAGE_BYTES, PageSource
from svc_text.inbox import received
from troupe.v1 import text_pb2
from troupe.wire.errors import InvalidArgument, MediaTooLarge

SETTINGS = text_pb2.ExtractInput(
    settings=text_pb2.ExtractSettings(engine="extractive", url="https://acme.test/", content_type="text/html")
)


async def stream(*inputs: text_pb2.ExtractInput) -> AsyncIterator[text_pb2.ExtractInput]:
    for each in inputs:
        yield each


def piece(data: bytes) -> text_pb2.ExtractInput:
    return text_pb2.ExtractInput(page=data)


async def test_pieces_become_a_page() -> None:
    found = await received(stream(SETTINGS, piece(b"<p>"), piece(b"x")))
    assert found == ("extractive", PageSource(b"<p>x", "https://acme.test/", "text/html"))


@pytest.mark.parametrize("inputs", [(piece(b"x"),), (SETTINGS, SETTINGS), (text_pb2.ExtractInput(),)])
async def test_settings_come_once_and_first(inputs: tuple[text_pb2.ExtractInput, ...]) -> None:
    with pytest.raises(InvalidArgument, match="settings once and first"):
        await received(stream(*inputs))


async def test_too_many_bytes_are_refused_while_they_come() -> None:
    asked = 0

    async def endless() -> AsyncIterator[text_pb2.ExtractInput]:
        nonlocal asked
        yield SETTINGS
        while True:
            asked += 1
            yield piece(bytes(256 * 1024))

    with pytest.raises(MediaTooLarge) as caught:
        await received(endless())
    assert caught.value.details["max_bytes"] == str(MAX_PAGE_BYTES)
    assert asked == 9
