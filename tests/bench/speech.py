"""Speech as svc-tts gives it, for the benches of svc-video: PCM with the mouth cues of its phones."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from troupe.v1 import media_pb2, video_pb2
from troupe.wire.errors import TroupeError
from troupe.wire.media import SAMPLE_BYTES, SAMPLE_RATE
from troupe.wire.progress import Progress

PIECE_S = 0.5  # of sound in one message
SPEAK_S = 20.0


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
        return await spoken_by("espeak", text)
    except (ImportError, TroupeError) as error:
        print(f"svc-tts cannot speak here ({error}); the clip is made of tones", file=sys.stderr)
        return tones(len(text) / 15)


async def spoken_by(name: str, text: str, voice_id: str = "") -> Clip:
    """The text spoken by one of svc-tts's engines, in this process; without a voice its first American one.

    ImportError where svc-tts is not installed, a leaf of `troupe.wire.errors` where its engine cannot speak.
    """
    from svc_tts.engine import EngineContext, load_engine
    from svc_tts.speech import Sound, SpeechRequest
    from svc_tts.synthesis import Speech
    from svc_tts.voices.catalogue import Catalogue, VoiceWish
    from svc_tts.voices.store import VoiceStore

    engine = load_engine(name, EngineContext(workers=1, deadline_s=SPEAK_S))
    await engine.start(lambda _: None)
    try:
        catalogue = Catalogue({name: engine}, VoiceStore(Path(os.devnull) / "no voices"))
        request = SpeechRequest(name, VoiceWish(voice_id=voice_id, language="en-US"))
        speech = Speech(request, engine, catalogue, Progress())
        sounds = [part async for part in speech.parts(whole(text)) if isinstance(part, Sound)]
    finally:
        await engine.stop()
    cues = [
        media_pb2.MouthCue(ipa=cue.ipa, start_ms=cue.start_ms, end_ms=cue.end_ms, stressed=cue.stressed)
        for sound in sounds
        for cue in sound.cues
    ]
    return Clip(b"".join(sound.audio for sound in sounds), cues, f"svc-tts {voice_id or name}")


async def whole(text: str) -> AsyncIterator[str]:
    """A text that comes in one piece."""
    yield text


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
