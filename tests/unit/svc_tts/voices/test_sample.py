from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from tests.fakes.speaker import RATE, file, pcm, speech

from svc_tts.audio.loudness import loudness
from svc_tts.voices.measure import measure
from svc_tts.voices.sample import Refinement, make_sample, read_sample
from troupe.wire.errors import NoSpeech, PoorSample, UnsupportedMedia, WrongDuration

PLAIN = Refinement()
SPEECH = speech(12.0)


def noise(level_db: float, count: int = len(SPEECH)) -> np.ndarray:
    return (np.random.default_rng(0).standard_normal(count) * 10 ** (level_db / 20)).astype(np.float32)


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "MP3"])
async def test_a_good_sample_is_kept_at_24_khz(kind: str) -> None:
    sample = await read_sample(file(SPEECH, kind), PLAIN)
    info = soundfile.info(io.BytesIO(sample.wav))
    assert (info.samplerate, info.channels, info.subtype) == (RATE, 1, "PCM_16")
    assert sample.seconds == pytest.approx(12, abs=0.1)
    assert len(sample.sha256) == 64
    assert sample.low
    assert not (await read_sample(file(speech(12.0, 220)), PLAIN)).low


async def test_channels_are_mixed_into_one() -> None:
    stereo = np.stack([SPEECH, SPEECH * 0], axis=1)
    written = io.BytesIO()
    soundfile.write(written, stereo, RATE, format="WAV")
    kept, _ = soundfile.read(io.BytesIO((await read_sample(written.getvalue(), PLAIN)).wav))
    assert kept.ndim == 1
    assert np.corrcoef(kept[: len(SPEECH)], SPEECH[: len(kept)])[0, 1] > 0.99


@pytest.mark.parametrize(
    ("samples", "error", "words"),
    [
        (speech(9.0), WrongDuration, "9.0 s of sound. Send between 10 and 300 s"),
        (np.zeros(0, np.float32), WrongDuration, "0.0 s"),
        (np.zeros(12 * RATE, np.float32), NoSpeech, "is silent"),
        (noise(-20), NoSpeech, "No speech is heard"),
        (np.concatenate([speech(4.0), np.zeros(8 * RATE, np.float32)]), NoSpeech, "Only 3.. s of speech"),
        (SPEECH * np.float32(0.01), PoorSample, "too quiet: -6. dBFS; at least -50"),
        (np.clip(SPEECH * 8, -0.4, 0.4), PoorSample, "clipped: .*less gain"),
        (SPEECH + noise(-22), PoorSample, "noisy: "),
        (SPEECH + noise(-30), PoorSample, "noisy: the speech is .* dB above .* 12 dB.*denoise"),
    ],
    ids=["short", "empty", "silent", "hiss", "little speech", "quiet", "clipped", "very noisy", "noisy"],
)
def test_each_fault_has_its_own_sentence(samples: np.ndarray, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make_sample(pcm(samples), PLAIN)


async def test_too_long_a_sample_is_told_like_too_short_a_one() -> None:
    with pytest.raises(WrongDuration, match="more than 300 s"):
        await read_sample(file(np.zeros(301 * RATE, np.float32), "FLAC"), PLAIN)


async def test_no_sound_file_is_told() -> None:
    with pytest.raises(UnsupportedMedia):
        await read_sample(b"hello", PLAIN)


def test_denoise_takes_what_is_otherwise_refused() -> None:
    noisy = SPEECH + noise(-31)
    with pytest.raises(PoorSample, match="noisy"):
        make_sample(pcm(noisy), PLAIN)
    kept, _ = soundfile.read(io.BytesIO(make_sample(pcm(noisy), Refinement(denoise=True)).wav), dtype="float32")
    assert measure(kept).snr_db > 20
    with pytest.raises(PoorSample, match=r"at least 6 dB.*quiet room\.$"):
        make_sample(pcm(SPEECH + noise(-23)), Refinement(denoise=True))


def test_loudness_is_brought_to_the_usual() -> None:
    sample = make_sample(pcm(SPEECH * np.float32(0.1)), Refinement(normalize_loudness=True))
    kept, _ = soundfile.read(io.BytesIO(sample.wav), dtype="float32")
    assert -23 <= (loudness(kept * 32_768, 24_000) or 0.0) <= -18
