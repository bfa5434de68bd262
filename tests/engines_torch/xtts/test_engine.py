"""The engine as the service runs it: a random release, a real child process, a real booth."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest
import pytest_asyncio
import soundfile
from prometheus_client import CollectorRegistry
from tests.conftest import Start
from tests.fakes.speaker import file, speech
from tests.fakes.xtts_release import make

from svc_tts.booth import Booth
from svc_tts.engine import EngineContext, Utterance, VoiceReference, XttsOptions, XttsPlace
from svc_tts.engines.xtts import process as process_module
from svc_tts.engines.xtts.engine import XttsEngine
from svc_tts.metrics import SpeechMetrics
from svc_tts.speech import Flush, Sound, SpeechRequest
from svc_tts.voices.catalogue import VoiceWish
from svc_tts.voices.cloned import ClonedVoice
from svc_tts.voices.consent import Consent
from svc_tts.voices.sample import Refinement
from svc_tts.voices.store import VoiceStore
from troupe.v1.engine_pb2 import ENGINE_STATE_BROKEN, ENGINE_STATE_READY
from troupe.wire.errors import EngineFailed, EngineMissing, Overloaded, UnknownVoice
from troupe.wire.progress import Progress

RATE = 24_000
SECOND = 2 * RATE  # bytes
SENTENCE = "Nobody minds the quick brown fox at all."
ROOT = Path(__file__).parents[3]
BLOCKED = ("torchaudio", "torchcodec", "transformers", "librosa", "TTS", "spacy")
PATIENCE_S = 60.0

in_module = pytest.mark.asyncio(loop_scope="module")
"""A test on the loop that the shared engine lives on."""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("xtts"))


def context(checkpoint: Path, **place: object) -> EngineContext:
    settings = {"precision": "fp32", "streams": 4, "tos_agreed": True} | place
    return EngineContext(1, 10.0, xtts=XttsPlace(checkpoint, **settings))


@asynccontextmanager
async def running(checkpoint: Path, **place: object) -> AsyncIterator[XttsEngine]:
    engine = XttsEngine(context(checkpoint, **place))
    try:
        await engine.start(lambda _: None)
        yield engine
    finally:
        await engine.stop()


async def speak(engine: XttsEngine, text: str = SENTENCE, language: str = "en", **settings: object) -> bytes:
    utterance = Utterance(text, engine.voices()[0], language, **settings)
    async with asyncio.timeout(PATIENCE_S):
        return b"".join([piece.pcm async for piece in engine.speak(utterance)])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(checkpoint: Path) -> AsyncIterator[XttsEngine]:
    """One for the tests that leave it as it was."""
    async with running(checkpoint) as started:
        yield started


@pytest.fixture
def sample(tmp_path: Path) -> VoiceReference:
    dice = np.random.default_rng(1)
    wave = 0.2 * np.sin(np.arange(3 * RATE) / 20) + 0.02 * dice.standard_normal(3 * RATE)
    soundfile.write(tmp_path / "reference.wav", wave, RATE, subtype="PCM_16")
    return VoiceReference("key-1", tmp_path / "reference.wav", tmp_path)


async def test_it_loads_and_streams_and_says_the_same_the_same_way(checkpoint: Path) -> None:
    heard: list[float] = []
    engine = XttsEngine(context(checkpoint))
    try:
        await engine.start(heard.append)
        assert heard == sorted(heard)
        assert heard[-1] > 0.9
        assert [voice.name for voice in engine.voices()] == ["Claribel Dervla", "Damien Black"]
        utterance = Utterance(SENTENCE, engine.voices()[0], "en")
        pieces = [piece.pcm async for piece in engine.speak(utterance) if piece.pcm]
        assert len(pieces) > 3
        assert len(pieces[0]) < SECOND / 2
        once, again = b"".join(pieces), await speak(engine)
        assert again == once
        assert await speak(engine, options=XttsOptions(seed=99)) != once
        assert np.abs(np.frombuffer(once, "<i2")).max() > 100
    finally:
        await engine.stop()


@in_module
async def test_eight_at_once_sound_as_each_alone(engine: XttsEngine) -> None:
    texts = [f"Sentence {number} is heard." for number in range(8)]
    together = await asyncio.gather(*(speak(engine, text) for text in texts))
    alone = [await speak(engine, text) for text in texts[::3]]
    # fp32 sums in another order in a batch: the last bit of a sample may differ, no more.
    for one, other in zip(together[::3], alone, strict=True):
        assert len(one) == len(other)
        differences = np.abs(np.frombuffer(one, "<i2").astype(int) - np.frombuffer(other, "<i2"))
        assert differences.max() <= 2


@in_module
async def test_languages_of_all_scripts_are_read(engine: XttsEngine) -> None:
    assert len(engine.facts.languages) == 17
    for language in ("en", "zh", "ja", "ko", "hi", "ar"):
        assert await speak(engine, "1 2.", language), language


@in_module
async def test_what_cannot_be_said_is_silent(engine: XttsEngine) -> None:
    assert await speak(engine, "…") == b""


@in_module
async def test_speed_is_made_of_latents(engine: XttsEngine) -> None:
    usual, fast, slow = [await speak(engine, speed=speed) for speed in (1.0, 2.0, 0.5)]
    assert len(fast) == pytest.approx(len(usual) / 2, rel=0.02)
    assert len(slow) == pytest.approx(len(usual) * 2, rel=0.02)


async def test_who_leaves_frees_the_slot(checkpoint: Path) -> None:
    async with running(checkpoint, streams=1) as engine:
        async with aclosing(engine.speak(Utterance("word " * 50, engine.voices()[0], "en"))) as pieces:
            async for piece in pieces:
                if piece.pcm:
                    break
        started = time.monotonic()
        async for piece in engine.speak(Utterance("Hello there, all of you.", engine.voices()[1], "en")):
            if piece.pcm:
                break
        # The only slot is free again within 200 ms; the rest is the new utterance's own beginning.
        assert time.monotonic() - started < 5 * 0.4


async def test_a_clone_is_heard_once_and_kept_beside_its_sample(checkpoint: Path, sample: VoiceReference) -> None:
    kept = sample.folder / "latents.xtts.safetensors"
    async with running(checkpoint) as engine:
        await engine.prepare(sample)
        written = kept.stat().st_mtime_ns
        cloned = await speak(engine, reference=sample)
        assert cloned != await speak(engine)
    async with running(checkpoint) as engine:
        assert await speak(engine, reference=sample) == cloned
        assert kept.stat().st_mtime_ns == written
        kept.write_bytes(b"damaged")
        engine.forget(sample.key)
        assert await speak(engine, reference=sample) == cloned
        assert await speak(engine, reference=sample) == cloned
        assert kept.stat().st_size > 10_000
        await engine.prepare(VoiceReference("key-2", sample.wav, sample.folder))
        assert kept.stat().st_mtime_ns != written


@in_module
async def test_a_folder_that_cannot_be_written_costs_only_time(engine: XttsEngine, sample: VoiceReference) -> None:
    gone = VoiceReference("key", sample.wav, sample.folder / "nowhere")
    assert await speak(engine, reference=gone)


async def test_int8_speaks_too(checkpoint: Path) -> None:
    async with running(checkpoint, precision="int8") as engine:
        assert len(await speak(engine)) > SECOND


async def test_a_card_that_is_not_there_is_said_so(checkpoint: Path) -> None:
    with pytest.raises(EngineMissing, match="sees no such device"):
        async with running(checkpoint, device="cuda:7"):
            pass


async def test_a_damaged_checkpoint_is_said_so(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "model.pth").write_bytes(b"PK\3\4 nothing")
    with pytest.raises(EngineFailed, match=r"cannot be loaded: .*model\.pth"):
        async with running(tmp_path):
            pass


async def test_without_memory_all_are_refused_and_the_process_lives(checkpoint: Path) -> None:
    async with running(checkpoint) as engine:
        await speak(engine)
        pid = engine._running().pid
        used = psutil.Process(pid).memory_info().vms
        resource.prlimit(pid, resource.RLIMIT_AS, (used + (1 << 20), resource.RLIM_INFINITY))
        with pytest.raises(Overloaded, match="out of memory"):
            await asyncio.gather(*(speak(engine, "word " * 45) for _ in range(8)))
        resource.prlimit(pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert await speak(engine)
        assert engine._running().pid == pid


@asynccontextmanager
async def serving(checkpoint: Path, tmp_path: Path) -> AsyncIterator[tuple[Booth, XttsEngine, CollectorRegistry]]:
    engine, registry = XttsEngine(context(checkpoint)), CollectorRegistry()
    booth = Booth({"xtts": engine}, VoiceStore(tmp_path / "voices"), SpeechMetrics(registry))
    keeping = asyncio.create_task(booth.keep())
    try:
        await until(booth, ENGINE_STATE_READY)
        yield booth, engine, registry
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await booth.stop()


async def until(booth: Booth, state: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while booth.board.status("xtts").state != state:
            await asyncio.sleep(0.05)


async def answer(booth: Booth, text: str, **request: object) -> bytes:
    async def texts() -> AsyncIterator[str | Flush]:
        yield text

    parts = booth.speak(SpeechRequest("xtts", **request), texts(), Progress())
    return b"".join([part.audio async for part in parts if isinstance(part, Sound)])


async def test_the_booth_speaks_with_it(checkpoint: Path, tmp_path: Path) -> None:
    async with serving(checkpoint, tmp_path) as (booth, engine, registry):
        for voice_id in ("xtts-damien-black", "zh-CN-YunxiNeural"):
            assert len(await answer(booth, SENTENCE, wish=VoiceWish(voice_id))) > SECOND
        events = {"engine": "xtts", "event": "codes"}
        assert registry.get_sample_value("troupe_speech_engine_events_total", events) == engine.counts()["codes"]


async def test_a_cloned_voice_speaks_through_the_booth_until_it_is_deleted(checkpoint: Path, tmp_path: Path) -> None:
    async with serving(checkpoint, tmp_path) as (booth, _, _):
        wanted = ClonedVoice("my-voice", "A", "en", Consent("Alice", "I agree"))
        await booth.cloning.clone("alice", wanted, file(speech(12.0)), Refinement())
        latents = booth.store.reference("alice", "my-voice").folder / "latents.xtts.safetensors"
        async with asyncio.timeout(PATIENCE_S):
            while not latents.exists():
                await asyncio.sleep(0.05)
        mine = await answer(booth, SENTENCE, wish=VoiceWish("my-voice", owner="alice"))
        assert len(mine) > SECOND
        assert mine != await answer(booth, SENTENCE)
        await booth.cloning.delete("alice", "my-voice")
        assert not latents.exists()
        with pytest.raises(UnknownVoice):
            await answer(booth, SENTENCE, wish=VoiceWish("my-voice", owner="alice"))


async def test_a_killed_process_is_an_error_in_the_middle_and_serves_again(checkpoint: Path, tmp_path: Path) -> None:
    async with serving(checkpoint, tmp_path) as (booth, engine, _):
        speaking = asyncio.create_task(answer(booth, " ".join([SENTENCE] * 30)))
        while not engine._running().asked:
            await asyncio.sleep(0.01)
        os.kill(engine._running().pid, signal.SIGKILL)
        with pytest.raises(EngineFailed, match="was ended by signal 9"):
            await speaking
        await until(booth, ENGINE_STATE_BROKEN)
        await until(booth, ENGINE_STATE_READY)
        assert len(await answer(booth, SENTENCE)) > SECOND


def test_it_needs_none_of_the_usual_libraries(checkpoint: Path) -> None:
    """A real synthesis in a process where their import fails; it tells what it imported."""
    load = {"checkpoint": str(checkpoint), "device": "cpu", "precision": "fp32", "streams": 1}
    script = f"""
