from __future__ import annotations

import pytest

from svc_text.engines.openai.stream import LONGEST_EVENT, Events
from troupe.wire.errors import EngineFailed

WHOLE = b'data: {"a": 1}\n\ndata: {"a": "\xe7\x81\xaf"}\n\ndata: [DONE]\n\n'


def fed(*pieces: bytes) -> tuple[list[dict[str, object]], Events]:
    events = Events("S")
    return [event for piece in pieces for event in events.feed(piece)], events


@pytest.mark.parametrize("size", [1, 2, 3, 7, len(WHOLE)])
def test_events_are_whole_wherever_the_bytes_are_cut(size: int) -> None:
    pieces = [WHOLE[start : start + size] for start in range(0, len(WHOLE), size)]
    events, state = fed(*pieces)
    assert events == [{"a": 1}, {"a": "灯"}]
    assert state.done


def test_lines_may_end_as_in_http_and_hold_more_than_data() -> None:
    events, state = fed(b': ping\r\nevent: message\r\nid: 7\r\ndata:{"a":1}\r\n\r\n')
    assert events == [{"a": 1}]
    assert not state.done


def test_nothing_counts_after_the_end() -> None:
    assert fed(b'data: [DONE]\n\ndata: {"a": 1}\n\n')[0] == []


@pytest.mark.parametrize("line", [b'error: {"message": "x"}', b'{"error": {"message": "x"}}'])
def test_an_error_in_the_middle_is_an_event(line: bytes) -> None:
    assert fed(line + b"\n")[0] == [{"error": {"message": "x"}}]


@pytest.mark.parametrize("line", [b"data: {", b"data: <html>", b"data: [1]", b"data: 5", b"data: " + b"[" * 100_000])
def test_rubbish_is_told_as_such(line: bytes) -> None:
    with pytest.raises(EngineFailed, match="S sent"):
        fed(line + b"\n")


def test_an_event_without_end_is_not_waited_for() -> None:
    with pytest.raises(EngineFailed, match="more than"):
        fed(b"data: " + b"x" * LONGEST_EVENT)
