from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import av
import httpx
import numpy as np
import pytest
from edge_tts.drm import DRM
from tests.fakes.edge import RATE, WORD_S, FakeEdge, sound_of

from svc_tts.audio.format import AudioFormat, Codec
from svc_tts.audio.mp3_frames import SAMPLES_PER_FRAME, count_frames, silent_frame
from svc_tts.booth import Booth
from svc_tts.engine import EdgeOptions, EdgePlace, EngineContext, EngineVoice, Piece, Utterance
from svc_tts.engines.edge.conversation import Patience
from svc_tts.engines.edge.engine import EdgeEngine
from svc_tts.engines.edge.voices import bundled
from svc_tts.http import make_app
from svc_tts.speech import Part, SentenceEnd, Sound, SpeechRequest
from svc_tts.voices.catalogue import VoiceWish
from svc_tts.voices.store import VoiceStore
from troupe.v1.engine_pb2 import ENGINE_STATE_BROKEN, ENGINE_STATE_MISSING, ENGINE_STATE_READY, EngineState
from troupe.wire.errors import (
    DeadlineExceeded,
    EngineFailed,
    InvalidArgument,
    Overloaded,
    TroupeError,
    UnsupportedLanguage,
)
from troupe.wire.progress import Progress

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


async def test_pcm_is_the_sound_of_microsofts_mp3(engine: EdgeEngine, fake: FakeEdge) -> None:
    pieces = await spoken(engine, say("Hello, world."))
    pcm = np.frombuffer(b"".join(piece.pcm for piece in pieces), "<i2")
    expected = decoded(fake.turns[0].audio)
    assert len(pcm) == len(expected) == count_frames(fake.turns[0].audio) * SAMPLES_PER_FRAME
    assert np.abs(pcm - expected).max() <= 2
    assert not any(piece.mp3 for piece in pieces)
    assert (fake.turns[0].voice_id, fake.turns[0].text) == ("en-US-AriaNeural", "Hello, world.")


async def test_mp3_goes_through_as_it_is(engine: EdgeEngine, fake: FakeEdge) -> None:
    pieces = await spoken(engine, say("Hello, world.", mp3_wanted=True))
    assert b"".join(piece.mp3 for piece in pieces) == fake.turns[0].audio
    assert not any(piece.pcm for piece in pieces)


async def test_words_have_places_and_times(engine: EdgeEngine, fake: FakeEdge) -> None:
    fake.mood.reads = {"5": "five dollars"}
    text = "It's $5 & up."
    words = [word for piece in await spoken(engine, say(text)) for word in piece.words]
    assert [text[word.start : word.end] for word in words] == ["It's", "$5", "up"]
    assert [word.start_s for word in words] == pytest.approx([0.1, 0.4, 0.7])
    assert words[0].end_s == pytest.approx(0.1 + 0.8 * WORD_S)
    assert fake.turns[0].text == text


@pytest.mark.parametrize(("speed", "rate"), [(1.0, 0), (0.5, -50), (2.0, 100), (1.234, 23)])
async def test_speed_is_microsofts_rate(engine: EdgeEngine, fake: FakeEdge, speed: float, rate: int) -> None:
    await spoken(engine, say("one", speed=speed))
    assert fake.turns[0].rate == rate


@pytest.mark.parametrize(
    "voice_id", ["zh-CN-liaoning-XiaobeiNeural", "iu-Cans-CA-SiqiniqNeural", "fil-PH-AngeloNeural"]
)
async def test_every_kind_of_voice_id_is_known_there(engine: EdgeEngine, fake: FakeEdge, voice_id: str) -> None:
    voice = next(voice for voice in engine.voices() if voice.voice_id == voice_id)
    await spoken(engine, say("one", voice))
    assert fake.turns[0].voice_id == voice_id


async def test_sound_comes_before_the_sentence_is_over(engine: EdgeEngine, fake: FakeEdge) -> None:
    fake.mood.gap_s = 0.1
    started = time.monotonic()
    async with aclosing(engine.speak(say("one two three four five six"))) as pieces:
        async for piece in pieces:
            if piece.pcm:
                break
    assert time.monotonic() - started < 1.0
    assert len(fake.turns[0].audio) < len(sound_of("one two three four five six")[0]) / 2


async def test_a_wait_beats(engine: EdgeEngine, fake: FakeEdge) -> None:
    fake.mood.wait_s = 1.0
    pieces = await spoken(engine, say("one"))
    first = next(number for number, piece in enumerate(pieces) if piece.pcm)
    assert first >= 3
    assert all(piece == Piece() for piece in pieces[:first] if not piece.words)


async def test_who_leaves_closes_the_socket(engine: EdgeEngine, fake: FakeEdge) -> None:
    fake.mood.gap_s = 0.05
    async with aclosing(engine.speak(say("one two three four five six seven eight"))) as pieces:
        async for piece in pieces:
            if piece.pcm:
                break
        left = time.monotonic()
    assert time.monotonic() - left < 1.0
    async with asyncio.timeout(PATIENCE_S):
        while not fake.turns[0].closed_at:
            await asyncio.sleep(0.01)
    assert fake.turns[0].closed_at - left < 1.0  # the goal is 0.2
    await engine.check()


