from __future__ import annotations

from tests.fakes.cloning_engine import ParrotEngine

from svc_tts.around.wrapped import WrappedEngine
from svc_tts.engine import CountingEngine, EngineContext


class Counting(ParrotEngine):
    def counts(self) -> dict[str, int]:
        return {"codes": 3}


def test_what_engines_may_have_besides_is_passed_on() -> None:
    parrot = Counting(EngineContext(1, 1.0))
    wrapped = WrappedEngine(WrappedEngine(parrot))
    wrapped.forget("key")
    assert parrot.forgotten == ["key"]
    assert isinstance(wrapped, CountingEngine)
    assert wrapped.counts() == {"codes": 3}


def test_an_engine_that_counts_nothing_has_no_counts() -> None:
    assert WrappedEngine(ParrotEngine(EngineContext(1, 1.0))).counts() == {}
