from __future__ import annotations

import pytest

from svc_tts.audio.format import AudioFormat, Codec, codec_named
from troupe.wire.errors import UnsupportedFormat


def test_zeros_are_the_defaults() -> None:
    assert AudioFormat.of(Codec.PCM) == AudioFormat(Codec.PCM, 24_000, 1, 0)
    assert AudioFormat.of(Codec.MP3).bitrate == 64_000


@pytest.mark.parametrize(
    ("codec", "rate", "asked", "given"),
    [
        (Codec.MP3, 32_000, 128_000, 128_000),
        (Codec.MP3, 32_000, 999_000, 320_000),
        (Codec.MP3, 24_000, 256_000, 160_000),
        (Codec.MP3, 8_000, 128_000, 64_000),
        (Codec.MP3, 44_100, 100_000, 96_000),
        (Codec.OPUS, 24_000, 1, 6_000),
        (Codec.AAC, 8_000, 500_000, 48_000),
        (Codec.FLAC, 24_000, 64_000, 0),
    ],
)
def test_the_nearest_possible_bit_rate_is_taken(codec: Codec, rate: int, asked: int, given: int) -> None:
    assert AudioFormat.of(codec, rate, 1, asked).bitrate == given


@pytest.mark.parametrize(("codec", "rate"), [(Codec.PCM, 1), (Codec.MP3, 96_000), (Codec.OPUS, 44_100)])
def test_an_impossible_rate_names_the_allowed(codec: Codec, rate: int) -> None:
    with pytest.raises(UnsupportedFormat, match=r"Allowed: 8000, .*48000"):
        AudioFormat.of(codec, rate)


def test_impossible_channels_and_codecs_name_the_allowed() -> None:
    with pytest.raises(UnsupportedFormat, match="1, 2"):
        AudioFormat.of(Codec.PCM, 24_000, 3)
    with pytest.raises(UnsupportedFormat, match="pcm, wav, mp3, flac, opus, aac, pcmu_raw, pcmu_wav"):
        codec_named("wma")
    assert codec_named("MP3") is Codec.MP3
