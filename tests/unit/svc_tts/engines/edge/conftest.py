"""The engine against the fake endpoint."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import av
import numpy as np
import pytest
from edge_tts.drm import DRM
from tests.fakes.edge import RATE, FakeEdge

from svc_tts.audio.format import AudioFormat, Codec
from svc_tts.engine import EdgePlace, EngineContext, EngineVoice, Piece, Utterance
from svc_tts.engines.edge.conversation import Patience
from svc_tts.engines.edge.engine import EdgeEngine
from svc_tts.engines.edge.voices import bundled

ARIA = next(voice for voice in bundled() if voice.voice_id == "en-US-AriaNeural")
MP3 = AudioFormat(Codec.MP3, RATE, 1, 48_000)
PATIENCE_S = 10.0


@pytest.fixture
async def fake() -> AsyncIterator[FakeEdge]:
    async with FakeEdge().running() as fake:
        yield fake
    DRM.clock_skew_seconds = 0.0


@pytest.fixture
async def engine(fake: FakeEdge, tmp_path: Path) -> AsyncIterator[EdgeEngine]:
    engine = make(fake, tmp_path)
    await engine.start(lambda _: None)
    yield engine
    await engine.stop()


def make(fake: FakeEdge, folder: Path, at_once: int = 4, patience: Patience | None = None) -> EdgeEngine:
    place = EdgePlace(at_once, endpoint=fake.url, voices_file=folder / "voices.json")
    return EdgeEngine(EngineContext(1, 2.0, edge=place), patience)


def say(text: str, voice: EngineVoice = ARIA, **how: object) -> Utterance:
    return Utterance(text, voice, voice.language, **how)  # type: ignore[arg-type]


async def spoken(engine: EdgeEngine, utterance: Utterance) -> list[Piece]:
    async with asyncio.timeout(PATIENCE_S), aclosing(engine.speak(utterance)) as pieces:
        return [piece async for piece in pieces]


def decoded(mp3: bytes) -> np.ndarray:
    with av.open(io.BytesIO(mp3), format="mp3") as container:
        frames = [frame.to_ndarray()[0] for frame in container.decode(container.streams.audio[0])]
    return np.concatenate(frames) * 32768
