from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.piper_voice import write

from svc_tts.engine import ENGINES, EngineContext, PiperPlace, load_engine
from troupe.wire.errors import UnknownEngine

CONTEXT = EngineContext(1, 1.0)
OWN_NAMES = ("edge", "piper")  # ids that the world knows
KNOWN_LATER = ("xtts",)  # its checkpoint tells them


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_says_what_it_is(name: str, tmp_path: Path) -> None:
    write(tmp_path, "en_US-lessac-medium")
    engine = load_engine(name, replace(CONTEXT, piper=PiperPlace(tmp_path)))
    assert engine.facts.name == name
    assert engine.facts.licence
    assert engine.voices() or name in KNOWN_LATER
    assert set(engine.facts.features) <= {"timings", "cues", "speed", "pitch"}
    ids = [voice.voice_id for voice in engine.voices()]
    assert len(set(ids)) == len(ids)
    assert name in OWN_NAMES or all(each.startswith(f"{name}-") for each in ids)
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
