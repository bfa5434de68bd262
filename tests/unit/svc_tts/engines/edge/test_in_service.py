"""Within the service: never probed, broken by what callers see, frames untouched."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import av
import httpx
import numpy as np
import pytest
from tests.fakes.edge import RATE, FakeEdge
from tests.unit.svc_tts.engines.edge.conftest import ARIA, MP3, PATIENCE_S, decoded, make

from svc_tts.audio.format import AudioFormat, Codec
from svc_tts.audio.mp3_frames import SAMPLES_PER_FRAME, count_frames, silent_frame
from svc_tts.booth import Booth
from svc_tts.engine import EdgePlace, EngineContext
from svc_tts.engines.edge.conversation import Patience
from svc_tts.engines.edge.engine import EdgeEngine
from svc_tts.engines.edge.voices import bundled
from svc_tts.http import make_app
from svc_tts.speech import Part, SentenceEnd, Sound, SpeechRequest
from svc_tts.voices.catalogue import VoiceWish
from svc_tts.voices.store import VoiceStore
from troupe.v1.engine_pb2 import ENGINE_STATE_BROKEN, ENGINE_STATE_MISSING, ENGINE_STATE_READY, EngineState
from troupe.wire.errors import (
    EngineFailed,
    Overloaded,
)
from troupe.wire.progress import Progress


async def kept(booth: Booth) -> asyncio.Task[None]:
    keeping = asyncio.create_task(booth.keep())
    await becomes(booth, ENGINE_STATE_READY)
    return keeping


async def becomes(booth: Booth, state: EngineState) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while booth.board.status("edge").state != state:
            await asyncio.sleep(0.01)


async def once(text: str) -> AsyncIterator[str]:
    yield text


async def answer(booth: Booth, text: str, fmt: AudioFormat = MP3, **how: object) -> list[Part]:
    request = SpeechRequest("edge", VoiceWish(ARIA.voice_id), fmt, **how)  # type: ignore[arg-type]
    async with aclosing(booth.speak(request, once(text), Progress())) as parts:
        return [part async for part in parts]


def sound(parts: list[Part]) -> bytes:
    return b"".join(part.audio for part in parts if isinstance(part, Sound))


async def test_health_comes_from_traffic_alone(fake: FakeEdge, tmp_path: Path) -> None:
    engine = make(fake, tmp_path, patience=Patience(rest_s=1.0))
    booth = Booth({"edge": engine}, VoiceStore(tmp_path))
    keeping = await kept(booth)
    await asyncio.sleep(1.0)  # some checks
    assert fake.knocks == 0
    fake.mood.status = 503
    for _ in range(3):
        with pytest.raises(Overloaded):
            await answer(booth, "one")
    await becomes(booth, ENGINE_STATE_BROKEN)
    with pytest.raises(EngineFailed, match="503"):
        await answer(booth, "one")
    assert fake.knocks == 3
    fake.mood.status = 0
    await becomes(booth, ENGINE_STATE_READY)  # half open, by itself
    assert fake.knocks == 3
    assert sound(await answer(booth, "one"))
    keeping.cancel()
    await booth.stop()


async def test_commercial_only_keeps_it_out(fake: FakeEdge, tmp_path: Path) -> None:
    context = EngineContext(1, 2.0, commercial_only=True, edge=EdgePlace(endpoint=fake.url))
    booth = Booth({"edge": EdgeEngine(context)}, VoiceStore(tmp_path))
    keeping = asyncio.create_task(booth.keep())
    await becomes(booth, ENGINE_STATE_MISSING)
    assert "no licence" in booth.board.status("edge").reason
    keeping.cancel()


@pytest.fixture
async def booth(engine: EdgeEngine, tmp_path: Path) -> Booth:
    booth = Booth({"edge": engine}, VoiceStore(tmp_path))
    await booth.board.ready("edge")
    return booth


async def test_an_answer_in_edges_own_format_is_its_frames_and_silent_ones(booth: Booth, fake: FakeEdge) -> None:
    parts = await answer(booth, "One two. <#0.5#> Three four five.")
    first, second = (turn.audio for turn in fake.turns)
    pause = round(0.5 * RATE / SAMPLES_PER_FRAME)
    assert sound(parts) == first + silent_frame(RATE, 48_000) * pause + second
    ends = [part.audio_ms for part in parts if isinstance(part, SentenceEnd)]
    frames = [count_frames(first), count_frames(first) + pause + count_frames(second)]
    assert ends == [round(number * SAMPLES_PER_FRAME / RATE * 1000) for number in frames]
    words = [word for part in parts if isinstance(part, Sound) for word in part.words]
    assert [word.text for word in words] == ["One", "two", "Three", "four", "five"]
    assert words[2].start_ms == round((frames[0] + pause) * SAMPLES_PER_FRAME / RATE * 1000) + 100
    whole = decoded(sound(parts))
    assert len(whole) == frames[1] * SAMPLES_PER_FRAME
    at = round(words[2].start_ms / 1000 * RATE)
    assert np.abs(whole[at - 1_200 : at]).max() < 100  # quiet until the word
    assert np.abs(whole[at : at + 6_000]).max() > 5_000


@pytest.mark.parametrize(
    ("fmt", "how"),
    [
        (MP3, {"volume": 0.5}),
        (MP3, {"pitch": 2.0}),
        (AudioFormat.of(Codec.MP3), {}),
        (AudioFormat.of(Codec.MP3, 32_000, 1, 48_000), {}),
        (AudioFormat.of(Codec.MP3, RATE, 2, 48_000), {}),
        (AudioFormat.of(Codec.WAV), {}),
    ],
)
async def test_another_format_is_made_of_it(
    booth: Booth, fake: FakeEdge, fmt: AudioFormat, how: dict[str, float]
) -> None:
    made = sound(await answer(booth, "One two three.", fmt, **how))
    assert made
    assert fake.turns[0].audio[:1440] not in made
    with av.open(io.BytesIO(made)) as container:
        lengths = [frame.samples / frame.sample_rate for frame in container.decode(container.streams.audio[0])]
    expected = count_frames(fake.turns[0].audio) * SAMPLES_PER_FRAME / RATE
    assert sum(lengths) == pytest.approx(expected, abs=0.15)


async def test_a_retired_voice_is_spoken_for_by_another(booth: Booth, engine: EdgeEngine, fake: FakeEdge) -> None:
    fake.voices = [entry for entry in fake.voices if entry["ShortName"] != ARIA.voice_id]
    await answer(booth, "one")  # the first answer asks for the list too
    async with asyncio.timeout(PATIENCE_S):
        while not any(voice.retired for voice in engine.voices()):
            await asyncio.sleep(0.01)
    await answer(booth, "two")
    assert fake.turns[1].voice_id == "en-US-JennyNeural"
    casting = booth.catalogue.cast("edge", VoiceWish(ARIA.voice_id), "en-US")
    assert casting.substituted


async def test_the_seeds_call(booth: Booth, fake: FakeEdge) -> None:
    transport = httpx.ASGITransport(make_app(booth, "50052"))
    async with httpx.AsyncClient(transport=transport, base_url="http://speech") as client:
        health = await client.get("/health")
        assert health.json() == {"status": "healthy", "cuda": False, "model_loaded": True, "backend": "edge-tts"}
        reply = await client.post("/synthesize", json={"text": "Hello world", "voice_id": "en-US-AriaNeural"})
        assert reply.status_code == 200
        assert reply.headers["content-type"] == "audio/mpeg"
        assert reply.headers["X-Troupe-Voice-Substituted"] == "false"
        assert reply.content == fake.turns[0].audio
        voices = (await client.get("/voices")).json()["voices"]
        assert [voice["voice_id"] for voice in voices].count("en-US-AriaNeural") == 1
        assert len(voices) == len(bundled())
