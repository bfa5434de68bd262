"""Words as tones: PCM with word timings, and every format that MiniMax makes."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

import lameenc
import numpy as np
import soundfile

WORD_MS = 200
SOUNDING = 0.8  # of a word's time; the rest is silence
AMPLITUDE = 8_000
OPUS_RATES = (8_000, 16_000, 24_000)
LEVEL = 5  # lame's quality: 0 best .. 9 fastest

# A pause, an interjection (made, not read), a character of a script without spaces, or a word.
TOKEN = re.compile(r"<#(?P<pause>[\d.]+)#>|(?P<sound>\([a-z-]+\))|(?P<word>[぀-ヿ㐀-鿿가-힯]|[^\s<(぀-ヿ㐀-鿿가-힯]+|[<(])")


@dataclass(frozen=True, slots=True)
class Sounding:
    """How it is to sound."""

    codec: str = "mp3"
    sample_rate: int = 32_000
    channels: int = 1
    bitrate: int = 128_000
    speed: float = 1.0
    volume: float = 1.0
    pitch: float = 0.0  # semitones


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the text: where it stands (code points), and when it sounds (ms)."""

    text: str
    begin: int
    end: int
    begin_ms: float
    end_ms: float


@dataclass(frozen=True, slots=True)
class Speech:
    """What was said: PCM s16le per word or pause, interleaved, and the words."""

    pieces: tuple[bytes, ...]
    words: tuple[Word, ...]
    sounding: Sounding

    @property
    def length_ms(self) -> int:
        """Its duration."""
        return round(sum(map(len, self.pieces)) * 1000 / (2 * self.sounding.channels * self.sounding.sample_rate))


def speak(text: str, sounding: Sounding) -> Speech:
    """Every word a tone, its pitch told by the word's length."""
    pieces, words, at_ms = [], [], 0.0
    for match in TOKEN.finditer(text):
        pause, word = match["pause"], match["word"]
        length_ms = float(pause) * 1000 if pause else WORD_MS / sounding.speed
        pieces.append(_tone(len(word) if word else 0, length_ms, sounding))
        if word:
            words.append(Word(word, match.start(), match.end(), at_ms, at_ms + length_ms * SOUNDING))
        at_ms += length_ms
    return Speech(tuple(pieces), tuple(words), sounding)


def _tone(letters: int, length_ms: float, sounding: Sounding) -> bytes:
    samples = np.zeros(round(length_ms / 1000 * sounding.sample_rate), "<i2")
    if letters:
        hz = 220 * 2 ** ((letters % 12 + sounding.pitch) / 12)
        loud = np.arange(round(len(samples) * SOUNDING))
        wave = AMPLITUDE * min(sounding.volume, 4.0) * np.sin(2 * np.pi * hz * loud / sounding.sample_rate)
        samples[: len(loud)] = np.rint(np.clip(wave, -32768, 32767))
    return np.repeat(samples, sounding.channels).tobytes()


def encode(speech: Speech) -> list[bytes]:
    """The bytes of each event; joined they are one file of the format. Blocking."""
    codec = speech.sounding.codec
    if codec == "pcm":
        return list(speech.pieces)
    if codec == "mp3":
        return _mp3(speech)
    if codec == "pcmu_raw":
        return [_mu_law(piece) for piece in speech.pieces]
    return _split(_file(b"".join(speech.pieces), speech.sounding), len(speech.pieces))


def _mp3(speech: Speech) -> list[bytes]:
    """Frames without ID3 or Xing header, so that pieces can be joined."""
    lame = lameenc.Encoder()
    lame.silence()
    lame.set_bit_rate(speech.sounding.bitrate // 1000)
    lame.set_in_sample_rate(speech.sounding.sample_rate)
    lame.set_out_sample_rate(speech.sounding.sample_rate)
    lame.set_channels(speech.sounding.channels)
    lame.set_quality(LEVEL)
    pieces = [bytes(lame.encode(piece)) for piece in speech.pieces]
    return [piece for piece in (*pieces, bytes(lame.flush())) if piece]


def _mu_law(pcm: bytes) -> bytes:
    memory = io.BytesIO()
    soundfile.write(memory, np.frombuffer(pcm, "<i2"), 8_000, format="RAW", subtype="ULAW", endian="FILE")
    return memory.getvalue()


def _file(pcm: bytes, sounding: Sounding) -> bytes:
    samples = np.frombuffer(pcm, "<i2").reshape(-1, sounding.channels)
    kinds = {
        "wav": ("WAV", "PCM_16"),
        "flac": ("FLAC", "PCM_16"),
        "opus": ("OGG", "OPUS"),
        "pcmu_wav": ("WAV", "ULAW"),
    }
    form, subtype = kinds[sounding.codec]
    memory = io.BytesIO()
    soundfile.write(memory, samples, sounding.sample_rate, format=form, subtype=subtype)
    return memory.getvalue()


def _split(content: bytes, pieces: int) -> list[bytes]:
    step = max(1, -(-len(content) // max(pieces, 1)))
    return [content[start : start + step] for start in range(0, len(content), step)]
