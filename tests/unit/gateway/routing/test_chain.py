import logging

import pytest

from gateway.routing.chain import Chain
from gateway.routing.need import Modality, Need
from gateway.routing.observer import Nobody
from gateway.routing.verdict import Verdict
from troupe.v1.engine_pb2 import EngineInfo
from troupe.wire.errors import (
    AllRungsFailed,
    CannotConnect,
    DeadlineExceeded,
    EngineFailed,
    NoFace,
    NoRungCanServe,
    StreamBroken,
    UnknownProvider,
    UnsupportedFormat,
)

NEED = Need(Modality.TTS)


class Seen(Nobody):
    """Writes fallbacks down."""

    def __init__(self) -> None:
        self.fallbacks = []

    def fell_back(self, fallback) -> None:
        self.fallbacks.append(fallback)


async def all_of(served):
    return [message async for message in served]


async def test_the_first_healthy_rung_answers(rung, call) -> None:
    first, second = rung("first", ["header", "a", "b"]), rung("second", ["x"])
    served = await Chain(Modality.TTS, [first, second]).run(NEED, call())
    assert served.rung is first
    assert served.beginning == ("header", "a")
    assert await all_of(served) == ["header", "a", "b"]
    assert first.outcomes == [None]
    assert not second.streams


async def test_an_attempt_that_fails_before_its_first_byte_falls_through(rung, call, caplog) -> None:
    seen = Seen()
    first, second = rung("first", ["header", EngineFailed("it broke")]), rung("second", ["x"])
    chain = Chain(Modality.TTS, [first, second], observer=seen)
    with caplog.at_level(logging.WARNING):
        served = await chain.run(NEED, call(request_id="req_1"))
    assert await all_of(served) == ["x"]
    assert served.fallback_reason == "first: it broke"
    assert "Using fallback provider: second (first: it broke) req_1" in caplog.text
    assert [(each.modality, each.rung) for each in seen.fallbacks] == [(Modality.TTS, "second")]
    assert isinstance(first.outcomes[0], EngineFailed)
    assert first.streams[0].closed


async def test_after_the_first_byte_nothing_falls_through(rung, call) -> None:
    first, second = rung("first", ["a", StreamBroken("cut")]), rung("second", ["x"])
    served = await Chain(Modality.TTS, [first, second]).run(NEED, call())
    with pytest.raises(StreamBroken):
        await all_of(served)
    assert not second.streams
    assert isinstance(first.outcomes[0], StreamBroken)


async def test_a_rung_that_cannot_serve_is_skipped_and_no_worse_thought_of(rung, call) -> None:
    first, second = rung("first", ["x"], skip="it has no Klingon"), rung("second", ["y"])
    served = await Chain(Modality.TTS, [first, second]).run(NEED, call())
    assert served.rung is second
    assert served.attempts[0].verdict is Verdict.SKIPPED
    assert first.outcomes == []


async def test_a_refusal_of_a_rung_is_a_skip_too(rung, call) -> None:
    first, second = rung("first", [UnsupportedFormat("no flac here")]), rung("second", ["y"])
    served = await Chain(Modality.TTS, [first, second]).run(NEED, call())
    assert served.attempts[0].verdict is Verdict.SKIPPED


async def test_what_is_the_callers_fault_is_told_at_once(rung, call) -> None:
    first, second = rung("first", [NoFace("no face")]), rung("second", ["y"])
    with pytest.raises(NoFace):
        await Chain(Modality.TTS, [first, second]).run(NEED, call())
    assert not second.streams
    assert first.streams[0].closed


async def test_a_troubled_rung_is_asked_after_the_healthy_ones(rung, call) -> None:
    sick, well = rung("sick", ["x"], trouble="it is broken"), rung("well", ["y"])
    served = await Chain(Modality.TTS, [sick, well]).run(NEED, call())
    assert served.rung is well
    assert served.fallback_reason == "sick: it is broken"


async def test_a_troubled_rung_is_the_last_resort(rung, call) -> None:
    sick, failing = rung("sick", ["x"], trouble="it is broken"), rung("failing", [CannotConnect("gone")])
    served = await Chain(Modality.TTS, [sick, failing]).run(NEED, call())
    assert served.rung is sick


async def test_a_primary_in_trouble_that_serves_all_the_same_is_no_fallback(rung, call, caplog) -> None:
    sick = rung("sick", ["x"], trouble="it is loading")
    with caplog.at_level(logging.WARNING):
        served = await Chain(Modality.TTS, [sick]).run(NEED, call())
    assert served.attempts == ()
    assert not caplog.records


async def test_passing_over_a_default_that_is_not_installed_is_no_fallback(rung, call, caplog) -> None:
    absent, well = rung("xtts", ["x"], skip="not installed"), rung("flite", ["y"])
    with caplog.at_level(logging.WARNING):
        served = await Chain(Modality.TTS, [absent, well], unasked={"xtts", "flite"}).run(NEED, call())
    assert served.fallback_reason == ""
    assert not caplog.records


