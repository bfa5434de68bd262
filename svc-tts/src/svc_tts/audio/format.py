"""What a caller may ask the sound to be: codec, sample rate, channels, bit rate."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from troupe.wire.errors import UnsupportedFormat
from troupe.wire.media import SAMPLE_RATE


class Codec(StrEnum):
    """The codecs made here."""

    PCM = "pcm"  # s16le
    WAV = "wav"  # s16le
    MP3 = "mp3"  # without ID3 and Xing headers
    FLAC = "flac"
    OPUS = "opus"  # in Ogg
    AAC = "aac"  # in ADTS
    PCMU = "pcmu_raw"  # G.711 mu-law
    PCMU_WAV = "pcmu_wav"  # the same in WAV


_ANY_RATE = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_TELEPHONE_RATE = (8000,)
RATES = dict.fromkeys(Codec, _ANY_RATE) | {
    Codec.OPUS: (8000, 12000, 16000, 24000, 48000),
    Codec.PCMU: _TELEPHONE_RATE,
    Codec.PCMU_WAV: _TELEPHONE_RATE,
}

_MPEG1_KBPS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)  # 32 kHz and more
_MPEG2_KBPS = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)  # 24 kHz and less
_MPEG25_KBPS = (8, 16, 24, 32, 40, 48, 56, 64)  # 12 kHz and less
_DEFAULT_BITRATE = {Codec.MP3: 64_000, Codec.OPUS: 32_000, Codec.AAC: 64_000}  # per channel
_BOUNDS = {Codec.OPUS: (6_000, 256_000), Codec.AAC: (16_000, 256_000)}


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """A format that can be made; `bitrate` is 0 where the codec has none."""

    codec: Codec = Codec.PCM
    sample_rate: int = SAMPLE_RATE  # Hz
    channels: int = 1
    bitrate: int = 0  # bits per second

    @classmethod
    def of(cls, codec: Codec, sample_rate: int = 0, channels: int = 0, bitrate: int = 0) -> AudioFormat:
        """The format with defaults for zeros and the nearest possible bit rate; raises `UnsupportedFormat`."""
        usual = SAMPLE_RATE if SAMPLE_RATE in RATES[codec] else RATES[codec][0]
        rate, channels = sample_rate or usual, channels or 1
        if rate not in RATES[codec]:
            allowed = ", ".join(map(str, RATES[codec]))
            raise UnsupportedFormat(
                f"{codec} cannot have {rate} samples per second. Allowed: {allowed}.", allowed=allowed
            )
        if channels not in {1, 2}:
            raise UnsupportedFormat(f"{channels} channels cannot be made. Allowed: 1, 2.", allowed="1, 2")
        return cls(codec, rate, channels, _bitrate(codec, rate, channels, bitrate))


def codec_named(name: str) -> Codec:
    """The codec of that name; raises `UnsupportedFormat` naming the known ones."""
    try:
        return Codec(name.lower())
    except ValueError:
        allowed = ", ".join(Codec)
        raise UnsupportedFormat(f'No format "{name}". Allowed: {allowed}.', allowed=allowed) from None


def _bitrate(codec: Codec, rate: int, channels: int, asked: int) -> int:
    if codec not in _DEFAULT_BITRATE:
        return 0
    wanted = asked or _DEFAULT_BITRATE[codec] * channels
    if codec is Codec.MP3:
        return min(_mp3_kbps(rate), key=lambda kbps: abs(kbps * 1000 - wanted)) * 1000
    least, most = _BOUNDS[codec]
    # AAC frames hold at most 6144 bits per channel and 1024 samples.
    most = min(most, 6 * rate) * channels if codec is Codec.AAC else most * channels
    return max(least, min(most, wanted))


def _mp3_kbps(rate: int) -> tuple[int, ...]:
    if rate >= 32_000:
        return _MPEG1_KBPS
    return _MPEG2_KBPS if rate >= 16_000 else _MPEG25_KBPS
