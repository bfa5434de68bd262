"""svc-tts as a real process on real sockets: it speaks with exact times, says what is wrong, survives, and drains."""

from __future__ import annotations

import asyncio
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import av
import grpc
import grpc.aio
import httpx
import numpy as np
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from troupe.v1 import engine_pb2, media_pb2, speech_pb2, speech_pb2_grpc
from troupe.wire.channels import open_channel
from troupe.wire.errors import (
    EmptyText,
    EngineFailed,
    InvalidArgument,
    MediaTooLarge,
    TextTooLong,
    TroupeError,
    UnknownEngine,
    UnknownVoice,
    UnsupportedFormat,
    UnsupportedMedia,
)
from troupe.wire.media import PIECE_BYTES, SAMPLE_RATE
from troupe.wire.statuses import from_rpc_error

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
ENGINES = "flite,espeak,tone" if shutil.which("flite") else "espeak,tone"


@pytest.fixture(scope="module")
def service(start_service_once):
    return start_service_once("svc_tts", TROUPE_SPEECH_ENGINES=ENGINES)


@pytest.fixture
async def stub(service) -> AsyncIterator[speech_pb2_grpc.SpeechStub]:
    async with open_channel(service.grpc) as channel:
        for engine in ENGINES.split(","):
            await until(channel, f"troupe.v1.Speech/{engine}", SERVING)
        yield speech_pb2_grpc.SpeechStub(channel)


async def until(channel: grpc.aio.Channel, service: str, status: int, within_s: float = 20.0) -> None:
    watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=service), timeout=within_s)
    async for state in watch:
        if state.status == status:
            break
    watch.cancel()


def settings(engine: str = "espeak", **fields: object) -> speech_pb2.SpeechInput:
    return speech_pb2.SpeechInput(settings=speech_pb2.SpeechSettings(engine=engine, **fields))


async def inputs(*these: speech_pb2.SpeechInput | str) -> AsyncIterator[speech_pb2.SpeechInput]:
    for each in these:
        yield speech_pb2.SpeechInput(text=each) if isinstance(each, str) else each


async def speak(stub: speech_pb2_grpc.SpeechStub, *these: speech_pb2.SpeechInput | str) -> list[speech_pb2.SpeechChunk]:
    return [chunk async for chunk in stub.Synthesize(inputs(*these), timeout=30)]


async def error_of(stub: speech_pb2_grpc.SpeechStub, *these: speech_pb2.SpeechInput | str) -> TroupeError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await speak(stub, *these)
    return from_rpc_error(caught.value)


def audio(chunks: list[speech_pb2.SpeechChunk]) -> bytes:
    return b"".join(chunk.audio for chunk in chunks)


def words(chunks: list[speech_pb2.SpeechChunk]) -> list[media_pb2.WordTiming]:
    return [word for chunk in chunks for word in chunk.words]


def header(chunks: list[speech_pb2.SpeechChunk]) -> speech_pb2.SpeechHeader:
    (only,) = [chunk.header for chunk in chunks if chunk.HasField("header")]
    return only


async def outstanding(stub: speech_pb2_grpc.SpeechStub, engine: str) -> int:
    reply = await stub.Describe(engine_pb2.DescribeRequest(), timeout=5)
    return next(each.outstanding for each in reply.engines if each.name == engine)


@pytest.mark.parametrize("engine", ENGINES.split(","))
async def test_times_are_exact_and_everything_is_covered(stub, engine: str) -> None:
    text = "Hello Dr. Smith, 😀 how are you? <#0.5#> I have 25 apples.  Bye"
    chunks = await speak(stub, settings(engine, voice_id="en-US-AriaNeural"), *text)
    assert header(chunks).voice_substituted
    assert header(chunks).requested_voice_id == "en-US-AriaNeural"
    cues = [cue for chunk in chunks for cue in chunk.cues]
    assert cues[0].start_ms == 0
    assert all(before.end_ms == after.start_ms for before, after in pairwise(cues))
    made, consumed = 0, 0
    for chunk in chunks:
        made += len(chunk.audio)
        if chunk.HasField("sentence_end"):
            assert made / 2 / SAMPLE_RATE * 1000 == pytest.approx(chunk.sentence_end.audio_ms, abs=0.51)
            assert chunk.sentence_end.text_consumed > consumed
            consumed = chunk.sentence_end.text_consumed
    assert consumed == len(text)
    assert cues[-1].end_ms == pytest.approx(made / 48, abs=1)
    said = [text[word.text_start : word.text_end].strip(",.?!") for word in words(chunks)]
    assert [word for word in said if word] == [
        "Hello",
        "Dr",
        "Smith",
        "how",
        "are",
        "you",
        "I",
        "have",
        "25",
        "apples",
        "Bye",
    ]
    assert all(len(chunk.audio) <= PIECE_BYTES for chunk in chunks)


