"""How the sound shall be: what a request says -> what t2a_v2 takes. What MiniMax cannot make is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.providers.minimax import clones
from gateway.providers.minimax.models import SPEECH_MODEL, is_of
from gateway.providers.minimax.voices import boost, default_voice, language_of
from gateway.providers.minimax.wav import wav_head
from gateway.routing.need import Modality
from gateway.voices import built_in
from troupe.v1.engine_pb2 import Voice
from troupe.v1.media_pb2 import (
    AUDIO_CODEC_FLAC,
    AUDIO_CODEC_MP3,
    AUDIO_CODEC_PCM,
    AUDIO_CODEC_UNSPECIFIED,
    AUDIO_CODEC_WAV,
    AudioFormat,
)
from troupe.v1.speech_pb2 import SpeechHeader, SpeechSettings
from troupe.wire.errors import NotSupported, UnsupportedFormat
from troupe.wire.media import SAMPLE_BYTES, SAMPLE_RATE

CODECS: Mapping[int, str] = {
    AUDIO_CODEC_UNSPECIFIED: "pcm",
    AUDIO_CODEC_PCM: "pcm",
    AUDIO_CODEC_MP3: "mp3",
    AUDIO_CODEC_FLAC: "flac",
    AUDIO_CODEC_WAV: "wav",
}
FORMATS = ("pcm", "mp3", "flac", "wav")
RAW = frozenset({"pcm", "wav"})
"""MiniMax streams no wav: a wav is its pcm behind a head of ours."""
ONE_FILE = frozenset({"flac"})
"""It begins with how long it is: two of them one after the other are no file."""
RATES = (8000, 16000, 22050, 24000, 32000, 44100)
BITRATES = (32_000, 64_000, 128_000, 256_000)
MP3_BITRATE = 128_000
EMOTIONS: Mapping[str, str] = {
    "happy": "happy", "cheerful": "happy", "excited": "happy", "sad": "sad", "angry": "angry", "fearful": "fearful",
    "afraid": "fearful", "disgusted": "disgusted", "surprised": "surprised", "calm": "calm", "serious": "calm",
    "fluent": "fluent", "whisper": "whisper", "whispering": "whisper",
}  # fmt: skip
"""Ours -> theirs; any other is left to the voice."""
SEMITONES = 12
LEAST_VOLUME = 0.01


@dataclass(frozen=True, slots=True)
class SoundOrder:
    """One speech: who, how, in which form."""

    voice: Voice
    substituted: bool
    settings: SpeechSettings
    format: AudioFormat
    codec: str
    model: str

    @property
    def head(self) -> bytes:
        """What stands before the first sound."""
        made = self.format
        return wav_head(sample_rate=made.sample_rate, channels=made.channels) if self.codec == "wav" else b""

    def header(self, engine: str) -> SpeechHeader:
        """What the caller is told."""
        asked = self.settings.voice_id
        return SpeechHeader(
            engine=engine,
            voice_id=self.voice.voice_id,
            voice_substituted=self.substituted,
            requested_voice_id=asked if self.substituted else "",
            format=self.format,
            language=self.settings.language or self.voice.language,
        )

    def body(self, text: str) -> dict[str, Any]:
        """The request for one run of text."""
        audio: dict[str, Any] = {
            "format": "pcm" if self.codec in RAW else self.codec,
            "sample_rate": self.format.sample_rate,
            "channel": self.format.channels,
        }
        if self.codec == "mp3":
            audio["bitrate"] = self.format.bitrate
        body: dict[str, Any] = {
            "model": self.model,
            "text": text,
            "stream": True,
            "stream_options": {"exclude_aggregated_audio": True},
            "voice_setting": self._voice_setting(),
            "audio_setting": audio,
            "subtitle_enable": True,
            "subtitle_type": "word",
            "output_format": "hex",
        }
        if boosted := self.settings.minimax.language_boost or boost(self.settings.language):
            body["language_boost"] = boosted
        if tones := [entry.replace("=", "/", 1) for entry in self.settings.pronunciations if "=" in entry]:
            body["pronunciation_dict"] = {"tone": tones}
        return body

    def length_ms(self, size: int, told_ms: int) -> int:
        """How long that many bytes of one run sound: exact for pcm, else what MiniMax told."""
        if self.codec in RAW:
            return round(size * 1000 / (self.format.sample_rate * self.format.channels * SAMPLE_BYTES))
        if told_ms or self.codec != "mp3":
            return told_ms
        return round(size * 8000 / self.format.bitrate)

    def _voice_setting(self) -> dict[str, Any]:
        settings = self.settings
        volume = settings.volume if settings.HasField("volume") else 1.0
        setting: dict[str, Any] = {
            "voice_id": self.voice.voice_id,
            "speed": round(min(2.0, max(0.5, settings.speed or 1.0)), 3),
            "vol": round(min(10.0, max(LEAST_VOLUME, volume)), 3),
            "pitch": max(-SEMITONES, min(SEMITONES, round(settings.pitch))),
        }
        if emotion := EMOTIONS.get(settings.emotion.casefold()):
            setting["emotion"] = emotion
        if settings.normalize_text:
            setting["text_normalization"] = True
        return setting


def sound_order(settings: SpeechSettings, model: str) -> SoundOrder:
    """The order of a request. Raises `UnsupportedFormat`, `UnknownVoice` or `NotSupported` for what MiniMax lacks."""
    codec = CODECS.get(settings.format.codec)
    if codec is None:
        raise UnsupportedFormat(f"MiniMax makes {', '.join(FORMATS)} here; ask for one of them.")
    voice, substituted = _voice(settings)
    own = settings.minimax.model
    return SoundOrder(
        voice=voice,
        substituted=substituted,
        settings=settings,
        format=_format(settings.format, codec),
        codec=codec,
        model=own if is_of(Modality.TTS, own) else model or SPEECH_MODEL,
    )


def _format(asked: AudioFormat, codec: str) -> AudioFormat:
    rate, channels = asked.sample_rate or SAMPLE_RATE, asked.channels or 1
    if channels not in {1, 2}:
        raise UnsupportedFormat(f"MiniMax makes 1 or 2 channels, not {channels}.")
    if rate not in RATES:
        if codec != "mp3":  # its caller counts samples; an mp3 says its own rate
            raise UnsupportedFormat(f"MiniMax makes {codec} at {', '.join(map(str, RATES))} Hz, not at {rate}.")
        rate = _nearest(RATES, rate)
    made = AudioFormat(codec=asked.codec or AUDIO_CODEC_PCM, sample_rate=rate, channels=channels)
    if codec == "mp3":
        made.bitrate = _nearest(BITRATES, asked.bitrate or MP3_BITRATE)
    return made


def _nearest(choices: tuple[int, ...], wanted: int) -> int:
    return min(choices, key=lambda choice: (abs(choice - wanted), -choice))


def _voice(settings: SpeechSettings) -> tuple[Voice, bool]:
    """The voice that speaks, and whether it stands in for another."""
    asked = settings.voice_id
    if not asked:
        return default_voice(settings.language, settings.gender), False
    clones.check_owner(asked, settings.principal.key_id)
    if clones.is_clone(asked) or language_of(asked):
        return Voice(voice_id=asked, language=language_of(asked)), False
    known = next((voice for voice in built_in() if voice.voice_id.casefold() == asked.casefold()), None)
    if known is None:
        raise NotSupported(f'MiniMax has no voice "{asked[:80]}" of this house.')
    return default_voice(settings.language or known.language, known.gender), True
