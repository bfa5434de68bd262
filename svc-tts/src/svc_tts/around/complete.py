"""Every engine made whole: what it lacks, one ring after the other around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from svc_tts.around.kept import KeptEngine
from svc_tts.around.level import LevelEngine
from svc_tts.around.reader import Reader
from svc_tts.around.sentences import SentenceStore
from svc_tts.around.tempo import TempoEngine
from svc_tts.around.timing import TimedEngine
from svc_tts.engine import Engine


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the rings need."""

    reader: Reader
    sentences: SentenceStore | None = None  # None = nothing is kept
    keep_varied: bool = True
    on_look: Callable[[str, bool], None] = lambda _engine, _found: None


def complete(engines: Mapping[str, Engine], surroundings: Surroundings) -> dict[str, Engine]:
    """The same engines, each with speed, pitch, words, cues and loudness, and with its sentences kept."""
    return {name: _complete(engine, surroundings) for name, engine in engines.items()}


def _complete(engine: Engine, surroundings: Surroundings) -> Engine:
    whole: Engine = engine
    if not {"speed", "pitch"} <= set(engine.facts.features):
        whole = TempoEngine(whole)
    if not {"timings", "cues"} <= set(engine.facts.features):
        whole = TimedEngine(whole, surroundings.reader)
    if engine.facts.worth_keeping and surroundings.sentences is not None:
        whole = KeptEngine(
            whole,
            surroundings.sentences,
            keep_varied=surroundings.keep_varied,
            on_look=surroundings.on_look,
        )
    return LevelEngine(whole)
