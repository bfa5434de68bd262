from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from svc_tts.audio.decode import decode, format_of
from svc_tts.audio.format import AudioFormat, Codec
from svc_tts.audio.timeline import Timeline
from troupe.wire.errors import MediaTooLarge, UnsupportedMedia
from troupe.wire.media import SAMPLE_RATE


def sound(codec: Codec, seconds: float, rate: int = 24_000) -> bytes:
    timeline = Timeline(AudioFormat.of(codec, rate))
    timeline.begin(rate)
    at = np.arange(round(seconds * rate)) / rate
    fade = np.minimum(1, at / 0.1)  # codecs of music answer a sudden tone with a click
    data = timeline.feed((np.sin(2 * np.pi * 300 * at) * 9_000 * fade).astype("<i2").tobytes())
    return data + timeline.end() + timeline.close()


async def whole(data: bytes, most_s: float = 0.0) -> bytes:
    return b"".join([piece async for piece in decode(data, most_s)])


@pytest.mark.parametrize(
    ("codec", "rate"),
    [(Codec.MP3, 44_100), (Codec.WAV, 8_000), (Codec.FLAC, 48_000), (Codec.OPUS, 48_000), (Codec.AAC, 24_000)],
)
async def test_every_usual_kind_is_read(codec: Codec, rate: int) -> None:
    pcm = np.frombuffer(await whole(sound(codec, 1.5, rate)), "<i2")
    assert len(pcm) / SAMPLE_RATE == pytest.approx(1.5, abs=0.1)
    assert np.abs(pcm).max() == pytest.approx(9_000, rel=0.2)


async def test_a_float_wav_in_stereo_is_read() -> None:
    file = io.BytesIO()
    soundfile.write(file, np.full((44_100, 2), 0.25), 44_100, format="WAV", subtype="FLOAT")
    pcm = np.frombuffer(await whole(file.getvalue()), "<i2")
    assert len(pcm) == pytest.approx(SAMPLE_RATE, abs=240)


async def test_a_bomb_is_refused_by_its_length_not_its_bytes() -> None:
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", 8_000, 1, format="FLAC", subtype="PCM_16") as flac:
        for _ in range(24):
            flac.write(np.zeros(8_000 * 300, np.int16))  # two hours
    assert len(file.getvalue()) < 2_000_000
    with pytest.raises(MediaTooLarge, match="more than 60 s"):
        await whole(file.getvalue(), 60)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello, this is a text",
        b"#EXTM3U\n#EXTINF:1,\nhttp://169.254.169.254/x.ts\n",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
)
async def test_what_is_no_sound_is_refused_before_any_demuxer(data: bytes) -> None:
    with pytest.raises(UnsupportedMedia, match="Send one of: wav, mp3"):
        await whole(data)


@pytest.mark.parametrize(
    "head", [b"fLaC", b"OggS", b"ID3\x04\0\0", b"RIFF\0\0\0\0WAVE", b"\0\0\0\x20ftypM4A ", b"\xff\xfb\x90\0"]
)
async def test_a_broken_file_ends_in_a_clear_error(head: bytes) -> None:
    with pytest.raises(UnsupportedMedia, match="cannot be decoded"):
        await whole(head + bytes(range(256)) * 8)


async def test_half_a_file_gives_what_there_is_or_a_clear_error() -> None:
    data = sound(Codec.MP3, 2.0)
    pcm = await whole(data[: len(data) // 2])
    assert 0.5 < len(pcm) / 2 / SAMPLE_RATE < 1.5


async def test_leaving_early_ends_the_process() -> None:
    pieces = decode(sound(Codec.WAV, 60.0))
    while not await anext(pieces):
        pass
    await pieces.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(pieces)


def test_formats_by_their_first_bytes() -> None:
    heads = {
        codec: format_of(sound(codec, 0.3)[:16]) for codec in (Codec.WAV, Codec.MP3, Codec.FLAC, Codec.OPUS, Codec.AAC)
    }
    assert list(heads.values()) == ["wav", "mp3", "flac", "ogg", "aac"]