async def test_only_so_many_at_once_and_the_others_beat(fake: FakeEdge, tmp_path: Path) -> None:
    engine = make(fake, tmp_path, at_once=2)
    await engine.start(lambda _: None)
    fake.mood.wait_s = 0.5
    answers = await asyncio.gather(*(spoken(engine, say(f"number {number}")) for number in range(5)))
    assert fake.most_open == 2
    assert all(any(piece.pcm for piece in pieces) for pieces in answers)
    assert sum(piece == Piece() for piece in answers[4]) >= 4
    await engine.stop()


async def test_a_wrong_clock_is_corrected_once(engine: EdgeEngine, fake: FakeEdge) -> None:
    fake.mood.clock_s = 3_600.0
    assert any(piece.pcm for piece in await spoken(engine, say("one")))
    assert fake.knocks == 2
    await spoken(engine, say("two"))
    assert fake.turns[1].text == "two"


async def test_it_goes_by_the_proxy(fake: FakeEdge, tmp_path: Path) -> None:
    proxy = fake.url.replace("ws:", "http:").removesuffix("/readaloud")
    place = EdgePlace(proxy=proxy, endpoint="ws://speech.invalid/readaloud", voices_file=tmp_path / "voices.json")
    engine = EdgeEngine(EngineContext(1, 2.0, edge=place))
    await engine.start(lambda _: None)
    assert any(piece.pcm for piece in await spoken(engine, say("one")))
    assert len(fake.turns) == 1
    await engine.stop()


async def test_a_text_too_long_for_one_message_is_asked_for_in_several(engine: EdgeEngine, fake: FakeEdge) -> None:
    text = " ".join(f"{number:x}" * 400 for number in range(1, 13))
    pieces = await spoken(engine, say(text))
    assert len(fake.turns) == 2
    words = [word for piece in pieces for word in piece.words]
    assert [text[word.start : word.end] for word in words] == text.split()
    first_s = count_frames(fake.turns[0].audio) * SAMPLES_PER_FRAME / RATE
    assert words[-2].start_s == pytest.approx(first_s + 0.1)


FAILURES = {
    "refused": (EngineFailed, "refused", "pip install --upgrade edge-tts"),
    "refused without the time": (EngineFailed, "refused", "did not say what time"),
    "busy": (Overloaded, "unavailable", "503"),
    "slow down": (Overloaded, "unavailable", "429"),
    "odd status": (EngineFailed, "unknown_reply", "418"),
    "silent": (UnsupportedLanguage, "no_audio", "en-US-AriaNeural"),
    "hangs": (DeadlineExceeded, "too_slow", "gave no sound"),
    "hangs later": (DeadlineExceeded, "too_slow", "nothing more"),
    "cut": (EngineFailed, "cut_off", "cut the connection"),
    "noise": (EngineFailed, "spoilt", "cannot be read"),
    "nobody": (EngineFailed, "cannot_connect", "TROUPE_SPEECH_EDGE_PROXY"),
}


def spoil(fake: FakeEdge, how: str) -> None:
    match how:
        case "refused":
            fake.mood.refusals = 2
        case "refused without the time":
            fake.mood.refusals, fake.mood.says_the_time = 2, False
        case "busy" | "slow down" | "odd status":
            fake.mood.status = {"busy": 503, "slow down": 429, "odd status": 418}[how]
        case "silent":
            fake.mood.silent_voices = {ARIA.voice_id}
        case "hangs":
            fake.mood.hangs_before_sound = True
        case "hangs later":
            fake.mood.hangs_after = 2
        case "cut":
            fake.mood.cuts_after = 2
        case "noise":
            fake.mood.noise = True


@pytest.mark.parametrize("how", FAILURES)
async def test_failures_are_told_apart(fake: FakeEdge, tmp_path: Path, how: str) -> None:
    leaf, reason, words = FAILURES[how]
    spoil(fake, how)
    if how == "nobody":
        fake.url = "ws://127.0.0.1:1/readaloud"
    engine = make(fake, tmp_path, patience=Patience(first_s=1.0, silence_s=0.5))
    await engine.start(lambda _: None)
    with pytest.raises(TroupeError, match=words) as caught:
        await spoken(engine, say("One two three four."))
    assert type(caught.value) is leaf
    assert caught.value.details["reason"] == reason
    assert fake.knocks <= 2
    await engine.check()  # one failure breaks nothing
    await engine.stop()


async def test_a_busy_endpoint_says_when_to_come_back(engine: EdgeEngine, fake: FakeEdge) -> None:
    fake.mood.status = 503
    with pytest.raises(Overloaded) as caught:
        await spoken(engine, say("one"))
    assert caught.value.retry_after_s == 5


async def test_a_style_is_refused(engine: EdgeEngine, fake: FakeEdge) -> None:
    with pytest.raises(InvalidArgument, match="no style"):
        await spoken(engine, say("one", options=EdgeOptions("cheerful")))
    await spoken(engine, say("one", options=EdgeOptions()))
    assert len(fake.turns) == 1


def test_the_facts_are_honest(fake: FakeEdge, tmp_path: Path) -> None:
    facts = make(fake, tmp_path).facts
    assert facts.cloud
    assert not facts.commercial_use
    assert not facts.probed
    assert {"en-US", "zh-CN", "ja-JP", "es-ES", "fr-FR"} <= set(facts.languages)


# Within the service: never probed, broken by what callers see, frames untouched.


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
