"""`make bench-speech`: every engine of svc-tts that runs here says a minute of text, as a real process on real sockets.

- What cannot be had here stands in, and is labelled: piper and xtts with random weights (xtts a tiny one), edge against
  a fake of Microsoft's endpoint on this machine. Their times are the machinery's; nobody understands what they say.
- Words are judged by pocketsphinx, sentence by sentence: wer is null where nothing can be understood.
- overhead_ms: first sound through the service, less first sound of the same engine asked directly in this process, the
  two taking turns, median of the differences; the worst engine counts.
- cached_ms: a sentence said before, until all of it is here.
- mp3_x: a minute of flite's speech through the encoder, in the pieces that the service gives it.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

from tests.bench.recogniser import Recogniser, word_errors, words_of
from tests.bench.report import machine, rounds
from tests.bench.waveform import Judged, judge
from tests.conftest import Process, start_process
from tests.fakes.edge import edge_in_a_thread
from tests.fakes.piper_voice import random_vits, write

from svc_tts.audio.encode import make_encoder
from svc_tts.audio.format import AudioFormat, Codec
from svc_tts.engine import Engine, EngineContext, Utterance, load_engine
from troupe.v1 import engine_pb2, speech_pb2, speech_pb2_grpc
from troupe.wire.channels import open_channel
from troupe.wire.errors import EngineFailed
from troupe.wire.media import SAMPLE_BYTES, SAMPLE_RATE

# A minute at flite's pace; words that the recogniser's dictionary has.
SENTENCES = (
    "The weather is very nice today and we will walk to the park.",
    "Please send the letter to my brother before the end of the week.",
    "There are many ways to reach the city by train or by car.",
    "She asked the teacher a question about the history of the house.",
    "We have been waiting for the bus since early this morning.",
    "My mother wants to buy some bread and milk on her way home.",
    "The company makes small machines that clean the water of rivers and lakes.",
    "He opened the window because the room was too warm for the children.",
    "They built a bridge over the river so that people could cross it in winter.",
    "Nobody knew why the lights in the old theatre were still burning.",
    "The doctor told him to drink more water and to sleep a little longer.",
    "In the evening the whole family sat around the fire and talked about the summer.",
    "The young man carried the heavy boxes from the station to the market.",
    "After the meeting we had coffee and looked at the pictures of the new building.",
)
TEXT = " ".join(SENTENCES)
CACHED = SENTENCES[0]
XTTS_STOPS = 1.0  # bias of the code that ends a sentence: the whole takes about a minute
UNDERSTOOD = ("flite", "espeak")  # real voices, of the engines that are here without a download
PIPER_CHANNELS = 256  # of the first layer: the size of the released medium voices
OVERHEAD = ("tone", "espeak", "flite")  # engines that cost little themselves
TURNS = 15  # of each side, a round
MP3_PIECE = SAMPLE_RATE * SAMPLE_BYTES // 10  # 0.1 s
READY_S = 60.0
SAYING_S = 300.0
POLL_S = 0.05
WARM_UP = "Ready."


@dataclass(frozen=True, slots=True)
class Take:
    """One answer."""

    first_ms: float
    total_ms: float
    pcm: bytes
    ends_ms: tuple[int, ...]  # of the sentences

    @property
    def sentences(self) -> list[bytes]:
        """Its sound, sentence by sentence."""
        cuts = [0, *(end * SAMPLE_RATE // 1000 * SAMPLE_BYTES for end in self.ends_ms)]
        return [self.pcm[start:end] for start, end in pairwise(cuts)]


@dataclass(frozen=True, slots=True)
class Overhead:
    """Until the first sound, milliseconds, medians."""

    direct: float
    served: float
    difference: float  # the median one, which is not the difference of the medians


@dataclass(frozen=True, slots=True)
class Stage:
    """What runs: every engine with nothing kept, and one service that keeps its sentences."""

    plain: Process
    keeping: Process
    labels: Mapping[str, str]  # engine -> what stands in


@contextmanager
def stage() -> Iterator[Stage]:
    """The services, with stand-ins for what cannot be had here."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        fake = stack.enter_context(edge_in_a_thread())
        write(folder / "piper", "en_US-random-medium", random_vits(PIPER_CHANNELS))
        settings = {
            "TROUPE_SPEECH_ENGINES": "flite,espeak,piper,edge,xtts,tone",
            "TROUPE_SPEECH_PIPER_DIR": str(folder / "piper"),
            "TROUPE_SPEECH_EDGE_ENDPOINT": fake.url,
            "PROVIDER_XTTS_CHECKPOINT": str(folder / "xtts"),
            "COQUI_TOS_AGREED": "1",
        }
        labels = {
            "piper": f"random weights, {PIPER_CHANNELS} channels",
            "edge": "a fake endpoint on this machine",
            "xtts": _xtts(folder / "xtts"),
        }
        plain = start_process("svc_tts", folder, **settings, TROUPE_SPEECH_CACHE_MB="0")
        stack.callback(plain.stop)
        kept = {"TROUPE_SPEECH_CACHE_MB": "64", "TROUPE_SPEECH_CACHE_DIR": str(folder / "sentences")}
        keeping = start_process("svc_tts", folder, TROUPE_SPEECH_ENGINES="flite", **kept)
        stack.callback(keeping.stop)
        yield Stage(plain, keeping, labels)


