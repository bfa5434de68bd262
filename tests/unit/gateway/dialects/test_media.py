import asyncio

import pytest

from gateway.dialects.errors import invalid
from gateway.dialects.media import MediaResponse, audio_codec, container, sample_rate
from gateway.dialects.replies import error_reply
from troupe.v1.media_pb2 import AUDIO_CODEC_MP3, CONTAINER_WEBM
from troupe.wire.errors import EngineFailed, InvalidArgument, Overloaded, Unauthenticated, UnsupportedFormat


def test_names_of_formats_are_forgiving_and_slips_are_named() -> None:
    assert audio_codec(" MP3 ") == AUDIO_CODEC_MP3
    assert container("WebM") == CONTAINER_WEBM
    with pytest.raises(UnsupportedFormat, match='Did you mean "flac"'):
        audio_codec("flacc")


def test_rates_that_are_made() -> None:
    assert [sample_rate(rate) for rate in (0, 8_000, 44_100)] == [0, 8_000, 44_100]
    with pytest.raises(InvalidArgument, match="44100"):
        sample_rate(44_101)


class Wire:
    def __init__(self) -> None:
        self.sent = []

    async def send(self, message) -> None:
        self.sent.append(message)

    @property
    def ended(self) -> bool:
        return self.sent[-1].get("more_body") is False


def answer(source, broken, closed) -> MediaResponse:
    async def on_close() -> None:
        closed.append(True)

    return MediaResponse(
        source, media_type="audio/mpeg", headers={"X-A": "b"}, on_broken=broken.append, on_close=on_close
    )


async def test_a_whole_answer_has_its_last_chunk_and_no_length() -> None:
    async def source():
        yield b"a"
        yield b"b"

    wire, broken, closed = Wire(), [], []
    response = answer(source(), broken, closed)
    await response({}, None, wire.send)
    assert b"".join(message.get("body", b"") for message in wire.sent) == b"ab"
    assert wire.ended
    names = {name for name, _ in wire.sent[0]["headers"]}
    assert (b"content-length" in names, b"x-a" in names) == (False, True)
    assert (broken, closed) == ([], [True])


async def test_a_broken_answer_has_no_last_chunk() -> None:
    async def source():
        yield b"a"
        raise EngineFailed("broke")

    wire, broken, closed = Wire(), [], []
    await answer(source(), broken, closed)({}, None, wire.send)
    assert not wire.ended
    assert isinstance(broken[0], EngineFailed)
    assert closed == [True]


async def test_a_cancelled_answer_is_closed_even_before_it_began() -> None:
    async def source():
        yield b"a"

    async def never(_message) -> None:
        await asyncio.Event().wait()

    closed = []
    task = asyncio.ensure_future(answer(source(), [], closed)({}, None, never))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closed == [True]


def test_errors_carry_their_status_and_when_to_come_back() -> None:
    busy = error_reply(Overloaded("full", retry_after_s=2.4), "req_1")
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "2")
    assert error_reply(Unauthenticated("no"), "req_1").headers["www-authenticate"] == "Bearer"


def test_a_problem_with_a_field_does_not_repeat_its_value() -> None:
    problem = {
        "type": "string_type",
        "loc": ("body", "text"),
        "msg": "Input should be a valid string",
        "input": "secret",
    }
    error = invalid([problem], ["text"])
    assert "text: Input should be a valid string" in error.message
    assert "secret" not in str(error.details) + error.message
    slip = {"type": "extra_forbidden", "loc": ("txet",), "msg": "x"}
    assert 'Did you mean "text"' in invalid([slip], ["text"]).message
