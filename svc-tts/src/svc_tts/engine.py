"""What a speech engine is: everything one must know to write another.

An engine turns one utterance (a clean sentence, or a part of one between pauses) into pieces of PCM s16le mono at its
own rate, with words and phones as it comes to know them. Times are seconds from the first sample of the utterance,
positions are code points of `Utterance.text`. Engines see neither protobuf nor gRPC nor HTTP; they raise the leaves of
`troupe.wire.errors`. To add one: docs/ENGINES.md.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

from troupe.wire.plugins import engine_class

ENGINES = {
    "xtts": "svc_tts.engines.xtts.engine:XttsEngine",
    "flite": "svc_tts.engines.flite:FliteEngine",
    "espeak": "svc_tts.engines.espeak:EspeakEngine",
    "piper": "svc_tts.engines.piper.engine:PiperEngine",
    "edge": "svc_tts.engines.edge.engine:EdgeEngine",
    "tone": "svc_tts.engines.tone:ToneEngine",
}
"""Name -> "module:Class", imported only when chosen."""


class Gender(StrEnum):
    """A voice's gender; empty = not known."""

    UNKNOWN = ""
    FEMALE = "female"
    MALE = "male"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class EngineVoice:
    """One voice of an engine."""

    voice_id: str
    name: str
    language: str  # BCP 47; empty = every language of its engine
    gender: Gender = Gender.UNKNOWN
    features: tuple[str, ...] = ()  # what it can beyond the features of its engine
    version: str = ""  # changes when it would sound otherwise, as when its file was replaced
    retired: bool = False  # it is known and speaks no more: another one speaks for it


@dataclass(frozen=True, slots=True)
class EspeakOptions:
    """What only espeak understands."""

    variant: str = ""
    word_gap_ms: int = 0


@dataclass(frozen=True, slots=True)
class FliteOptions:
    """What only flite understands."""

    duration_stretch: float = 1.0


@dataclass(frozen=True, slots=True)
class ToneOptions:
    """What only the test engine understands."""

    base_hz: float = 220.0
    ms_per_word: int = 300
    delay_ms_per_word: int = 0
    fail_after_words: int = 0  # 0 = never


@dataclass(frozen=True, slots=True)
class EdgeOptions:
    """What only edge understands."""

    style: str = ""


@dataclass(frozen=True, slots=True)
class PiperOptions:
    """What only piper understands; None = as the voice's own file says."""

    noise_scale: float | None = None
    noise_w: float | None = None
    speaker: int = 0


