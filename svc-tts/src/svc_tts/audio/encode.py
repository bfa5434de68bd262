"""Encoders that take PCM as it is made and give bytes as soon as a frame is full.

mp3 is made by lameenc, which gives its first bytes after 40 ms of sound and writes neither ID3 nor Xing headers, so
streams can be joined. The containers that PyAV writes are in `containers`.
"""

from __future__ import annotations

import struct
from typing import Protocol

import lameenc

from svc_tts.audio.format import AudioFormat, Codec
from svc_tts.audio.mulaw import mulaw
from troupe.wire.media import SAMPLE_BYTES

_MP3_QUALITY = 5  # 0 best .. 9 fastest: 5 is 340 times real time and sounds the same for speech
_WAVE_PCM, _WAVE_MULAW = 1, 7  # WAVE_FORMAT_PCM, WAVE_FORMAT_MULAW
_UNKNOWN_SIZE = 0xFFFFFFFF  # a WAV whose end is not known yet


class Encoder(Protocol):
    """Takes interleaved PCM s16le at the format's own rate and channels."""

    def feed(self, pcm: bytes) -> bytes:
        """What is encoded by now."""

    def flush(self) -> bytes:
        """The rest; nothing may be fed after it."""


def make_encoder(fmt: AudioFormat) -> Encoder:
    """An encoder of that format."""
    if fmt.codec is Codec.PCM:
        return PcmEncoder()
    if fmt.codec is Codec.WAV:
        return WavEncoder(fmt)
    if fmt.codec is Codec.PCMU:
        return MulawEncoder(b"")
    if fmt.codec is Codec.PCMU_WAV:
        return MulawEncoder(_wav_header(fmt, _WAVE_MULAW, 1))
    if fmt.codec is Codec.MP3:
        return Mp3Encoder(fmt)
    from svc_tts.audio.containers import ContainerEncoder  # noqa: PLC0415  # PyAV takes 100 ms, these codecs only

    return ContainerEncoder(fmt)


class PcmEncoder:
    """PCM is what it is."""

    def feed(self, pcm: bytes) -> bytes:
        """`pcm`."""
        return pcm

    def flush(self) -> bytes:
        """Nothing."""
        return b""


class WavEncoder:
    """A header of unknown length, then PCM."""

    def __init__(self, fmt: AudioFormat) -> None:
        self._header = _wav_header(fmt, _WAVE_PCM, SAMPLE_BYTES)

    def feed(self, pcm: bytes) -> bytes:
        """`pcm`, the first time after the header."""
        header, self._header = self._header, b""
        return header + pcm

    def flush(self) -> bytes:
        """The header, where nothing was fed."""
        return self.feed(b"")


class MulawEncoder:
    """A byte a sample, after a header if there is one."""

    def __init__(self, header: bytes) -> None:
        self._header = header

    def feed(self, pcm: bytes) -> bytes:
        """All of it, the first time after the header."""
        header, self._header = self._header, b""
        return header + mulaw(pcm)

    def flush(self) -> bytes:
        """The header, where nothing was fed."""
        return self.feed(b"")


class Mp3Encoder:
    """MPEG audio layer III at a constant bit rate."""

    def __init__(self, fmt: AudioFormat) -> None:
        self._lame = lameenc.Encoder()
        self._lame.silence()
        self._lame.set_bit_rate(fmt.bitrate // 1000)
        self._lame.set_in_sample_rate(fmt.sample_rate)
        self._lame.set_out_sample_rate(fmt.sample_rate)
        self._lame.set_channels(fmt.channels)
        self._lame.set_quality(_MP3_QUALITY)
        self._started = False

    def feed(self, pcm: bytes) -> bytes:
        """Whole frames."""
        self._started = self._started or bool(pcm)
        return bytes(self._lame.encode(pcm)) if pcm else b""

    def flush(self) -> bytes:
        """The last frames."""
        return bytes(self._lame.flush()) if self._started else b""


def _wav_header(fmt: AudioFormat, tag: int, sample_bytes: int) -> bytes:
    block = sample_bytes * fmt.channels
    fields = struct.pack(
        "<HHIIHH", tag, fmt.channels, fmt.sample_rate, fmt.sample_rate * block, block, 8 * sample_bytes
    )
    if tag != _WAVE_PCM:
        fields += struct.pack("<H", 0)  # size of what follows: nothing
    return b"".join(
        (
            b"RIFF" + struct.pack("<I", _UNKNOWN_SIZE) + b"WAVE",
            b"fmt " + struct.pack("<I", len(fields)) + fields,
            b"data" + struct.pack("<I", _UNKNOWN_SIZE),
        )
    )
