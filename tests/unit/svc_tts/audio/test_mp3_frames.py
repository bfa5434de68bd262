from __future__ import annotations

import io

import av
import numpy as np
import pytest

from svc_tts.audio.encode import Mp3Encoder
from svc_tts.audio.format import AudioFormat, Codec
from svc_tts.audio.mp3_frames import SAMPLES_PER_FRAME, FrameReader, count_frames, frame_bytes, silent_frame
from troupe.wire.errors import UnsupportedMedia

RATE, BITRATE = 24_000, 48_000
FRAME_BYTES = 144


def tone(seconds: float) -> bytes:
    """A stream of MP3 as an engine makes it, with a loud tone in it."""
    encoder = Mp3Encoder(AudioFormat(Codec.MP3, RATE, 1, BITRATE))
    samples = 8_000 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)
    return encoder.feed(samples.astype("<i2").tobytes()) + encoder.flush()


def decoded(data: bytes) -> np.ndarray:
    with av.open(io.BytesIO(data), format="mp3") as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(container.streams.audio[0])])


@pytest.mark.parametrize("piece", [1, 7, 143, 144, 720, 100_000])
def test_frames_come_out_as_they_went_in(piece: int) -> None:
    stream, reader = tone(0.5), FrameReader()
    frames = [frame for at in range(0, len(stream), piece) for frame in reader.feed(stream[at : at + piece])]
    assert b"".join(frames) == stream
    assert {len(frame) for frame in frames} == {FRAME_BYTES}
    assert count_frames(stream) == len(frames)


def test_what_is_no_frame_is_passed_over() -> None:
    stream, reader = tone(0.2), FrameReader()
    assert b"".join(reader.feed(b"ID3\x04\x00\x00 a tag \xff" + stream)) == stream
    assert b"".join(reader.feed(b"\xff\xf3\xff\xff" + stream)) == stream


def test_a_frame_that_describes_the_file_holds_no_sound() -> None:
    silent, stream = silent_frame(RATE, BITRATE), tone(0.2)
    described = silent[:13] + b"Info" + silent[17:]
    assert b"".join(FrameReader().feed(described + stream)) == stream


def test_noise_is_refused_after_a_while() -> None:
    reader = FrameReader()
    assert reader.feed(b"\x55" * 720) == []
    with pytest.raises(UnsupportedMedia, match="no frame of MP3"):
        reader.feed(b"\x55" * 720 * 10)
    assert frame_bytes(b"\xff\xf3\xf4\xc4") == frame_bytes(b"\xff\xf3\x6c\xc4") == frame_bytes(b"\xff\xf3\x64\x44") == 0


def test_silent_frames_stand_between_others_and_decode_to_silence() -> None:
    silent, stream = silent_frame(RATE, BITRATE), tone(0.3)
    assert len(silent) == FRAME_BYTES
    samples = decoded(stream + silent * 50 + stream)
    assert len(samples) == (2 * count_frames(stream) + 50) * SAMPLES_PER_FRAME
    first = count_frames(stream) * SAMPLES_PER_FRAME
    middle = samples[first + 2 * SAMPLES_PER_FRAME : first + 50 * SAMPLES_PER_FRAME]
    assert np.abs(middle).max() < 1e-6
    # The second stream sounds as the first one did: nothing of it was borrowed from frames before it.
    alone = decoded(stream)[2 * SAMPLES_PER_FRAME :]
    again = samples[first + 52 * SAMPLES_PER_FRAME :]
    assert np.abs(alone - again).max() < 1e-4
