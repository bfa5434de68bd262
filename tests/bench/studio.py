"""What the benches of talking portraits share: speech as svc-tts makes it, a svc-video process, what it is asked."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from troupe.v1 import engine_pb2, media_pb2, video_pb2, video_pb2_grpc
from troupe.wire.media import SAMPLE_RATE
from troupe.wire.progress import Progress
from troupe.wire.serving import parse_announcement

SIDE, FPS = 512, 25
PIECE = 24_000  # bytes of PCM in one message: half a second
START_S, SPEAK_S = 60.0, 20.0


@dataclass(frozen=True, slots=True)
class Clip:
    """Speech as svc-tts gives it: PCM s16le mono at 24 kHz, with its mouth cues."""

    pcm: bytes
    cues: list[media_pb2.MouthCue]
    made_by: str

    @property
    def seconds(self) -> float:
        """How long it is heard."""
        return len(self.pcm) / 2 / SAMPLE_RATE


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


@contextmanager
def server(core: str = "") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """svc-video on free ports, on one core where one is named; gives the process and its address."""
    command = [sys.executable, "-m", "svc_video"]
    if core and shutil.which("taskset"):
        command = ["taskset", "-c", core, *command]
    with tempfile.TemporaryDirectory() as folder:
        ports = {"TROUPE_VIDEO_GRPC_PORT": "0", "TROUPE_VIDEO_METRICS_PORT": "0", "PORTRAITS_URL": folder}
        chosen = {"TROUPE_VIDEO_ENGINES": "portrait"}
        process = subprocess.Popen(command, env=os.environ | ports | chosen, stderr=subprocess.PIPE, text=True)
        try:
            yield process, address_of(process)
        finally:
            process.terminate()
            process.wait(30)


def address_of(process: subprocess.Popen[str]) -> str:
    """Where it listens; what else it says goes on to standard error."""
    if process.stderr is None:
        raise RuntimeError("no pipe")
    for line in process.stderr:
        if (addresses := parse_announcement(line)) is not None:
            threading.Thread(target=lambda: sys.stderr.writelines(process.stderr or ()), daemon=True).start()
            return addresses["grpc"]
    raise RuntimeError("svc-video did not start")


async def ready(stub: video_pb2_grpc.VideoStub) -> None:
    """Wait until the engine has drawn its first frame."""
    async with asyncio.timeout(START_S):
        while True:
            reply = await stub.Describe(engine_pb2.DescribeRequest(), timeout=10)
            if reply.engines[0].state == engine_pb2.ENGINE_STATE_READY:
                return
            await asyncio.sleep(0.05)


async def told(
    avatar: str, clip: Clip, *, picture: bytes = b"", seed: int = 1
) -> AsyncIterator[video_pb2.AnimateInput]:
    """The request's messages: an avatar's id or a picture, then each piece of sound with its cues."""
    yield video_pb2.AnimateInput(
        settings=video_pb2.AnimateSettings(
            engine="portrait", portrait_id=avatar, width=SIDE, height=SIDE, fps=FPS, has_cues=True, seed=seed
        )
    )
    for start in range(0, len(picture), PIECE):
        yield video_pb2.AnimateInput(picture=picture[start : start + PIECE])
    for start in range(0, len(clip.pcm), PIECE):
        from_ms, to_ms = (byte * 1000 // 2 // SAMPLE_RATE for byte in (start, start + PIECE))
        yield video_pb2.AnimateInput(
            speech=video_pb2.Speech24k(
                pcm=clip.pcm[start : start + PIECE],
                cues=[cue for cue in clip.cues if from_ms <= cue.start_ms < to_ms],
                cues_complete_ms=to_ms,
            )
        )
