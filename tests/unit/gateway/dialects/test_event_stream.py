from __future__ import annotations

import asyncio

from gateway.dialects import event_stream
from gateway.dialects.event_stream import event, kept_open


def test_an_event_is_two_lines_and_an_empty_one() -> None:
    assert event("note", {"text": "a\nb"}) == b'event: note\ndata: {"text":"a\\nb"}\n\n'


async def test_a_silent_stream_is_kept_open_and_its_source_closed(monkeypatch) -> None:
    monkeypatch.setattr(event_stream, "KEEP_ALIVE_S", 0.02)
    closed = []

    async def events():
        try:
            yield b"one"
            await asyncio.sleep(0.1)
            yield b"two"
            await asyncio.sleep(30)
        finally:
            closed.append(True)

    stream = kept_open(events())
    said = [await anext(stream)]
    while said[-1] != b"two":
        said.append(await anext(stream))
    assert (said[0], said[-1], set(said[1:-1])) == (b"one", b"two", {b": still here\n\n"})
    await stream.aclose()
    assert closed == [True]
