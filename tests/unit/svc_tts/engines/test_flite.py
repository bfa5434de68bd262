from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import signal
import stat
import time
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile
import soxr

from svc_tts.engine import EngineContext, FliteOptions, Piece, Utterance
from svc_tts.engines.flite import REMEDY, FliteEngine
from troupe.wire.errors import EngineFailed, EngineMissing, UnsupportedLanguage

needs_flite = pytest.mark.skipif(shutil.which("flite") is None, reason=f"flite is not installed: {REMEDY}")
CONTEXT = EngineContext(2, 2.0)
Make = Callable[..., FliteEngine]
RATE = 16_000
MAX_WER = 0.15
SENTENCES = (
    "the weather is very nice today and we will walk to the park",
    "please send the letter to my brother before the end of the week",
    "there are many ways to reach the city by train or by car",
    "she asked the teacher a question about the history of the house",
    "we have been waiting for the bus since early this morning",
    "my mother wants to buy some bread and milk on her way home",
)


@pytest.fixture
async def engines() -> AsyncIterator[Make]:
    """Makes engines and stops them."""
    made: list[FliteEngine] = []

    def make(context: EngineContext = CONTEXT, program: str = "flite") -> FliteEngine:
        made.append(FliteEngine(context, program))
        return made[-1]

    yield make
    for engine in made:
        await engine.stop()


def programs() -> list[psutil.Process]:
    """What the starters run now."""
    starters = [child for child in psutil.Process().children() if "svc_tts.engines.flite_child" in child.cmdline()]
    return [program for starter in starters for program in starter.children()]


async def speak(engine: FliteEngine, text: str, voice: int = 0, **settings: object) -> list[Piece]:
    return [piece async for piece in engine.speak(Utterance(text, engine.voices()[voice], "en-US", **settings))]


def seconds(pieces: list[Piece]) -> float:
    return sum(len(piece.pcm) for piece in pieces) / 2 / RATE


def script(path: Path, body: str) -> str:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@needs_flite
@pytest.mark.parametrize("voice", range(4))
async def test_words_and_phones_cover_the_sound(voice: int, engines: Make) -> None:
    text = "Hello Dr. Smith, I have 25 apples — “really”? Yes. It's $5.50."
    pieces = await speak(engines(CONTEXT), text, voice)
    words = [word for piece in pieces for word in piece.words]
    phones = [phone for piece in pieces for phone in piece.phones]
    said = ["Hello", "Dr", "Smith", "I", "have", "25", "apples", "really", "Yes", "It's", "$5.50"]
    assert [text[word.start : word.end] for word in words] == said
    assert all(before.end_s <= after.start_s for before, after in pairwise(words))
    assert phones[0].start_s == 0
    assert phones[-1].end_s == pytest.approx(seconds(pieces))
    assert all(before.end_s == after.start_s for before, after in pairwise(phones))


@needs_flite
async def test_speed_pitch_and_stretch_are_heard(engines: Make) -> None:
    engine, text = engines(CONTEXT), "hello there I am here"
    usual = seconds(await speak(engine, text))
    assert seconds(await speak(engine, text, speed=2.0)) == pytest.approx(usual / 2, rel=0.15)
    assert seconds(await speak(engine, text, options=FliteOptions(2.0))) == pytest.approx(usual * 2, rel=0.15)
    for voice in (0, 2):
        low, high = [await speak(engine, text, voice, pitch=pitch) for pitch in (-6.0, 6.0)]
        assert seconds(low) == pytest.approx(seconds(high), rel=0.05)
        assert hertz(high) > 1.6 * hertz(low)


def hertz(pieces: list[Piece]) -> float:
    """The usual pitch of the voiced stretches, by autocorrelation."""
    sound = np.frombuffer(b"".join(piece.pcm for piece in pieces), "<i2").astype(float)
    found = []
    for frame in (sound[at : at + 1024] for at in range(0, len(sound) - 1024, 512)):
        likeness = np.correlate(frame, frame, "full")[1023:] * 1024 / np.arange(1024, 0, -1)
        lag = 40 + int(np.argmax(likeness[40:320]))
        if np.abs(frame).max() > 3_000 and likeness[lag] > 0.5 * likeness[0]:
            found.append(RATE / lag)
    return float(np.median(found))


@needs_flite
async def test_a_recogniser_understands_it(engines: Make) -> None:
    pocketsphinx = pytest.importorskip("pocketsphinx", reason="pocketsphinx has no wheel for this machine")
    engine, decoder = engines(CONTEXT), pocketsphinx.Decoder(loglevel="FATAL", samprate=RATE)
    rates = []
    for sentence in SENTENCES:
        pcm = np.frombuffer(b"".join(piece.pcm for piece in await speak(engine, sentence)), "<i2")
        # Through the rate that travels between services.
        heard = soxr.resample(soxr.resample(pcm.astype(np.float32), RATE, 24_000), 24_000, RATE).astype("<i2")
        rates.append(word_error_rate(sentence, await asyncio.to_thread(recognise, decoder, heard.tobytes())))
    assert np.mean(rates) <= MAX_WER


def recognise(decoder, pcm: bytes) -> str:
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()
    return decoder.hyp().hypstr if decoder.hyp() else ""


def word_error_rate(wanted: str, heard: str) -> float:
    want, got = wanted.split(), re.sub(r"\(\d\)", "", heard).split()
    row = list(range(len(got) + 1))
    for i, word in enumerate(want, 1):
        row, before = [i], row
        for j, other in enumerate(got, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (word != other)))
    return row[-1] / len(want)