@dataclass(frozen=True, slots=True)
class XttsOptions:
    """What only xtts understands; None = as the model's config.json says."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None
    seed: int | None = None


EngineOptions = EspeakOptions | FliteOptions | ToneOptions | EdgeOptions | PiperOptions | XttsOptions


@dataclass(frozen=True, slots=True)
class VoiceReference:
    """The sample of a cloned voice, for an engine that clones."""

    key: str  # changes with owner, voice and sample: what everything computed of it is kept under
    wav: Path  # PCM s16le mono 24 kHz
    folder: Path  # beside the sample: where an engine keeps what it computed, under a name of its own


@dataclass(frozen=True, slots=True)
class Utterance:
    """What to speak, and how."""

    text: str
    voice: EngineVoice
    language: str  # BCP 47
    speed: float = 1.0  # 0.5..2
    pitch: float = 0.0  # semitones
    options: EngineOptions | None = None
    words_before: int = 0  # words of the same answer that were spoken already
    reference: VoiceReference | None = None  # of a cloned voice
    loudness_lufs: float | None = None  # made around the engine, which need not look at it
    fresh: bool = False  # spoken now, even where the same was kept: to see that the engine works
    mp3_wanted: bool = False  # an engine that makes MP3 itself may give it as it is, in `Piece.mp3`


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """Code points `start`..`end` of the utterance are heard from `start_s` to `end_s`."""

    start: int
    end: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone in IPA; empty = silence."""

    ipa: str
    start_s: float
    end_s: float
    stressed: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Some sound (PCM s16le mono at the engine's rate), and what became known with it."""

    pcm: bytes = b""
    words: tuple[SpokenWord, ...] = ()
    phones: tuple[Phone, ...] = ()
    mp3: bytes = b""  # whole frames at the engine's rate and bit rate, in place of pcm; only where it was wanted


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What a caller may know before asking."""

    name: str
    sample_rate: int  # Hz, of its pieces
    languages: tuple[str, ...]  # BCP 47; empty = every language
    licence: str
    model: str = ""
    version: str = ""
    device: str = "cpu"
    commercial_use: bool = True
    licence_note: str = ""
    cloud: bool = False
    clones: bool = False
    features: tuple[str, ...] = ()  # "timings", "cues", "speed", "pitch": the rest is made around it
    estimated: tuple[str, ...] = ()  # those of the features that are reckoned from the text and the sound
    worth_keeping: bool = True  # its sentences are kept on disk; False where speaking them again costs less
    varies: bool = False  # speaks the same sentence a little otherwise each time, unless it is given a seed
    max_streams: int = 64  # answers at once; more are refused
    sentence_gap_s: float = 0.0  # silence between two sentences
    probe_text: str = "one"
    probed: bool = True  # False = it is not asked for a first word: its health is what `check` knows
    reads_numbers: bool = True  # False = digits are written out as words before it sees them
    mp3_bitrate: int = 0  # bits per second of the MP3 that it may give as it is, mono at its rate; 0 = it gives none


class Engine(Protocol):
    """A way to speak. One object per process; `speak` is called for many utterances at once."""

    @property
    def facts(self) -> EngineFacts:
        """What it is; known before `start`."""

    def voices(self) -> tuple[EngineVoice, ...]:
        """Its voices; the first of a language is that language's default."""

    async def start(self, report: Callable[[float], None]) -> None:
        """Load; `report` takes 0..1. Raises `EngineMissing` with a `remedy` where this machine cannot run it."""

    def speak(self, utterance: Utterance) -> AsyncGenerator[Piece, None]:
        """Speak; the first piece comes as soon as there is sound. Closing the generator stops the work."""

    async def check(self) -> None:
        """Cheaply make sure that it still works; raises `EngineFailed` or `EngineMissing` with the reason."""

    async def stop(self) -> None:
        """Leave no process behind."""


class CloningEngine(Engine, Protocol):
    """An engine with `facts.clones`: it takes utterances with a `reference`."""

    async def prepare(self, reference: VoiceReference) -> None:
        """Compute once what speaking with that voice needs and keep it in its folder; raises `EngineFailed`."""

    def forget(self, key: str) -> None:
        """The reference of that key was deleted: keep nothing of it in memory. Called from any thread."""


@runtime_checkable
class CountingEngine(Protocol):
    """An engine that counts what an operator may want to see."""

    def counts(self) -> Mapping[str, int]:
        """How often each thing happened since its start; no text, no ids of callers."""


@dataclass(frozen=True, slots=True)
class EdgePlace:
    """How the Microsoft endpoint is used."""

    most_at_once: int = 4
    proxy: str = ""
    endpoint: str = ""  # ws(s)://... of one that speaks the same protocol; empty = Microsoft's
    voices_file: Path | None = None  # keeps the list of voices of today


@dataclass(frozen=True, slots=True)
class PiperPlace:
    """Where Piper's voices are."""

    voices: Path = Path("voices/piper")
    held: int = 4  # voices in memory at once


@dataclass(frozen=True, slots=True)
class XttsPlace:
    """Where the checkpoint is, and on what it runs."""

    checkpoint: Path = Path("models/xtts")
    device: str = "auto"  # auto, cpu, cuda, cuda:1
    precision: str = "auto"  # auto (bf16 on CUDA, int8 weights on CPU), fp32, bf16, int8
    streams: int = 0  # utterances computed at once; 0 = by the device
    tos_agreed: bool = False  # COQUI_TOS_AGREED=1


@dataclass(frozen=True, slots=True)
class EngineContext:
    """What an engine may know of the service it runs in."""

    workers: int  # processes an engine may keep
    deadline_s: float  # longest silence of a working process
    commercial_only: bool = False  # engines whose weights forbid commercial use stay out
    edge: EdgePlace = EdgePlace()
    piper: PiperPlace = PiperPlace()
    xtts: XttsPlace = XttsPlace()


def load_engine(name: str, context: EngineContext) -> Engine:
    """The engine of that name, or of that "module:Class", not yet started; raises `UnknownEngine`."""
    return cast("Engine", engine_class("speech", name, ENGINES)(context))
