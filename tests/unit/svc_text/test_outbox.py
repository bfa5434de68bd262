from __future__ import annotations

import asyncio

from svc_text.outbox import FRAME_BYTES, LARGEST_EVENT_BYTES, MOST_FRAMES, Outbox
from troupe.wire.channels import MESSAGE_BYTES


def put(outbox: Outbox, chat_id: int, text: str) -> None:
    outbox.event(chat_id, len(text)).delta.content = text


async def test_what_is_put_in_between_two_takes_travels_together_in_order() -> None:
    outbox = Outbox()
    assert outbox.take() == []
    put(outbox, 1, "a")
    put(outbox, 2, "b")
    put(outbox, 1, "c")
    assert outbox.bell.is_set()
    (frame,) = outbox.take()
    assert [(event.id, event.delta.content) for event in frame.events] == [(1, "a"), (2, "b"), (1, "c")]
    assert outbox.take() == []
    put(outbox, 3, "d")
    (frame,) = outbox.take()
    assert [event.id for event in frame.events] == [3]


async def test_the_bell_rings_for_the_first_event_of_each_frame() -> None:
    outbox = Outbox()
    for _ in range(2):
        outbox.bell.clear()
        put(outbox, 1, "a")
        assert outbox.bell.is_set()
        outbox.take()


async def test_no_frame_is_larger_than_a_message_may_be() -> None:
    outbox = Outbox()
    quarter, astral = "x" * (FRAME_BYTES // 4), "\N{GRINNING FACE}" * 4000  # four bytes each
    for chat_id in range(400):
        put(outbox, chat_id, astral)
    put(outbox, 1000, "y" * LARGEST_EVENT_BYTES)
    put(outbox, 1001, quarter)
    frames = outbox.take()
    assert max(frame.ByteSize() for frame in frames) <= MESSAGE_BYTES
    assert [event.id for frame in frames for event in frame.events] == [*range(400), 1000, 1001]


async def test_it_has_no_room_while_nobody_takes() -> None:
    outbox = Outbox()
    assert not outbox.crowded
    for _ in range(MOST_FRAMES + 1):
        put(outbox, 1, "x" * FRAME_BYTES)
    assert outbox.crowded
    waiting = asyncio.create_task(outbox.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    outbox.take()
    await asyncio.wait_for(waiting, 1)


async def test_a_farewell_is_sent_by_itself_too() -> None:
    outbox = Outbox()
    outbox.farewell()
    assert outbox.bell.is_set()
    assert outbox.take()[0].HasField("going_away")
