"""Sound files made to hurt: bombs, lies in headers, playlists by another name, far too much of something."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Callable, Mapping

import av
import numpy as np
import soundfile

M4A = b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42"
PLAYLIST = b"#EXTM3U\n#EXTINF:1,\nhttp://169.254.169.254/x.ts\n"
CONCAT = b"ffconcat version 1.0\nfile 'http://169.254.169.254/latest'\nfile '/etc/passwd'\n"


def wav(
    samples: bytes, *, tag: int = 1, channels: int = 1, rate: int = 16_000, bits: int = 16, size: int = -1
) -> bytes:
    """A RIFF file with whatever header one wishes."""
    align = channels * bits // 8
    fmt = struct.pack("<HHIIHH", tag, channels & 0xFFFF, rate, rate * align & 0xFFFFFFFF, align & 0xFFFF, bits)
    data = struct.pack("<I", len(samples) if size < 0 else size) + samples
    return b"RIFF" + struct.pack("<I", 36 + len(samples)) + b"WAVEfmt " + struct.pack("<I", 16) + fmt + b"data" + data


def tone(seconds: float, rate: int = 16_000) -> np.ndarray:
    return (np.sin(np.arange(round(seconds * rate)) * 0.1) * 9_000).astype("<i2")


def encoded(seconds: float, container: str, codec: str, rate: int = 48_000, streams: int = 1) -> bytes:
    """A sound in any container PyAV makes."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        made = [output.add_stream(codec, rate=rate, layout="mono") for _ in range(streams)]
        for stream in made:
            frame = av.AudioFrame.from_ndarray(tone(seconds, rate)[None], format="s16", layout="mono")
            frame.sample_rate = rate
            for piece in av.AudioResampler(format=stream.format, layout="mono", rate=rate).resample(frame):
                output.mux(stream.encode(piece))
        for stream in made:
            output.mux(stream.encode(None))
    return file.getvalue()


def vorbis() -> bytes:
    file = io.BytesIO()
    soundfile.write(file, tone(1), 16_000, format="OGG", subtype="VORBIS")
    return file.getvalue()


def endless_silence() -> bytes:
    """The begin of a FLAC that goes on for a day: the limit is far below, and this is made in no time."""
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", 8_000, 1, format="FLAC", subtype="PCM_16") as flac:
        for _ in range(8):
            flac.write(np.zeros(8_000 * 300, np.int16))
    return file.getvalue()