def _xtts(folder: Path) -> str:
    """A tiny release with random weights, where torch is; gives its label."""
    if find_spec("torch") is None:
        return "not run: make torch"
    from tests.fakes.xtts_release import make  # needs torch

    make(folder, stop_bias=XTTS_STOPS)
    return "random weights, 1 M of 467 M parameters"


async def ready_engines(stub: speech_pb2_grpc.SpeechStub) -> list[str]:
    """The engines that serve, when all know whether they do."""
    async with asyncio.timeout(READY_S):
        while True:
            reply = await stub.Describe(engine_pb2.DescribeRequest(), wait_for_ready=True)
            states = {engine.name: engine.state for engine in reply.engines}
            if not {engine_pb2.ENGINE_STATE_UNSPECIFIED, engine_pb2.ENGINE_STATE_LOADING} & set(states.values()):
                return [name for name, state in states.items() if state == engine_pb2.ENGINE_STATE_READY]
            await asyncio.sleep(POLL_S)


async def say(stub: speech_pb2_grpc.SpeechStub, engine: str, text: str, voice: str = "") -> Take:
    """The text in one message, PCM back."""

    async def inputs() -> AsyncIterator[speech_pb2.SpeechInput]:
        settings = speech_pb2.SpeechSettings(engine=engine, voice_id=voice, language="en-US")
        yield speech_pb2.SpeechInput(settings=settings)
        yield speech_pb2.SpeechInput(text=text)

    began, first_s, pcm, ends = time.perf_counter(), 0.0, bytearray(), list[int]()
    async for chunk in stub.Synthesize(inputs(), timeout=SAYING_S):
        first_s = first_s or (time.perf_counter() - began if chunk.audio else 0.0)
        pcm += chunk.audio
        if chunk.HasField("sentence_end"):
            ends.append(chunk.sentence_end.audio_ms)
    return Take(first_s * 1000, (time.perf_counter() - began) * 1000, bytes(pcm), tuple(ends))


def word_error_rate(recogniser: Recogniser, take: Take) -> float:
    """Of the whole text."""
    heard = [words_of(recogniser.hear(pcm)) for pcm in take.sentences]
    if len(heard) != len(SENTENCES):
        raise SystemExit(
            f"{len(heard)} sentences were spoken, {len(SENTENCES)} asked for: the bench's text is at fault."
        )
    wanted = [words_of(sentence) for sentence in SENTENCES]
    return sum(map(word_errors, wanted, heard)) / sum(map(len, wanted))


async def spoken(stub: speech_pb2_grpc.SpeechStub, engines: list[str], count: int) -> dict[str, list[Take]]:
    """The minute of text from each engine, which has spoken before; the engines take turns."""
    takes: dict[str, list[Take]] = {engine: [] for engine in engines}
    for engine in engines:
        await say(stub, engine, WARM_UP)
    for _ in range(count):
        for engine in engines:
            takes[engine].append(await say(stub, engine, TEXT))
    return takes


