from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.fakes.formants import VOICE, FormantEngine, Timbre, say

from svc_tts.around.complete import Surroundings, complete
from svc_tts.around.reader import Reader
from svc_tts.around.sentences import SentenceStore
from svc_tts.audio.loudness import loudness
from svc_tts.engine import Engine, EngineContext, Utterance
from svc_tts.engines.tone import ToneEngine

TEXT = "once upon a time, there was a frog"
SPEAKER = Timbre(pitch_hz=205, tract=1.1, letter_s=0.1, gain=0.05)
UTTERANCE = Utterance(TEXT, VOICE, "en-US", speed=1.25, loudness_lufs=-18.0)


async def whole(inner: Engine, tmp_path: Path, looks: list[bool] | None = None) -> Engine:
    told = looks if looks is not None else []
    surroundings = Surroundings(
        Reader(FormantEngine(), owned=True),
        SentenceStore(tmp_path, 1 << 20),
        on_look=lambda _, found: told.append(found),
    )
    engine = complete({"formants": inner}, surroundings)["formants"]
    await engine.start(lambda _: None)
    return engine


async def test_an_engine_that_can_nothing_but_speak_can_all(tmp_path: Path) -> None:
    looks: list[bool] = []
    for _ in range(2):  # spoken, then from disk
        engine = await whole(FormantEngine(SPEAKER, features=()), tmp_path, looks)
        assert set(engine.facts.features) == {"timings", "cues", "speed", "pitch"}
        assert set(engine.facts.estimated) == {"timings", "cues"}
        pieces = [piece async for piece in engine.speak(UTTERANCE)]
        await engine.stop()  # all is written
        sound = np.frombuffer(b"".join(piece.pcm for piece in pieces), "<i2").astype(np.float32)
        plain, true, _ = say(TEXT, SPEAKER, 22_050)
        assert len(sound) == round(len(plain) / 2 / 1.25)
        assert loudness(sound, 22_050) == pytest.approx(-18.0, abs=1.5)
        found = [word for piece in pieces for word in piece.words]
        errors = [abs(one.start_s - other.start_s / 1.25) for one, other in zip(found, true, strict=True)]
        assert np.mean(errors) < 0.06
        assert sum(bool(phone.ipa) for piece in pieces for phone in piece.phones) > 20
    assert looks == [False, True]


async def test_an_engine_that_can_all_speaks_by_itself(tmp_path: Path) -> None:
    tone = ToneEngine(EngineContext(1, 1.0))
    engine = await whole(tone, tmp_path)
    utterance = Utterance(TEXT, tone.voices()[0], "en-US", speed=1.25)
    assert [piece async for piece in engine.speak(utterance)] == [piece async for piece in tone.speak(utterance)]
    assert not any(tmp_path.iterdir())  # noqa: ASYNC240  # an empty folder of the test's own


async def test_an_engine_that_clones_is_prepared(tmp_path: Path) -> None:
    prepared: list[object] = []

    class Cloning(FormantEngine):
        async def prepare(self, reference: object) -> None:
            prepared.append(reference)

    engine = await whole(Cloning(features=()), tmp_path)
    await engine.prepare("a reference")  # type: ignore[attr-defined]
    assert prepared == ["a reference"]
