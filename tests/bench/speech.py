"""Speech as svc-tts gives it, for the benches of svc-video: PCM with the mouth cues of its phones."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from troupe.v1 import media_pb2, video_pb2
from troupe.wire.errors import TroupeError
from troupe.wire.media import SAMPLE_BYTES, SAMPLE_RATE

PIECE_S = 0.5  # of sound in one message


@dataclass(frozen=True, slots=True)
class Clip:
    """Speech as svc-tts gives it."""

    pcm: bytes
    cues: list[media_pb2.MouthCue]
    made_by: str

    @property
    def seconds(self) -> float:
        """How long it is heard."""
        return len(self.pcm) / SAMPLE_BYTES / SAMPLE_RATE


async def spoken(text: str) -> Clip:
    """The text as speech with cues."""
    try:
        return await by_espeak(text)
    except (ImportError, TroupeError) as error:
        print(f"svc-tts cannot speak here ({error}); the clip is made of tones", file=sys.stderr)
        return tones(len(text) / 15)


async def by_espeak(text: str) -> Clip:
    """Spoken by svc-tts's espeak engine, in this process."""
    import soxr

    from svc_tts.engine import EngineContext, Utterance, load_engine

    engine = load_engine("espeak", EngineContext(workers=1, deadline_s=10))
    await engine.start(lambda _: None)
    try:
        voice = next(voice for voice in engine.voices() if voice.language == "en-US")
        pieces = [piece async for piece in engine.speak(Utterance(text, voice, voice.language))]
    finally:
        await engine.stop()
    raw = np.frombuffer(b"".join(piece.pcm for piece in pieces), np.int16)
    pcm = np.asarray(soxr.resample(raw, engine.facts.sample_rate, SAMPLE_RATE), np.int16).tobytes()
    cues = [
        media_pb2.MouthCue(
            ipa=phone.ipa,
            start_ms=round(phone.start_s * 1000),
            end_ms=round(phone.end_s * 1000),
            stressed=phone.stressed,
        )
        for piece in pieces
        for phone in piece.phones
    ]
    return Clip(pcm, cues, "svc-tts espeak")


def tones(seconds: float) -> Clip:
    """Five syllables a second."""
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    pcm = (9000 * np.sin(2 * np.pi * 180 * at) * np.abs(np.sin(np.pi * 5 * at))).astype("<i2").tobytes()
    cues = [
        media_pb2.MouthCue(ipa="baiumo"[number % 6], start_ms=number * 100, end_ms=number * 100 + 100)
        for number in range(int(seconds * 10))
    ]
    return Clip(pcm, cues, "tones")


def repeated(clip: Clip, seconds: float) -> Clip:
    """Said over and over, until it is so long."""
    count = int(np.ceil(seconds / clip.seconds))
    cues = [
        media_pb2.MouthCue(ipa=cue.ipa, start_ms=cue.start_ms + later, end_ms=cue.end_ms + later, stressed=cue.stressed)
        for later in (round(number * clip.seconds * 1000) for number in range(count))
        for cue in clip.cues
        if cue.start_ms + later < seconds * 1000
    ]
    size = round(seconds * SAMPLE_RATE) * SAMPLE_BYTES
    return Clip((clip.pcm * count)[:size], cues, clip.made_by)


def pieces(clip: Clip, seconds: float = PIECE_S) -> Iterator[video_pb2.Speech24k]:
    """The clip in messages of that length, each with the cues that begin in it."""
    cues, place = sorted(clip.cues, key=lambda cue: cue.start_ms), 0
    size = round(seconds * SAMPLE_RATE) * SAMPLE_BYTES
    for start in range(0, len(clip.pcm), size):
        to_ms = (start + size) * 1000 // SAMPLE_BYTES // SAMPLE_RATE
        before = place
        while place < len(cues) and cues[place].start_ms < to_ms:
            place += 1
        yield video_pb2.Speech24k(pcm=clip.pcm[start : start + size], cues=cues[before:place], cues_complete_ms=to_ms)