@asynccontextmanager
async def here(name: str) -> AsyncIterator[Engine]:
    """That engine in this process, with nothing around it."""
    engine = load_engine(name, EngineContext(workers=2, deadline_s=20.0))
    await engine.start(lambda _: None)
    try:
        yield engine
    finally:
        await engine.stop()


async def first_sound_ms(engine: Engine) -> float:
    """Of the first sentence, asked directly."""
    began = time.perf_counter()
    async with aclosing(engine.speak(Utterance(CACHED, engine.voices()[0], "en-US"))) as pieces:
        async for piece in pieces:
            if piece.pcm:
                return (time.perf_counter() - began) * 1000
    raise EngineFailed(f"{engine.facts.name} made no sound.")


async def overheads(stub: speech_pb2_grpc.SpeechStub, engines: list[str], count: int) -> dict[str, Overhead]:
    """What the service adds to each engine, which takes turns with itself."""
    found = {}
    async with AsyncExitStack() as stack:
        for name in engines:
            engine = await stack.enter_async_context(here(name))
            direct, served = list[float](), list[float]()
            for _ in range(count):
                direct.append(await first_sound_ms(engine))
                served.append((await say(stub, name, CACHED)).first_ms)
            more = [with_it - without for without, with_it in zip(direct, served, strict=True)]
            found[name] = Overhead(statistics.median(direct), statistics.median(served), statistics.median(more))
    return found