async def test_a_sentence_is_spoken_while_the_next_is_written(stub) -> None:
    call = stub.Synthesize(timeout=20)
    await call.write(settings())
    await call.write(speech_pb2.SpeechInput(text="The first sentence. "))
    while not (await call.read()).audio:
        pass
    await call.write(speech_pb2.SpeechInput(text="The second one"))
    await call.write(speech_pb2.SpeechInput(flush=speech_pb2.Flush()))
    while True:
        chunk = await call.read()
        if chunk.sentence_end.text_consumed == len("The first sentence. The second one"):
            break
    await call.done_writing()
    while await call.read() is not grpc.aio.EOF:
        pass
    assert await call.code() == grpc.StatusCode.OK


async def test_ticks_flow_from_acceptance_on(stub) -> None:
    slow = speech_pb2.ToneSettings(delay_ms_per_word=600)
    chunks = await speak(stub, settings("tone", tone=slow), "one two")
    ticks = [chunk.tick for chunk in chunks if chunk.HasField("tick")]
    assert [tick.sequence for tick in ticks] == list(range(1, len(ticks) + 1))
    assert chunks[0].HasField("tick")
    call = stub.Synthesize(timeout=20)
    await call.write(settings("tone"))
    waiting = [await call.read() for _ in range(3)]
    assert [chunk.tick.stage for chunk in waiting][1:] == ["waiting for text"] * 2
    call.cancel()


HEADLESS = {media_pb2.AUDIO_CODEC_UNSPECIFIED, media_pb2.AUDIO_CODEC_PCM, media_pb2.AUDIO_CODEC_PCMU}


@pytest.mark.parametrize("codec", [codec for codec in media_pb2.AudioCodec.values() if codec not in HEADLESS])
async def test_every_codec_decodes_to_the_right_length(stub, codec: int) -> None:
    text = "Hello there, this is one sentence. And here is another."
    exact = await speak(stub, settings("tone"), text)
    chunks = await speak(stub, settings("tone", format=media_pb2.AudioFormat(codec=codec)), text)
    with av.open(io.BytesIO(audio(chunks))) as container:
        frames = list(container.decode(container.streams.audio[0]))
    seconds = sum(frame.samples / frame.sample_rate for frame in frames)
    assert seconds == pytest.approx(len(audio(exact)) / 2 / SAMPLE_RATE, abs=0.1)
    assert header(chunks).format.codec == codec


@pytest.mark.parametrize(
    ("given", "error", "words_in_it"),
    [
        ((), InvalidArgument, "first message"),
        (("text first",), InvalidArgument, "first message"),
        ((settings(), settings()), InvalidArgument, "text and flush"),
        ((settings(), ""), EmptyText, "nothing to say"),
        ((settings(), " \n\t"), EmptyText, "nothing to say"),
        ((settings(), "😀\x00\x1b\u202e"), EmptyText, "nothing to say"),
        ((settings(), "word " * 200_001), TextTooLong, "1,000,000"),
        ((settings("espek"), "hi"), UnknownEngine, 'Did you mean "espeak"'),
        ((settings(voice_id="en-US-AriaNeura"), "hi"), UnknownVoice, 'Did you mean "en-US-AriaNeural"'),
        ((settings(format=media_pb2.AudioFormat(sample_rate=1)), "hi"), UnsupportedFormat, "Allowed: 8000"),
        ((settings(format=media_pb2.AudioFormat(channels=9)), "hi"), UnsupportedFormat, "Allowed: 1, 2"),
        ((settings(format=media_pb2.AudioFormat(codec=99)), "hi"), InvalidArgument, "codec"),
        ((settings(speed=3), "hi"), InvalidArgument, "0.5 to 2"),
        ((settings("tone", tone=speech_pb2.ToneSettings(ms_per_word=2**32 - 1)), "hi"), InvalidArgument, "ms_per_word"),
        ((settings("tone", tone=speech_pb2.ToneSettings(fail_after_words=2)), "a b c"), EngineFailed, "after 2 words"),
    ],
)
async def test_what_is_wrong_is_told(stub, given, error: type[TroupeError], words_in_it: str) -> None:
    told = await error_of(stub, *given)
    assert type(told) is error
    assert words_in_it in told.message


