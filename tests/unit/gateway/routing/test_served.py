"""Answers that break after their first byte: where they go on, and what the caller sees of it."""

import asyncio
import logging

import pytest

from gateway.routing.chain import Chain
from gateway.routing.need import Modality, Need
from gateway.routing.rung import Policy
from troupe.wire.errors import (
    CannotConnect,
    DeadlineExceeded,
    InvalidArgument,
    NotSupported,
    Overloaded,
    StreamBroken,
    TroupeError,
)

NEED = Need(Modality.TTS)
CUT = StreamBroken("cut", lost="connection")


class Counting:
    """Continues 1 2 3 ... up to `to`: knows what the caller has, drops what comes twice."""

    def __init__(self, to: int, *, same_rung=False, why_not=None, features=frozenset()) -> None:
        self.to, self.same_rung, self.why_not, self.features = to, same_rung, why_not, features
        self.had = 0
        self.resumed = []

    def fit(self, message):
        if message == "header":
            return message if not self.had else None
        assert message == self.had + 1
        self.had = message
        return message

    def whole(self) -> bool:
        return self.had == self.to

    def resume(self, error):
        self.resumed.append(error)
        return self.why_not


async def all_of(served):
    return [message async for message in served]


async def test_an_answer_goes_on_on_another_replica_of_the_rung(rung, call) -> None:
    first, second = rung("first", ["header", 1, 2, CUT], ["header", 3, 4], replicas=2), rung("second", ["x"])
    counting = Counting(4)
    served = await Chain(Modality.TTS, [first, second]).run(NEED, call(continuation=counting))
    assert await all_of(served) == ["header", 1, 2, 3, 4]
    assert len(set(first.asked)) == 2
    assert not second.streams
    assert counting.resumed == [CUT]
    assert all(stream.closed for stream in first.streams[:1])


async def test_then_on_the_next_rung_and_that_is_told(rung, call, caplog) -> None:
    first, second = rung("first", [1, CUT]), rung("second", ["header", 2])
    with caplog.at_level(logging.WARNING):
        served = await Chain(Modality.TTS, [first, second]).run(NEED, call(continuation=Counting(2)))
        assert await all_of(served) == [1, 2]
    assert [each.name for each in served.rungs] == ["first", "second"]
    assert "Using fallback provider: second (first: cut)" in caplog.text


async def test_the_log_says_who_did_not_serve_and_nothing_of_what_was_asked(rung, call, caplog) -> None:
    """A server that refuses a request may quote it; one that broke says what the operator needs."""
    refusing, broken = rung("first", [InvalidArgument("bad input: 'a prompt'")]), rung("first", [CannotConnect("gone")])
    with caplog.at_level(logging.INFO):
        for only in (refusing, broken):
            with pytest.raises(TroupeError):
                await Chain(Modality.TTS, [only]).run(NEED, call())
    assert "a prompt" not in caplog.text
    assert "provider first did not serve: invalid_argument" in caplog.text
    assert "provider first did not serve: cannot_connect: gone" in caplog.text


async def test_a_replica_that_breaks_again_is_followed_by_another(rung, call) -> None:
    first = rung("first", [1, CUT], [CannotConnect("gone")], [2, CUT], [3], replicas=4, policy=Policy(30.0, attempts=4))
    served = await Chain(Modality.TTS, [first]).run(NEED, call(continuation=Counting(3)))
    assert await all_of(served) == [1, 2, 3]


async def test_an_answer_that_ends_before_its_end_is_broken_too(rung, call) -> None:
    first, second = rung("first", [1, 2]), rung("second", [3])
    served = await Chain(Modality.TTS, [first, second]).run(NEED, call(continuation=Counting(3)))
    assert await all_of(served) == [1, 2, 3]


async def test_what_breaks_after_its_end_is_whole(rung, call) -> None:
    first, second = rung("first", [1, 2, CUT]), rung("second", ["never"])
    served = await Chain(Modality.TTS, [first, second]).run(NEED, call(continuation=Counting(2)))
    assert await all_of(served) == [1, 2]
    assert not second.streams


async def test_what_cannot_be_continued_says_why(rung, call) -> None:
    first, second = rung("first", [1, CUT]), rung("second", [2])
    counting = Counting(2, why_not="An answer with tools cannot be continued.")
    served = await Chain(Modality.TTS, [first, second]).run(NEED, call(continuation=counting))
    assert await anext(served) == 1
    with pytest.raises(StreamBroken, match="cut An answer with tools"):
        await anext(served)
    assert not second.streams
    assert first.outcomes == [CUT]


async def test_only_the_same_rung_where_the_answer_needs_it(rung, call) -> None:
    first, second = rung("first", [1, CUT]), rung("second", [2])
    served = await Chain(Modality.TTS, [first, second]).run(NEED, call(continuation=Counting(2, same_rung=True)))
    assert await anext(served) == 1
    with pytest.raises(StreamBroken, match="Nobody could go on"):
        await anext(served)
    assert not second.streams


