from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from svc_tts.__main__ import _engines, _sentences
from svc_tts.around.sentences import Sentence, SentenceKey, SentenceStore
from svc_tts.metrics import SpeechMetrics
from svc_tts.settings import Settings

SENTENCE = Sentence(24_000, bytes(100))


class Voices:
    """Of a store of voices, what keeping sentences needs."""

    def __init__(self, *keys: str) -> None:
        self._keys = keys
        self.forget: Callable[[str], None] = lambda _: None

    def keys(self) -> tuple[str, ...]:
        return self._keys

    def on_delete(self, forget: Callable[[str], None]) -> None:
        self.forget = forget


def test_what_deleted_voices_said_is_gone(tmp_path: Path) -> None:
    settings = Settings(cache_dir=tmp_path, cache_mb=1)
    here, gone, preset = (SentenceKey.of(voice, "hi") for voice in ("here", "gone", ""))
    for key in (here, gone, preset):
        SentenceStore(tmp_path, 1 << 20).put(key, SENTENCE)
    voices = Voices("here")
    sentences = _sentences(settings, voices)  # type: ignore[arg-type]
    assert sentences is not None
    assert [sentences.get(key) for key in (here, gone, preset)] == [SENTENCE, None, SENTENCE]
    voices.forget("here")
    assert [sentences.get(key) for key in (here, preset)] == [None, SENTENCE]


def test_nothing_is_kept_where_that_is_asked(tmp_path: Path) -> None:
    assert _sentences(Settings(cache_dir=tmp_path, cache_mb=0), Voices()) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("names", ["tone", "flite,espeak", "flite", "svc_tts.engines.tone:ToneEngine"])
def test_every_engine_has_all_around_it(names: str) -> None:
    engines = _engines(Settings(engines=names), None, SpeechMetrics(CollectorRegistry()))
    assert set(engines) <= {"tone", "flite", "espeak"}
    for engine in engines.values():
        assert {"timings", "cues", "speed", "pitch"} <= set(engine.facts.features)
