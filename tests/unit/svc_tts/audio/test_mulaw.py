from __future__ import annotations

import av
import numpy as np

from svc_tts.audio.encode import make_encoder
from svc_tts.audio.format import AudioFormat, Codec
from svc_tts.audio.mulaw import mulaw


def test_a_telephones_wav_has_a_head_and_a_byte_a_sample() -> None:
    encoder = make_encoder(AudioFormat.of(Codec.PCMU_WAV))
    first, second = encoder.feed(bytes(200)), encoder.feed(bytes(200)) + encoder.flush()
    assert first.startswith(b"RIFF")
    assert len(second) == 100
    assert make_encoder(AudioFormat.of(Codec.PCMU)).feed(bytes(200)) == b"\xff" * 100


def test_telephones_have_eight_kilohertz() -> None:
    assert AudioFormat.of(Codec.PCMU).sample_rate == AudioFormat.of(Codec.PCMU_WAV).sample_rate == 8_000


def test_mulaw_is_what_ffmpeg_makes_of_every_sample() -> None:
    samples = np.arange(-32_768, 32_768).astype("<i2")
    encoder = av.CodecContext.create("pcm_mulaw", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 8_000, "mono", "s16"
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = 8_000
    theirs = b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
    ours, other = (_linear(np.frombuffer(each, np.uint8)) for each in (mulaw(samples.tobytes()), theirs))
    wide = samples.astype(np.int32)
    assert np.abs(ours - wide).max() <= np.abs(other - wide).max() == 644  # the clip
    assert np.abs(ours - wide).mean() <= np.abs(other - wide).mean() * 1.01


def _linear(codes: np.ndarray) -> np.ndarray:
    decoder = av.CodecContext.create("pcm_mulaw", "r")
    decoder.sample_rate, decoder.layout = 8_000, "mono"
    frames = decoder.decode(av.Packet(codes.tobytes()))
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.int32)