async def test_only_rungs_that_can_continue(rung, call, ready_info) -> None:
    first = rung("first", [1, CUT])
    unable = rung("unable", ["never"], info=ready_info("unable"))
    able = rung("able", [2], info=ready_info("able", features=["continue"]))
    counting = Counting(2, features=frozenset({"continue"}))
    served = await Chain(Modality.TTS, [first, unable, able]).run(NEED, call(continuation=counting))
    assert await all_of(served) == [1, 2]
    assert not unable.streams


async def test_the_callers_own_fault_is_not_continued(rung, call) -> None:
    first, second = rung("first", [1, NotSupported("no such thing")]), rung("second", [2])
    counting = Counting(2)
    served = await Chain(Modality.TTS, [first, second]).run(NEED, call(continuation=counting))
    assert await anext(served) == 1
    served.abort(NotSupported("cancelled"))
    with pytest.raises(NotSupported, match="cancelled"):
        await anext(served)
    assert not counting.resumed


@pytest.mark.parametrize(
    ("continuation", "code"),
    [(None, "cannot_connect"), (Counting(3, why_not="Not this one."), "stream_broken"), (Counting(3), "stream_broken")],
)
async def test_an_answer_that_nobody_goes_on_with_stands_in_the_log(rung, call, caplog, continuation, code) -> None:
    first = rung("first", [1, CannotConnect("gone")], [CannotConnect("still gone")])
    served = await Chain(Modality.TTS, [first]).run(NEED, call(continuation=continuation, request_id="req_1"))
    with caplog.at_level(logging.WARNING), pytest.raises((CannotConnect, StreamBroken)):
        await all_of(served)
    (line,) = (record.message for record in caplog.records)
    assert line.startswith(f"the answer of first broke off: {code}: gone")
    assert line.endswith("req_1")


async def test_a_break_that_is_the_callers_own_is_no_news(rung, call, caplog) -> None:
    first = rung("first", [1, CUT])
    served = await Chain(Modality.TTS, [first]).run(NEED, call())
    assert await anext(served) == 1
    served.abort(NotSupported("cancelled"))
    with caplog.at_level(logging.WARNING), pytest.raises(NotSupported):
        await anext(served)
    assert not caplog.records


async def test_abort_while_it_looks_for_another_ends_it(rung, call) -> None:
    reached = asyncio.Event()

    async def hang():
        reached.set()
        await asyncio.sleep(60)

    first, second = rung("first", [1, CUT]), rung("second", [hang])
    served = await Chain(Modality.TTS, [first, second]).run(NEED, call(continuation=Counting(2)))
    assert await anext(served) == 1
    reading = asyncio.ensure_future(anext(served))
    await reached.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await served.aclose()
    assert second.streams[0].closed
    assert second.pool.view("second")[0].outstanding == 0


async def test_no_first_byte_in_time_is_a_failure(rung, call) -> None:
    async def hang():
        await asyncio.sleep(60)

    slow, second = rung("slow", [hang], policy=Policy(30.0, first_s=0.05)), rung("second", ["x"])
    served = await Chain(Modality.TTS, [slow, second]).run(NEED, call())
    assert served.rung is second
    assert isinstance(slow.outcomes[0], DeadlineExceeded)


async def test_a_callers_short_deadline_is_no_rungs_fault(rung, call) -> None:
    async def hang():
        await asyncio.sleep(60)

    slow = rung("slow", [hang])
    with pytest.raises(DeadlineExceeded):
        await Chain(Modality.TTS, [slow]).run(NEED, call(seconds=0.05))
    assert slow.pool.view("slow")[0].failures == 0


async def test_a_short_call_is_asked_twice_where_the_first_is_slow(rung, call) -> None:
    async def hang():
        await asyncio.sleep(60)

    first = rung("first", [hang], ["quick"], replicas=2, policy=Policy(30.0, hedge_s=0.05))
    served = await Chain(Modality.TTS, [first]).run(NEED, call(hedged=True))
    assert await all_of(served) == ["quick"]
    assert len(set(first.asked)) == 2
    assert all(view.outstanding == 0 for view in first.pool.view("first"))


async def test_a_full_queue_falls_through_and_at_the_end_says_when_to_come_back(rung, call) -> None:
    class Full:
        def enter(self, _priority, *, begun=False):
            raise Overloaded("full", retry_after_s=2)

    full, second = rung("full", ["x"]), rung("second", ["y"])
    full.gate = Full()
    served = await Chain(Modality.TTS, [full, second]).run(NEED, call())
    assert served.rung is second
    with pytest.raises(Overloaded) as caught:
        await Chain(Modality.TTS, [full]).run(NEED, call())
    assert caught.value.retry_after_s == 2