def tagged_mp3(picture_bytes: int) -> bytes:
    """An MP3 with a cover that is as large as a file may be, and no picture at all."""
    body = b"\0image/png\0\x03\0" + b"\x89PNG\r\n\x1a\n" + b"\xff" * picture_bytes
    size = len(body)
    frame = b"APIC" + struct.pack(">I", size) + b"\0\0" + body
    length = bytes((len(frame) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + length + frame + encoded(1, "mp3", "mp3")


def ogg_page(serial: int, payload: bytes, flags: int, sequence: int = 0) -> bytes:
    """A page of Ogg; its checksum is the real one, so that it is looked into."""
    lacing = bytes([255] * (len(payload) // 255) + [len(payload) % 255])
    head = b"OggS\0" + bytes([flags]) + struct.pack("<qII", 0, serial, sequence)
    page = head + b"\0\0\0\0" + bytes([len(lacing)]) + lacing + payload
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return head + struct.pack("<I", crc) + bytes([len(lacing)]) + lacing + payload


def many_streams(count: int) -> bytes:
    """Ogg with so many beginnings of streams."""
    head = b"OpusHead\x01\x01" + struct.pack("<HIhB", 312, 48_000, 0, 0)
    page = ogg_page(1, head, 2)
    return b"".join(page[:14] + struct.pack("<I", serial) + page[18:] for serial in range(count))


def flipped(data: bytes, seed: int) -> bytes:
    """The same with one byte of a hundred replaced, its first 16 kept."""
    chance, changed = random.Random(seed), bytearray(data)
    for _ in range(len(data) // 100):
        changed[chance.randrange(16, len(data))] = chance.randrange(256)
    return bytes(changed)


READ: Mapping[str, Callable[[], bytes]] = {
    "8 kHz mu-law": lambda: wav(bytes(range(256)) * 40, tag=7, rate=8_000, bits=8),
    "8 kHz a-law": lambda: wav(bytes(range(256)) * 40, tag=6, rate=8_000, bits=8),
    "eight channels": lambda: wav(np.repeat(tone(1), 8).tobytes(), channels=8),
    "24 bits at 192 kHz": lambda: wav(b"\0\0\1" * 192_000, rate=192_000, bits=24),
    "a header of unknown length": lambda: wav(tone(1).tobytes(), size=0xFFFFFFFF),
    "more data than it says": lambda: wav(tone(1).tobytes(), size=16_000) + b"LIST" + b"\xff" * 100_000,
    "a cover of 19 MB": lambda: tagged_mp3(19_000_000),
    "chained ogg": lambda: encoded(1, "ogg", "libopus") + encoded(1, "ogg", "libopus"),
    "m4a": lambda: encoded(1, "mp4", "aac"),
    "webm": lambda: encoded(1, "webm", "libopus"),
    "vorbis": vorbis,
    "half an mp3": lambda: (data := encoded(4, "mp3", "mp3"))[: len(data) // 2],
    "not a number": lambda: wav(np.full(16_000, np.nan, "<f4").tobytes(), tag=3, bits=32),
    "endless numbers": lambda: wav(np.full(16_000, np.inf, "<f4").tobytes(), tag=3, bits=32),
}
"""What must be read all the same."""

REFUSED: Mapping[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "a text": lambda: b"hello, this is a text",
    "a playlist": lambda: PLAYLIST,
    "a playlist after an mp3's mark": lambda: b"ID3\x04\0\0\0\0\0\0" + PLAYLIST,
    "a list of files": lambda: CONCAT,
    "a list of files in ogg": lambda: b"OggS" + CONCAT,
    "a dash manifest": lambda: b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"/>',
    "a zip": lambda: b"PK\3\4" + b"\0" * 100,
    "an avi": lambda: b"RIFF\0\1\0\0AVI LIST" + b"\0" * 200,
    "a header alone": lambda: wav(b""),
    "one hertz": lambda: wav(tone(1).tobytes(), rate=1),
    "two gigahertz": lambda: wav(tone(1).tobytes(), rate=1 << 31),
    "no hertz": lambda: wav(tone(1).tobytes(), rate=0),
    "no channel": lambda: wav(tone(1).tobytes(), channels=0),
    "65,535 channels": lambda: wav(tone(10).tobytes(), channels=65_535),
    "an unknown codec": lambda: wav(tone(1).tobytes(), tag=0x4242),
    "a codec that no voice comes in": lambda: encoded(1, "matroska", "ac3"),
    "flac of nothing": lambda: b"fLaC" + b"\0" * 10_000,
    "a flac with a picture of 16 MB": lambda: b"fLaC\x86\xff\xff\xff" + b"\xff" * 2_000_000,
    "an mp4 whose index is larger than it": lambda: (
        b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42\x7f\xff\xff\xffmoov" + b"\0" * 500
    ),
    "boxes in boxes": lambda: (
        b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42"
        + b"".join(struct.pack(">I", 8 * (2_000 - depth)) + b"moov" for depth in range(2_000))
    ),
    "a film without sound": lambda: b"\x1aE\xdf\xa3" + b"\x9f" * 5_000,
    "zeros after an mp3's sync": lambda: b"\xff\xfb\x90\0" + b"\0" * 1_000_000,
    "10,000 tiny streams": lambda: many_streams(10_000),
    "20 MB of noise": lambda: b"OggS" + random.Random(1).randbytes(20_000_000),
    "20 MB of noise as mp3": lambda: b"ID3\x04\0\0\0\0\0\0" + random.Random(2).randbytes(20_000_000),
}
"""What must be refused with a sentence."""
