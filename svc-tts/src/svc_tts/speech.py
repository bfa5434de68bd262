"""What is asked of the service and what it answers, free of gRPC and HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field

from svc_tts.audio.format import AudioFormat, Codec
from svc_tts.audio.loudness import LOUDEST_LUFS, QUIETEST_LUFS
from svc_tts.engine import EngineFacts, EngineOptions
from svc_tts.voices.catalogue import Casting, VoiceWish
from troupe.wire.errors import InvalidArgument

LEAST_SPEED, MOST_SPEED = 0.5, 2.0
MOST_PITCH = 12.0  # semitones, up and down
MOST_VOLUME = 10.0


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
    ssml: bool = False  # how the text is marked up
    normalize_text: bool | None = None  # numbers are written out; None = where the engine cannot read them

    def check(self) -> None:
        """Raise `InvalidArgument` for values out of range."""
        for name, value, least, most in (
            ("speed", self.speed, LEAST_SPEED, MOST_SPEED),
            ("pitch", self.pitch, -MOST_PITCH, MOST_PITCH),
            ("volume", self.volume, 0.0, MOST_VOLUME),
            ("loudness_lufs", self.loudness_lufs, QUIETEST_LUFS, LOUDEST_LUFS),
        ):
            if value is not None and not least <= value <= most:
                raise InvalidArgument(f"{name} is {value:g}; it may be {least:g} to {most:g}.", field=name)

    def as_frames(self, facts: EngineFacts) -> bool:
        """Whether the MP3 that the engine makes itself is just what is asked for: then its frames go through as is."""
        own = AudioFormat(Codec.MP3, facts.sample_rate, channels=1, bitrate=facts.mp3_bitrate)
        shaped = self.loudness_lufs is not None or self.ssml
        changed = shaped or self.volume != 1 or self.pitch != 0 or (self.speed != 1 and "speed" not in facts.features)
        return bool(facts.mp3_bitrate) and self.format == own and not changed


def format_for(facts: EngineFacts, codec: Codec, sample_rate: int, channels: int, bitrate: int) -> AudioFormat:
    """The format asked for, zeros being open: MP3 of an open bit rate is what the engine makes, if it makes any.

    Raises `UnsupportedFormat`.
    """
    makes_it = codec is Codec.MP3 and sample_rate in {0, facts.sample_rate} and channels in {0, 1}
    return AudioFormat.of(codec, sample_rate, channels, bitrate or (facts.mp3_bitrate if makes_it else 0))


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
