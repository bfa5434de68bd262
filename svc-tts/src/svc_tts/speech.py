"""What is asked of the service and what it answers, free of gRPC and HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field

from svc_tts.audio.format import AudioFormat
from svc_tts.audio.loudness import LOUDEST_LUFS, QUIETEST_LUFS
from svc_tts.engine import EngineOptions
from svc_tts.voices.catalogue import Casting, VoiceWish
from troupe.wire.errors import InvalidArgument


@dataclass(frozen=True, slots=True)
class Flush:
    """Speak what has come so far."""


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """How to speak; the text comes apart."""

    engine: str
    wish: VoiceWish = field(default_factory=VoiceWish)
    format: AudioFormat = field(default_factory=AudioFormat)
    speed: float = 1.0  # 0.5..2
    pitch: float = 0.0  # semitones, -12..12
    volume: float = 1.0  # 0..10, linear
    loudness_lufs: float | None = None  # -40..-8
    pronunciations: tuple[str, ...] = ()
    options: EngineOptions | None = None

    def check(self) -> None:
        """Raise `InvalidArgument` for values out of range."""
        for name, value, least, most in (
            ("speed", self.speed, 0.5, 2.0),
            ("pitch", self.pitch, -12.0, 12.0),
            ("volume", self.volume, 0.0, 10.0),
            ("loudness_lufs", self.loudness_lufs, QUIETEST_LUFS, LOUDEST_LUFS),
        ):
            if value is not None and not least <= value <= most:
                raise InvalidArgument(f"{name} is {value:g}; it may be {least:g} to {most:g}.", field=name)


@dataclass(frozen=True, slots=True)
class Word:
    """Code points `start`..`end` of the input, heard from `start_ms` to `end_ms` of the answer."""

    text: str
    start: int
    end: int
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Cue:
    """What the mouth does; empty = silence."""

    ipa: str
    start_ms: int
    end_ms: int
    stressed: bool


@dataclass(frozen=True, slots=True)
class Header:
    """Who speaks, and which of "timings" and "cues" are reckoned from the text and the sound."""

    casting: Casting
    estimated: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sound:
    """Some bytes, and what is heard in them."""

    audio: bytes = b""
    words: tuple[Word, ...] = ()
    cues: tuple[Cue, ...] = ()


@dataclass(frozen=True, slots=True)
class SentenceEnd:
    """A sentence is spoken: code points consumed and milliseconds made so far, of the whole answer."""

    text_consumed: int
    audio_ms: int


Part = Header | Sound | SentenceEnd