async def test_a_voice_the_caller_knows_by_language_and_gender_is_stood_in_for(stub) -> None:
    wish = settings(voice_id="male-qn-qingse", language="zh-CN", gender=engine_pb2.GENDER_MALE)
    said = header(await speak(stub, wish, "你好，世界。"))
    assert (said.voice_id, said.voice_substituted, said.language) == ("espeak-zh-cn-m", True, "zh-CN")


async def test_who_leaves_frees_the_engine(stub) -> None:
    call = stub.Synthesize(inputs(settings("tone", tone=speech_pb2.ToneSettings(delay_ms_per_word=30_000)), "one two"))
    assert await outstanding(stub, "tone") in {0, 1}
    await call.read()
    while not await outstanding(stub, "tone"):
        await asyncio.sleep(0.01)
    call.cancel()
    left = time.monotonic()
    while await outstanding(stub, "tone"):
        await asyncio.sleep(0.01)
    assert time.monotonic() - left < 1.0  # the goal is 0.2


async def test_voices_of_a_language(stub) -> None:
    listed = await stub.ListVoices(speech_pb2.ListVoicesRequest(language="ja"), timeout=5)
    assert {voice.language for voice in listed.voices} == {"ja-JP"}


async def decoded(stub, data: bytes, most_ms: int = 0) -> bytes:
    async def sending() -> AsyncIterator[speech_pb2.DecodeInput]:
        yield speech_pb2.DecodeInput(settings=speech_pb2.DecodeSettings(max_duration_ms=most_ms))
        for at in range(0, len(data), 10_000):
            yield speech_pb2.DecodeInput(piece=data[at : at + 10_000])

    return audio([chunk async for chunk in stub.Decode(sending(), timeout=30)])


async def test_sound_files_are_decoded_and_bad_ones_told(stub) -> None:
    flac = media_pb2.AudioFormat(codec=media_pb2.AUDIO_CODEC_FLAC, sample_rate=44_100, channels=2)
    said = await speak(stub, settings("tone", format=flac), "one two three four five")
    pcm = np.frombuffer(await decoded(stub, audio(said)), "<i2")
    assert len(pcm) == pytest.approx(1.5 * SAMPLE_RATE, abs=240)
    for data, most_ms, error in ((b"no sound", 0, UnsupportedMedia), (audio(said), 500, MediaTooLarge)):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await decoded(stub, data, most_ms)
        assert type(from_rpc_error(caught.value)) is error


async def test_describe_says_all(stub) -> None:
    reply = await stub.Describe(engine_pb2.DescribeRequest(), timeout=5)
    assert reply.service == "troupe.v1.Speech"
    espeak = next(engine for engine in reply.engines if engine.name == "espeak")
    assert espeak.state == engine_pb2.ENGINE_STATE_READY
    assert espeak.licence.name == "GPL-3.0-or-later"
    assert {"en-US", "en-GB", "zh-CN", "ja-JP", "es-ES", "fr-FR"} <= set(espeak.languages)
    assert {"pcm", "mp3", "wav", "flac", "opus", "aac", "pcmu_raw", "pcmu_wav"} == set(espeak.formats)
    assert espeak.limits.max_text_chars == 1_000_000
    assert list(espeak.tasks) == [engine_pb2.TASK_SPEECH]


async def test_engines_that_know_their_times_say_so(stub) -> None:
    said = header(await speak(stub, settings(), "Hello."))
    assert said.timing == said.cue_timing == speech_pb2.TIMING_SOURCE_NATIVE


async def test_loudness_is_what_was_asked_for(stub) -> None:
    quiet, loud = [
        np.frombuffer(audio(await speak(stub, settings(loudness_lufs=target), "Hello there, my friend.")), "<i2")
        for target in (-30.0, -15.0)
    ]
    assert len(quiet) == pytest.approx(len(loud), abs=100)  # espeak's own jitter
    ratio = np.sqrt((loud.astype(float) ** 2).mean() / (quiet.astype(float) ** 2).mean())
    assert 20 * np.log10(ratio) == pytest.approx(15.0, abs=2.0)


