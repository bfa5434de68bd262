from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np
import pytest

from svc_tts.audio.format import RATES, AudioFormat, Codec
from svc_tts.audio.mp3_frames import SAMPLES_PER_FRAME, count_frames
from svc_tts.audio.timeline import Timeline

ENGINE_RATE = 22_050
SECONDS = 2.0
STEP = 1_323  # samples: odd pieces, as engines give them
TONE_HZ = 440


def tone(seconds: float = SECONDS) -> bytes:
    at = np.arange(round(seconds * ENGINE_RATE)) / ENGINE_RATE
    return (np.sin(2 * np.pi * TONE_HZ * at) * 8_000).astype("<i2").tobytes()


def encode(fmt: AudioFormat, gain: float = 1.0) -> tuple[bytes, int]:
    """The whole answer, and how many pieces were fed before its first byte."""
    timeline, sound = Timeline(fmt, gain), tone()
    parts = []
    timeline.begin(ENGINE_RATE)
    parts += [timeline.feed(sound[at : at + 2 * STEP]) for at in range(0, len(sound), 2 * STEP)]
    first = next(number for number, part in enumerate(parts, 1) if part)
    parts += [timeline.end(), timeline.close()]
    return b"".join(parts), first


def decode(data: bytes) -> tuple[np.ndarray, int, int]:
    with av.open(io.BytesIO(data)) as container:
        frames = list(container.decode(container.streams.audio[0]))
    resampler = av.AudioResampler(format="s16", layout=frames[0].layout.name, rate=frames[0].sample_rate)
    packed = [piece.to_ndarray().reshape(-1) for frame in [*frames, None] for piece in resampler.resample(frame)]
    channels = frames[0].layout.nb_channels
    return np.concatenate(packed).reshape(-1, channels), frames[0].sample_rate, channels


@pytest.mark.parametrize(
    ("codec", "rate", "channels"),
    [
        (codec, rate, 1 + (rate in {16_000, 48_000}))
        for codec in Codec
        if codec not in {Codec.PCM, Codec.PCMU}  # they have no head
        for rate in RATES[codec]
    ],
)
def test_every_format_decodes_to_the_same_sound(codec: Codec, rate: int, channels: int) -> None:
    data, _ = encode(AudioFormat.of(codec, rate, channels))
    samples, decoded_rate, decoded_channels = decode(data)
    assert decoded_channels == channels
    assert decoded_rate == (48_000 if codec is Codec.OPUS else rate)
    # mp3 and ADTS begin with the encoder's own delay, a frame long, and end with a whole frame: no header tells it.
    framed = (1152 if codec is Codec.MP3 else 1024) / rate if codec in {Codec.MP3, Codec.AAC} else 0.0
    assert 0 <= len(samples) / decoded_rate - SECONDS <= 0.001 + 3 * framed
    spectrum = np.abs(np.fft.rfft(samples[:, 0].astype(float)))
    assert np.argmax(spectrum) * decoded_rate / len(samples) == pytest.approx(TONE_HZ, abs=2)


@pytest.mark.parametrize("codec", list(Codec))
def test_the_first_bytes_come_at_once(codec: Codec) -> None:
    assert encode(AudioFormat.of(codec))[1] <= 3  # pieces of 60 ms


@pytest.mark.parametrize("rate", RATES[Codec.PCM])
@pytest.mark.parametrize("channels", [1, 2])
def test_pcm_is_exact_to_the_sample(rate: int, channels: int) -> None:
    data, _ = encode(AudioFormat.of(Codec.PCM, rate, channels))
    assert len(data) == round(SECONDS * rate) * channels * 2


def test_the_position_counts_every_sample() -> None:
    timeline = Timeline(AudioFormat())
    for _ in range(7):
        timeline.begin(ENGINE_RATE)
        timeline.feed(tone(0.1234))
        timeline.end()
        timeline.silence(0.25)
    samples = 7 * (round(Fraction(round(0.1234 * ENGINE_RATE), ENGINE_RATE) * 24_000) + 6_000)
    assert timeline.position_s * 24_000 == pytest.approx(samples, abs=7)


def test_volume_is_linear_and_does_not_clip() -> None:
    quiet = np.frombuffer(encode(AudioFormat(), 0.5)[0], "<i2")
    loud = np.frombuffer(encode(AudioFormat(), 10.0)[0], "<i2")
    assert np.abs(quiet).max() == pytest.approx(4_000, rel=0.05)
    assert 31_000 < loud.max() < 32_767
    assert not np.frombuffer(encode(AudioFormat(), 0.0)[0], "<i2").any()


def test_mp3_can_be_joined() -> None:
    data, _ = encode(AudioFormat.of(Codec.MP3))
    assert data[:2] == b"\xff\xf3"
    assert not any(mark in data for mark in (b"ID3", b"Xing", b"Info"))
    once, _, _ = decode(data)
    twice, _, _ = decode(data + data)
    assert len(twice) == pytest.approx(2 * len(once), abs=1152 * 2)


def test_an_empty_answer_ends_cleanly() -> None:
    for codec in Codec:
        assert isinstance(Timeline(AudioFormat.of(codec)).close(), bytes)


OWN = AudioFormat.of(Codec.MP3, 24_000, 1, 48_000)


def own_frames(seconds: float) -> bytes:
    """MP3 of an engine of that format."""
    timeline = Timeline(OWN)
    timeline.begin(ENGINE_RATE)
    return timeline.feed(tone(seconds)) + timeline.end() + timeline.close()


def test_frames_go_through_and_are_counted() -> None:
    timeline, frames = Timeline(OWN, as_frames=True), own_frames(0.5)
    timeline.begin(24_000)
    assert timeline.frames(frames[:1440]) + timeline.frames(frames[1440:]) == frames
    assert timeline.end() == timeline.close() == b""
    assert timeline.position_s == count_frames(frames) * SAMPLES_PER_FRAME / 24_000


def test_silent_frames_add_up() -> None:
    timeline = Timeline(OWN, as_frames=True)
    made = b"".join(timeline.silence(0.0123) for _ in range(1_000))
    assert timeline.position_s == count_frames(made) * SAMPLES_PER_FRAME / 24_000
    assert timeline.position_s == pytest.approx(12.3, abs=SAMPLES_PER_FRAME / 24_000)


def test_sound_that_comes_as_pcm_after_all_stands_between_frames() -> None:
    timeline, frames = Timeline(OWN, as_frames=True), own_frames(0.3)
    answer = timeline.frames(frames) + timeline.silence(0.1)
    timeline.begin(ENGINE_RATE)
    encoded = timeline.feed(tone(0.3)) + timeline.end()
    answer += encoded + timeline.frames(frames)
    samples, rate, _ = decode(answer)
    assert rate == 24_000
    assert len(samples) == count_frames(answer) * SAMPLES_PER_FRAME
    assert answer.endswith(frames)
    assert count_frames(encoded) * SAMPLES_PER_FRAME / rate == pytest.approx(0.3, abs=0.1)