def test_word_error_rate() -> None:
    assert word_error_rate("a b c d", "a x c") == 0.5
    assert word_error_rate("a", "") == 1.0


@needs_flite
async def test_text_is_not_on_the_command_line(engines: Make) -> None:
    engine, seen = engines(), []
    task = asyncio.create_task(speak(engine, "secret words, " * 25))
    while not task.done():
        for program in programs():
            with contextlib.suppress(psutil.Error):
                seen += program.cmdline()
        await asyncio.sleep(0.005)
    assert seconds(task.result()) > 0
    assert "rms" in seen
    assert not [argument for argument in seen if "secret" in argument]


@needs_flite
async def test_leaving_early_ends_the_program(engines: Make) -> None:
    engine = engines(EngineContext(1, 2.0))
    await engine.start(lambda _: None)
    task = asyncio.create_task(speak(engine, "many words come here, " * 25))
    while not programs():
        await asyncio.sleep(0.005)
    left = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - left < 1.0  # the goal is 0.2
    assert not [program for program in programs() if program.status() != psutil.STATUS_ZOMBIE]
    assert seconds(await speak(engine, "next")) > 0


async def test_stopping_leaves_no_program(engines: Make, tmp_path: Path) -> None:
    engine = engines(CONTEXT, script(tmp_path / "flite", "exec sleep 60"))
    task = asyncio.create_task(speak(engine, "one"))
    while len(running := programs()) < 2:  # the sentence, and its words by themselves
        await asyncio.sleep(0.005)
    await engine.stop()
    with pytest.raises(EngineFailed, match="was stopped"):
        await task
    _, alive = psutil.wait_procs(running, timeout=5)
    assert not alive


@needs_flite
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_dead_or_frozen_starter_fails_nobody(engines: Make, number: signal.Signals) -> None:
    engine = engines(EngineContext(2, 0.5))
    await engine.start(lambda _: None)
    for child in psutil.Process().children():
        if "svc_tts.engines.flite_child" in child.cmdline():
            child.send_signal(number)
    assert seconds(await speak(engine, "one two three")) > 0


async def test_who_waits_for_a_turn_says_so(tmp_path: Path, engines: Make) -> None:
    engine = engines(EngineContext(1, 5.0), script(tmp_path / "flite", "sleep 0.7; exit 3"))
    first = asyncio.create_task(speak(engine, "one"))
    await asyncio.sleep(0.05)
    second = engine.speak(Utterance("two", engine.voices()[0], "en-US"))
    assert [await anext(second) for _ in range(3)] == [Piece()] * 3
    with pytest.raises(EngineFailed, match="status 3"):
        await speak(engine, "three")
    with pytest.raises(EngineFailed):
        await first
    await second.aclose()


async def test_slow_pronunciations_are_no_silence(tmp_path: Path, engines: Make) -> None:
    """The sentence is there at once; what its words sound like by themselves takes a while."""
    soundfile.write(tmp_path / "one.wav", np.zeros(RATE, np.int16), RATE)
    spoken = f'cat {tmp_path}/one.wav > "$9"; echo pau:0.1 w:0.2 ah:0.3 n:1.0; exit'
    works = "i=0; while [ $i -lt 900000 ]; do i=$((i+1)); done; echo w ah n"
    engine = engines(CONTEXT, script(tmp_path / "flite", f'case "$*" in *-psdur*) {spoken};; esac\n{works}'))
    pieces = await speak(engine, "one")
    assert seconds(pieces) == pytest.approx(1.0)
    quiet = next(number for number, piece in enumerate(pieces) if piece.pcm)
    assert quiet >= 3  # beats, one each 0.1 s at most


async def test_it_reads_latin_letters_only(engines: Make) -> None:
    with pytest.raises(UnsupportedLanguage, match="espeak"):
        await speak(engines(CONTEXT), "你好")


async def test_a_missing_program_names_the_command_that_mends_it(engines: Make) -> None:
    engine = engines(CONTEXT, "no-such-flite")
    with pytest.raises(EngineMissing) as caught:
        await engine.start(lambda _: None)
    assert caught.value.details["remedy"] == "sudo apt-get install -y flite"


async def test_check_sees_that_the_program_vanished_or_broke(tmp_path: Path, engines: Make) -> None:
    path = tmp_path / "flite"
    engine = engines(CONTEXT, script(path, "echo pau:0.1 w:0.2 ah:0.3 n:0.4"))
    await engine.check()
    script(path, "exit 7")
    with pytest.raises(EngineFailed, match="status 7"):
        await engine.check()
    path.unlink()
    with pytest.raises(EngineMissing):
        await engine.check()
    script(path, "echo pau:0.1 w:0.2 ah:0.3 n:0.4")
    await engine.check()


async def test_a_program_that_hangs_is_ended(tmp_path: Path, engines: Make) -> None:
    engine = engines(EngineContext(1, 0.3), script(tmp_path / "flite", "exec sleep 60"))
    started = time.monotonic()
    with pytest.raises(EngineFailed, match=r"did nothing for 0\.3 s"):
        await speak(engine, "one")
    assert time.monotonic() - started < 5


async def test_a_program_that_cannot_run_is_told(tmp_path: Path, engines: Make) -> None:
    path = tmp_path / "flite"
    path.write_bytes(b"\x7fELF broken")
    path.chmod(0o755)
    with pytest.raises(EngineFailed, match="cannot be started"):
        await speak(engines(CONTEXT, str(path)), "one")