async def test_the_seeds_http_lives_beside_it(service, stub) -> None:
    async with httpx.AsyncClient(base_url=f"http://{service.addresses['http']}") as client:
        health = await client.get("/health")
        first = ENGINES.split(",", maxsplit=1)[0]
        assert health.json() == {"status": "healthy", "cuda": False, "model_loaded": True, "backend": first}
        assert health.headers["X-Troupe-Grpc-Port"] == service.grpc.rpartition(":")[2]
        reply = await client.post("/synthesize", json={"text": "今日は", "voice_id": "ja-JP-NanamiNeural"})
        assert reply.headers["X-Troupe-Voice"] == "espeak-ja-jp-f"
        assert len(reply.content) > 1_000


async def test_gpl_code_stays_out_of_the_service(service, stub) -> None:
    assert audio(await speak(stub, settings(), "Hello"))
    process = psutil.Process(service.popen.pid)
    assert "espeak" not in maps(process.pid)
    assert [child for child in process.children() if "espeak" in maps(child.pid)]


def maps(pid: int) -> str:
    return Path(f"/proc/{pid}/maps").read_text()


async def test_a_child_killed_while_it_speaks_fails_nobody(service, stub) -> None:
    text = "This is a sentence that is spoken while things break. " * 20
    speaking = asyncio.create_task(speak(stub, settings(), text))
    await asyncio.sleep(0.05)
    for child in psutil.Process(service.popen.pid).children():
        if "espeak" in maps(child.pid):
            os.kill(child.pid, signal.SIGKILL)
    chunks = await speaking
    ends = [chunk.sentence_end for chunk in chunks if chunk.HasField("sentence_end")]
    assert ends[-1].text_consumed == len(text)
    assert len(audio(chunks)) / 48 == pytest.approx(ends[-1].audio_ms, abs=1)
    async with open_channel(service.grpc) as channel:
        await until(channel, "troupe.v1.Speech/espeak", SERVING, 5)


