"""A stranger's file -> a reference that an engine can learn from, or a sentence that says what is wrong with it.

Length and size are MiniMax's limits for a cloned voice. Every limit below was set on speech of flite, espeak and people
that must pass, and on the same made worse: noise, clipping, hum, tones, melodies, silence.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
from dataclasses import dataclass

import numpy as np
import soundfile

from svc_tts.audio.decode import decode
from svc_tts.voices.measure import Heard, Samples, measure
from svc_tts.voices.refine import denoise, level
from troupe.wire.errors import MediaTooLarge, NoSpeech, PoorSample, WrongDuration
from troupe.wire.media import SAMPLE_RATE

SHORTEST_S, LONGEST_S = 10.0, 300.0
_LEAST_SPEECH_S = 5.0
_LEAST_VOICED = 0.2  # of what sounds; people reach 0.47 and more, bursts of noise 0.01
_LEAST_MOVEMENT_DB = 1.8  # people reach 3.4 and more, melodies 0.75
_SILENT_DB = -80.0  # dBFS: nothing but dither
_LEAST_LEVEL_DB = -50.0  # dBFS of the speech: below, 16 bits keep too little of it
_LEAST_SNR_DB = 12.0
_LEAST_SNR_TO_CLEAN_DB = 6.0  # below, the filter takes speech with the noise
_MOST_CLIPPED = 0.005  # of what sounds; a clean second has 0.0005, speech driven 6 dB too far 0.08
_LOW_VOICE_HZ = 155.0  # between what men and women usually speak at


@dataclass(frozen=True, slots=True)
class Refinement:
    """What is done to a sample before it is kept."""

    denoise: bool = False
    normalize_loudness: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """A reference as it is kept."""

    wav: bytes  # PCM s16le mono 24 kHz
    seconds: float
    sha256: str  # of `wav`
    low: bool = False  # the voice is a low one: which preset is nearest


async def read_sample(file: bytes, refinement: Refinement) -> Sample:
    """Decode in the sandbox, check and refine; raises `UnsupportedMedia`, `WrongDuration`, `NoSpeech`, `PoorSample`."""
    try:
        pcm = b"".join([piece async for piece in decode(file, LONGEST_S)])
    except MediaTooLarge as error:
        raise _wrong_duration(f"more than {LONGEST_S:g}") from error
    return await asyncio.to_thread(make_sample, pcm, refinement)


def make_sample(pcm: bytes, refinement: Refinement) -> Sample:
    """Check and refine PCM s16le mono 24 kHz; raises `WrongDuration`, `NoSpeech`, `PoorSample`."""
    samples = (np.frombuffer(pcm, "<i2") / np.float32(32_768)).astype(np.float32)
    if not SHORTEST_S * SAMPLE_RATE <= len(samples) <= LONGEST_S * SAMPLE_RATE:
        raise _wrong_duration(f"{len(samples) / SAMPLE_RATE:.1f}")
    heard = measure(samples)
    check(heard, will_denoise=refinement.denoise)
    wav = _as_wav(_refined(samples, refinement))
    low = heard.pitch_hz < _LOW_VOICE_HZ
    return Sample(wav, round(heard.seconds, 3), hashlib.sha256(wav).hexdigest(), low)


def check(heard: Heard, *, will_denoise: bool) -> None:
    """Raise `NoSpeech` or `PoorSample` for what no voice can be learned from."""
    least_snr_db = _LEAST_SNR_TO_CLEAN_DB if will_denoise else _LEAST_SNR_DB
    like_speech = heard.voiced >= _LEAST_VOICED and heard.movement_db >= _LEAST_MOVEMENT_DB
    hidden = like_speech and heard.snr_db < least_snr_db  # more of it would be heard if it were not for the noise
    if not hidden and (not like_speech or heard.speech_s < _LEAST_SPEECH_S):
        raise NoSpeech(_no_speech(heard, like_speech=like_speech), speech_s=round(heard.speech_s, 1))
    if heard.level_db < _LEAST_LEVEL_DB:
        raise PoorSample(
            f"The speech is too quiet: {heard.level_db:.0f} dBFS; at least {_LEAST_LEVEL_DB:g} dBFS are needed."
            " Record it again, nearer to the microphone.",
            reason="too_quiet",
            level_dbfs=round(heard.level_db, 1),
        )
    if heard.clipped > _MOST_CLIPPED:
        raise PoorSample(
            f"The recording is clipped: {heard.clipped:.1%} of it is cut off at its peak; at most"
            f" {_MOST_CLIPPED:.1%} may be. Record it again with less gain.",
            reason="clipped",
            clipped=round(heard.clipped, 4),
        )
    _check_noise(heard, least_snr_db, will_denoise=will_denoise)


def _check_noise(heard: Heard, least_db: float, *, will_denoise: bool) -> None:
    if heard.snr_db < least_db:
        remedy = "Record it in a quiet room" + (
            "." if will_denoise else f", or ask for denoise, which needs {_LEAST_SNR_TO_CLEAN_DB:g} dB."
        )
        raise PoorSample(
            f"The recording is noisy: the speech is {heard.snr_db:.0f} dB above the noise; at least {least_db:g} dB"
            f" are needed. {remedy}",
            reason="noisy",
            snr_db=round(heard.snr_db, 1),
        )


def _no_speech(heard: Heard, *, like_speech: bool) -> str:
    what = (
        "The sample is silent." if heard.level_db < -80 else "No speech is heard in the sample."
    )  # dBFS: nothing but dither
    if like_speech:
        what = f"Only {heard.speech_s:.1f} s of speech stand out of the sample."
    return f"{what} Send {SHORTEST_S:g} s or more of one person who speaks, at least {_LEAST_SPEECH_S:g} s of it words."


def _wrong_duration(seconds: str) -> WrongDuration:
    return WrongDuration(
        f"The sample has {seconds} s of sound. Send between {SHORTEST_S:g} and {LONGEST_S:g} s of one person.",
        least_s=SHORTEST_S,
        most_s=LONGEST_S,
    )


def _refined(samples: Samples, refinement: Refinement) -> Samples:
    if refinement.denoise:
        samples = denoise(samples)
    return level(samples) if refinement.normalize_loudness else samples


def _as_wav(samples: Samples) -> bytes:
    file = io.BytesIO()
    whole = np.clip(np.round(samples * 32_768), -32_768, 32_767).astype(np.int16)
    soundfile.write(file, whole, SAMPLE_RATE, format="WAV", subtype="PCM_16")
    return file.getvalue()
