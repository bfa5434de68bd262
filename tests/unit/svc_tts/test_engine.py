from __future__ import annotations

import sys

import pytest

from svc_tts.engine import ENGINES, EngineContext, load_engine
from troupe.wire.errors import UnknownEngine

CONTEXT = EngineContext(1, 1.0)


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_says_what_it_is(name: str) -> None:
    engine = load_engine(name, CONTEXT)
    assert engine.facts.name == name
    assert engine.facts.licence
    assert set(engine.facts.features) <= {"timings", "cues", "speed", "pitch"}
    ids = [voice.voice_id for voice in engine.voices()]
    assert len(set(ids)) == len(ids)
    assert all(each.startswith(f"{name}-") for each in ids)
    languages = {voice.language for voice in engine.voices() if voice.language}
    assert not engine.facts.languages or languages <= set(engine.facts.languages)


def test_engines_of_others_are_named_by_module() -> None:
    assert load_engine("svc_tts.engines.tone:ToneEngine", CONTEXT).facts.name == "tone"


def test_an_unknown_engine_names_the_nearest() -> None:
    with pytest.raises(UnknownEngine, match='Did you mean "espeak"'):
        load_engine("espeek", CONTEXT)


def test_gpl_code_is_not_imported_with_the_engine() -> None:
    load_engine("espeak", CONTEXT)
    assert "espeakng_loader" not in sys.modules