async def test_a_broken_engine_is_not_serving_and_the_service_lives(start_service, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "flite"
    program.parent.mkdir()
    shutil.copy(shutil.which("flite") or pytest.skip("flite is not installed: sudo apt-get install -y flite"), program)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    service = start_service("svc_tts", TROUPE_SPEECH_ENGINES="flite,tone", PATH=path)
    async with open_channel(service.grpc) as channel:
        stub = speech_pb2_grpc.SpeechStub(channel)
        await until(channel, "troupe.v1.Speech/flite", SERVING)
        program.write_text("#!/bin/sh\nexit 1\n")
        broken = time.monotonic()
        await until(channel, "troupe.v1.Speech/flite", NOT_SERVING)
        assert time.monotonic() - broken < 5  # the goal is 1
        await until(channel, "", SERVING)
        await until(channel, "live", SERVING)
        engine = (await stub.Describe(engine_pb2.DescribeRequest(), timeout=5)).engines[0]
        assert engine.state == engine_pb2.ENGINE_STATE_BROKEN
        assert "status 1" in engine.reason
        assert isinstance(await error_of(stub, settings("flite"), "hi"), EngineFailed)


def run_service(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "svc_tts", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


async def test_a_taken_port_is_told_with_its_holder(service, tmp_path: Path) -> None:
    grpc_port, http_port = (service.addresses[kind].rpartition(":")[2] for kind in ("grpc", "http"))
    for wanted, name in ((grpc_port, "TROUPE_SPEECH_GRPC_PORT"), (http_port, "TROUPE_SPEECH_HTTP_PORT")):
        free = {f"TROUPE_SPEECH_{kind}_PORT": "0" for kind in ("GRPC", "HTTP", "METRICS")}
        env = os.environ | free | {"TROUPE_SPEECH_ENGINES": "tone", "VOICES_URL": str(tmp_path), name: wanted}
        failed = await asyncio.to_thread(run_service, env)
        assert failed.returncode != 0
        assert wanted in failed.stderr
        assert name in failed.stderr
        assert str(service.popen.pid) in failed.stderr
        assert "Traceback" not in failed.stderr


async def test_sigterm_drains_and_leaves_no_process(start_service) -> None:
    service = start_service("svc_tts", TROUPE_SPEECH_ENGINES="espeak,tone")
    async with open_channel(service.grpc) as channel:
        stub = speech_pb2_grpc.SpeechStub(channel)
        await until(channel, "troupe.v1.Speech/espeak", SERVING)
        await until(channel, "troupe.v1.Speech/tone", SERVING)
        children = psutil.Process(service.popen.pid).children()
        assert children
        slow = settings("tone", tone=speech_pb2.ToneSettings(delay_ms_per_word=200))
        speaking = asyncio.create_task(speak(stub, slow, "one two three four five"))
        await asyncio.sleep(0.3)
        service.signal(signal.SIGTERM)
        assert len(words(await speaking)) == 5
    assert await asyncio.to_thread(service.popen.wait, 20) == 0
    assert [child for child in children if child.is_running()] == []
    assert "Traceback" not in service.log


def test_the_doctor_prints_json(tmp_path: Path) -> None:
    env = os.environ | {"TROUPE_SPEECH_ENGINES": "espeak,flite", "PATH": str(tmp_path)}
    told = run_service(env, "doctor", "--json")
    rows = {row["name"]: row for row in json.loads(told.stdout)}
    assert told.returncode == 0
    assert (rows["espeak"]["state"], rows["espeak"]["reason"]) == ("OK", "a word")
    assert (rows["flite"]["state"], rows["flite"]["remedy"]) == ("missing", "sudo apt-get install -y flite")
    assert not rows["flite"]["needed"]


FRAGMENTS = (
    *(
        "Hello ",
        "world. ",
        "你好",
        "。",
        "今日は",
        "Привет ",
        "مرحبا ",
        "שלום",
        "<#0.1#>",
        "<#",
        "#>",
        "😀",
        "\x00",
        "\u202e",
    ),
    *(
        "\n\n",
        "...",
        "?!",
        "Mr. ",
        "e.g. ",
        "3.14",
        "$5.50 ",
        "http://x.y/z?a=b ",
        "[[hello]]",
        "<speak>",
        "&amp;",
        "@#$",
    ),
    *(
        "한국어 ",
        "हिन्दी ",
        "ไทย",
        "ß",
        "\ufeff",
        "a" * 80,
        "—",
        "“q” ",
        "\t",
        "\r\n",
        "½",
        "²",
        "ﬁ",
        "Ⅷ",
        "𝒳",
        "q́",
        "(chu3)",
    ),
)


@pytest.mark.parametrize("seed", range(24))
async def test_whatever_is_written_the_times_hold(stub, seed: int) -> None:
    chance = random.Random(seed)
    text = "Go " + "".join(chance.choices(FRAGMENTS, k=chance.randrange(1, 30)))
    voice = chance.choice(["", "en-US-AriaNeural", "zh-CN-YunxiNeural", "ja-JP-NanamiNeural", "fr-FR-DeniseNeural"])
    rate = chance.choice([8_000, 24_000, 44_100])
    asked = settings(voice_id=voice, format=media_pb2.AudioFormat(sample_rate=rate))
    chunks = await speak(stub, asked, *(text[at : at + 5] for at in range(0, len(text), 5)))
    end = [chunk.sentence_end for chunk in chunks if chunk.HasField("sentence_end")][-1]
    cues = [cue for chunk in chunks for cue in chunk.cues]
    assert end.text_consumed == len(text)
    assert len(audio(chunks)) / 2 / rate * 1000 == pytest.approx(end.audio_ms, abs=1)
    assert (cues[0].start_ms, cues[-1].end_ms) == (0, pytest.approx(end.audio_ms, abs=1))
    assert all(before.end_ms == after.start_ms for before, after in pairwise(cues))
    assert all(word.text_start < word.text_end <= len(text) for word in words(chunks))
    assert all(before.start_ms <= after.start_ms for before, after in pairwise(words(chunks)))


async def test_metrics_tell_how_soon_it_was_heard(service, stub) -> None:
    await speak(stub, settings("tone"), "hi")
    async with httpx.AsyncClient() as client:
        told = (await client.get(f"http://{service.addresses['metrics']}/metrics")).text
    assert 'troupe_speech_first_audio_seconds_count{engine="tone"}' in told
    assert 'troupe_rpc_total{code="ok",method="Synthesize"}' in told


async def test_nothing_said_is_in_the_log(service, stub) -> None:
    await speak(stub, settings(), "Xylophone secrets.")
    await error_of(stub, settings(), "Xylophone " * 100_001)
    assert "ylophone" not in service.log