async def cached(stub: speech_pb2_grpc.SpeechStub, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds to the first sound of a sentence that was kept, and to its end."""
    await say(stub, "flite", CACHED)
    await asyncio.sleep(1.0)  # it is written behind the answer
    takes = [await say(stub, "flite", CACHED) for _ in range(count)]
    return [take.first_ms for take in takes], [take.total_ms for take in takes]


def mp3_speed(pcm: bytes) -> float:
    """Times real time."""
    encoder = make_encoder(AudioFormat.of(Codec.MP3))
    began = time.perf_counter()
    for at in range(0, len(pcm), MP3_PIECE):
        encoder.feed(pcm[at : at + MP3_PIECE])
    encoder.flush()
    return len(pcm) / SAMPLE_BYTES / SAMPLE_RATE / (time.perf_counter() - began)


async def measure(on: Stage, count: int) -> None:
    """All of it, printed."""
    recogniser = Recogniser.here()
    async with open_channel(on.plain.grpc) as channel, open_channel(on.keeping.grpc) as keeping:
        stub, kept = speech_pb2_grpc.SpeechStub(channel), speech_pb2_grpc.SpeechStub(keeping)
        ready = await ready_engines(stub)
        await ready_engines(kept)
        takes = await spoken(stub, [name for name in ready if name != "tone"], count)
        costs = await overheads(stub, [name for name in OVERHEAD if name in ready], count * TURNS)
        first_ms, whole_ms = await cached(kept, count * TURNS) if "flite" in ready else ([], [])
        voices = await other_voices(stub, recogniser) if "flite" in ready else {}
    sound = takes.get("flite") or next(iter(takes.values()))
    mp3 = [mp3_speed(sound[0].pcm) for _ in range(max(3, count))]
    figures = {name: engine_figures(name, takes.get(name, []), recogniser) for name in (*UNDERSTOOD, *on.labels)}
    print_engines(on, takes, figures, count)
    print_others(costs, first_ms, whole_ms, mp3, voices)
    last = {
        "mp3_x": round(statistics.median(mp3), 1),
        "cached_ms": round(statistics.median(whole_ms), 2) if whole_ms else None,
        "overhead_ms": round(max(cost.difference for cost in costs.values()), 2) if costs else None,
    }
    print(json.dumps(figures | last))


async def other_voices(stub: speech_pb2_grpc.SpeechStub, recogniser: Recogniser | None) -> dict[str, float]:
    """Word error rates of flite's voices."""
    listed = await stub.ListVoices(speech_pb2.ListVoicesRequest(language="en"))
    names = [voice.voice_id for voice in listed.voices if voice.engine == "flite"]
    takes = {name: await say(stub, "flite", TEXT, name) for name in names if recogniser}
    return {name: word_error_rate(recogniser, take) for name, take in takes.items() if recogniser}


Row = dict[str, float | None]


def engine_figures(name: str, takes: list[Take], recogniser: Recogniser | None) -> Row:
    """Medians; null where it did not run, or cannot be understood."""
    if not takes:
        return {"first_audio_ms": None, "total_ms": None, "wer": None}
    understood = recogniser is not None and name in UNDERSTOOD
    return {
        "first_audio_ms": round(statistics.median(take.first_ms for take in takes), 1),
        "total_ms": round(statistics.median(take.total_ms for take in takes), 1),
        "wer": round(word_error_rate(recogniser, takes[0]), 3) if understood and recogniser else None,
    }


def print_engines(on: Stage, takes: Mapping[str, list[Take]], figures: Mapping[str, Row], count: int) -> None:
    """The table of the engines, then what is wrong with their sound."""
    print(f"\nspeech: {len(TEXT)} characters, {len(words_of(TEXT))} words, to each engine in one message\n{machine()}")
    print(f"{count} rounds, medians (lowest-highest)")
    print(f"{'':8}{'first audio, ms':>24}{'whole, ms':>24}{'sound, s':>10}{'x real':>8}{'wer':>7}")
    for name, row in figures.items():
        label = on.labels.get(name, "")
        if name not in takes:
            print(f"{name:8}{'-':>24}{'-':>24}{'-':>10}{'-':>8}{'-':>7}  {label}")
            continue
        first, total = ([getattr(take, what) for take in takes[name]] for what in ("first_ms", "total_ms"))
        seconds = len(takes[name][0].pcm) / SAMPLE_BYTES / SAMPLE_RATE
        speed = seconds * 1000 / statistics.median(total)
        wer = "-" if row["wer"] is None else f"{row['wer']:.3f}"
        print(f"{name:8}{spread(first):>24}{spread(total):>24}{seconds:10.1f}{speed:8.1f}{wer:>7}  {label}")
    print("\nsound        peak  clipped   offset  silent  longest silence, s  worst join (1 = as elsewhere)")
    for name, made in takes.items():
        print(f"{name:8}{sound_row(judge(made[0].pcm, made[0].ends_ms[:-1]))}")


def spread(values: list[float]) -> str:
    """Median and range."""
    return f"{statistics.median(values):.0f} ({min(values):.0f}-{max(values):.0f})"


def sound_row(sound: Judged) -> str:
    """One line of the second table."""
    return (
        f"{sound.peak:9.2f}{sound.clipped:9}{sound.offset:9.4f}{sound.silent:8.2f}"
        f"{sound.longest_silence_s:20.2f}{sound.worst_join:14.2f}"
    )


def print_others(
    costs: Mapping[str, Overhead],
    first_ms: list[float],
    whole_ms: list[float],
    mp3: list[float],
    voices: Mapping[str, float],
) -> None:
    """What is not one engine's."""
    print("\nfirst sound, ms        directly  through svc-tts  overhead")
    for name, cost in costs.items():
        print(f"{name:20}{cost.direct:11.2f}{cost.served:17.2f}{cost.difference:10.2f}")
    if whole_ms:
        print(f"\na sentence kept on disk: first sound {spread_ms(first_ms)} ms, all of it {spread_ms(whole_ms)} ms")
    print(f"mp3 encoder: {spread(mp3)} times real time")
    print("word error rates: " + ", ".join(f"{name} {rate:.3f}" for name, rate in voices.items()) + "\n")


def spread_ms(values: list[float]) -> str:
    """Median and range, to tenths."""
    return f"{statistics.median(values):.1f} ({min(values):.1f}-{max(values):.1f})"


def main() -> None:
    """Measure and print."""
    with stage() as on:
        asyncio.run(measure(on, rounds()))


if __name__ == "__main__":
    main()