import atexit, os, sys
for name in {BLOCKED!r}:
    sys.modules[name] = None
from svc_tts.engines.xtts import worker
leave = os._exit
def told(status):
    print("IMPORTED", *sorted(name for name, module in sys.modules.items() if module), file=sys.stderr, flush=True)
    leave(status)
os._exit = told
sys.exit(worker.main())
"""
    command = [sys.executable, "-c", script, json.dumps(load)]

    async def run() -> tuple[bytes, str]:
        engine = XttsEngine(context(checkpoint))
        engine._process = await process_module.Process.start(
            process_module.Load(**load), lambda _: None, 10.0, command[:-1]
        )
        engine._take_in(engine._process.hello)
        sound = await speak(engine)
        engine._process._process.stdin.close()
        async with asyncio.timeout(PATIENCE_S):
            await engine._process._process.wait()
            await engine._process._listener
        said = next(line for line in engine._process._lines if line.startswith("IMPORTED"))
        await engine.stop()
        return sound, said

    sound, said = asyncio.run(run())
    imported = {name.partition(".")[0] for name in said.split()[1:]}
    assert len(sound) > SECOND
    assert {"torch", "tokenizers"} <= imported
    assert not imported & set(BLOCKED)


def test_the_service_has_no_torch_and_leaves_no_process(checkpoint: Path, start_service: Start) -> None:
    """The service with xtts as its only engine: heard over HTTP, without torch in its own process, ended by SIGTERM."""
    xtts = {"TROUPE_SPEECH_ENGINES": "xtts", "PROVIDER_XTTS_CHECKPOINT": str(checkpoint), "COQUI_TOS_AGREED": "1"}
    service = start_service("svc_tts", **xtts)
    deadline = time.monotonic() + PATIENCE_S
    while "xtts is ready" not in service.log and time.monotonic() < deadline:
        time.sleep(0.1)
    order = {"text": SENTENCE, "voice_id": "XTTS-Damien-Black", "format": "wav"}
    reply = httpx.post(f"http://{service.addresses['http']}/synthesize", json=order, timeout=PATIENCE_S)
    assert reply.status_code == 200, service.log
    assert len(reply.content) > SECOND
    children = psutil.Process(service.popen.pid).children()
    assert any("svc_tts.engines.xtts.worker" in child.cmdline() for child in children)
    libraries = {
        Path(line.split()[-1]).name for line in Path(f"/proc/{service.popen.pid}/maps").read_text().splitlines()
    }
    assert not [name for name in libraries if name.startswith(("libtorch", "libc10"))]
    assert service.stop() == 0
    assert not [child for child in children if child.is_running()]