async def test_all_skipped_says_why_per_rung(rung, call) -> None:
    chain = Chain(Modality.TTS, [rung("a", ["x"], skip="no mp3"), rung("b", ["x"], skip="no French")])
    with pytest.raises(NoRungCanServe, match="a: no mp3; b: no French") as caught:
        await chain.run(NEED, call())
    assert caught.value.details == {"a": "no mp3", "b": "no French"}


async def test_all_failed_says_why_per_rung_and_when_to_come_back(rung, call) -> None:
    chain = Chain(Modality.TTS, [rung("a", ["x"], skip="no mp3"), rung("b", [CannotConnect("gone")])])
    with pytest.raises(AllRungsFailed, match="a: no mp3; b: gone") as caught:
        await chain.run(NEED, call())
    assert caught.value.retry_after_s == 1.0


async def test_an_answer_without_a_first_byte_is_a_failure(rung, call) -> None:
    with pytest.raises(AllRungsFailed, match="ended without an answer"):
        await Chain(Modality.TTS, [rung("a", ["header"])]).run(NEED, call())


async def test_an_empty_chain_says_what_to_set(call) -> None:
    with pytest.raises(NoRungCanServe, match="PROVIDER_TTS"):
        await Chain(Modality.TTS, []).run(NEED, call())


async def test_a_named_rung_is_the_only_one_asked(rung, call, ready_info) -> None:
    first = rung("first", ["x"])
    second = rung("second", [EngineFailed("broke")], info=ready_info("espeak"))
    chain = Chain(Modality.TTS, [first, second])
    with pytest.raises(AllRungsFailed, match="only espeak was asked for"):
        await chain.run(Need(Modality.TTS, rungs=("espeak",)), call())
    assert not first.streams
    with pytest.raises(UnknownProvider, match='Did you mean "first"'):
        await chain.run(Need(Modality.TTS, rungs=("frist",)), call())


async def test_no_attempt_begins_after_the_deadline(rung, call) -> None:
    first = rung("first", ["x"])
    with pytest.raises(DeadlineExceeded):
        await Chain(Modality.TTS, [first]).run(NEED, call(seconds=0))
    assert not first.streams


async def test_a_broken_input_is_no_rungs_fault(rung, call) -> None:
    first, second = rung("first", [StreamBroken("fed by something broken")]), rung("second", ["x"])
    broken = EngineFailed("the speech broke")
    with pytest.raises(EngineFailed, match="the speech broke"):
        await Chain(Modality.TTS, [first, second]).run(NEED, call(input_error=lambda: broken))
    assert first.outcomes == []
    assert not second.streams


async def test_repeats_in_a_chain_are_dropped(rung) -> None:
    once, again = rung("a", ["x"]), rung("a", ["y"])
    assert [each.name for each in Chain(Modality.TTS, [once, again, rung("b", ["z"])]).rungs] == ["a", "b"]


async def test_abort_and_close_reach_the_rung(rung, call) -> None:
    first = rung("first", ["a", "b"])
    served = await Chain(Modality.TTS, [first]).run(NEED, call())
    served.abort(EngineFailed("stop"))
    with pytest.raises(EngineFailed, match="stop"):
        await all_of(served)
    await served.aclose()
    assert first.streams[0].closed


async def test_a_slow_rung_that_nobody_named_comes_after_the_others(rung, call) -> None:
    slow = rung("slow", ["header", "s"], info=EngineInfo(features=["slow"]))
    quick = rung("quick", ["header", "q"])
    unwritten = Chain(Modality.VIDEO, [slow, quick], unasked=["slow", "quick"])
    assert [each.name for each in unwritten.ordered] == ["quick", "slow"]
    assert (await unwritten.run(Need(Modality.VIDEO), call())).rung is quick
    named = Need(Modality.VIDEO, rungs=("slow",))
    assert (await unwritten.run(named, call())).rung is slow
    written = Chain(Modality.VIDEO, [slow, quick], unasked=["quick"])
    assert (await written.run(Need(Modality.VIDEO), call())).rung is slow


async def test_a_slow_rung_steps_in_and_that_is_told(rung, call, caplog) -> None:
    slow = rung("slow", ["header", "s"], info=EngineInfo(features=["slow"]))
    quick = rung("quick", ["header", EngineFailed("it broke")])
    seen = Seen()
    chain = Chain(Modality.VIDEO, [slow, quick], unasked=["slow", "quick"], observer=seen)
    served = await chain.run(Need(Modality.VIDEO), call())
    assert served.rung is slow
    assert served.fallback_reason == "quick: it broke"
    assert [each.rung for each in seen.fallbacks] == ["slow"]
