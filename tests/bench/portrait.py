"""How fast a face talks: a real svc-video process on one core, a real gRPC client on the other, decoded output.

    python tests/bench/portrait.py          three rounds; ROUNDS=n for more, QUICK=1 for one short one

The clip is spoken by svc-tts's espeak engine, with its mouth cues; without it, by syllables of tone with made-up ones.
The last line is one JSON object: fps (frames per wall second at 512 x 512, one core for the server), first_fragment_ms
(from the request to the first whole fragment, portrait warm) and rss_mb (PSS of the process tree after the last round).
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import psutil

from troupe.v1 import engine_pb2, media_pb2, video_pb2, video_pb2_grpc
from troupe.wire.channels import open_channel
from troupe.wire.errors import TroupeError
from troupe.wire.media import SAMPLE_RATE
from troupe.wire.serving import parse_announcement

QUICK = os.environ.get("QUICK", "") not in {"", "0"}
ROUNDS = 1 if QUICK else int(os.environ.get("ROUNDS", "3"))
SIDE, FPS = 512, 25
SERVER_CORE = "0"
TEXT = (
    "Hello, I am a talking portrait. My mouth moves with every word I say, from open vowels to the lips that close "
    "for em, bee and pee. I was drawn on one core, while you were listening."
)
PIECE = 24_000  # bytes of PCM in one message: half a second
START_S, FILM_S = 60.0, 120.0


@dataclass(frozen=True, slots=True)
class Clip:
    """Speech as svc-tts gives it."""

    pcm: bytes
    cues: list[media_pb2.MouthCue]
    made_by: str

    @property
    def seconds(self) -> float:
        """How long it is heard."""
        return len(self.pcm) / 2 / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Round:
    """What the client measured in one round."""

    fps: float
    first_fragment_ms: float
    frames: int
    same: float  # share of frames equal to the one before
    kbit_s: float
    realtime: float


def main() -> None:
    """Run the rounds, print the table and the JSON."""
    clip = asyncio.run(spoken(TEXT[: TEXT.index(".") + 1] if QUICK else TEXT))
    with server() as (process, address):
        rounds = asyncio.run(films(address, clip))
        memory = pss_mb(process.pid)
    report(clip, rounds, memory)


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


@contextmanager
def server() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """svc-video on one core and free ports; gives the process and its address."""
    command = [sys.executable, "-m", "svc_video"]
    if shutil.which("taskset"):
        command = ["taskset", "-c", SERVER_CORE, *command]
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


async def films(address: str, clip: Clip) -> list[Round]:
    """One film per round; a short one before them warms the portrait."""
    async with open_channel(address) as channel:
        stub = video_pb2_grpc.VideoStub(channel)
        await ready(stub)
        listed = await stub.ListPortraits(video_pb2.ListPortraitsRequest(), timeout=10)
        avatar = listed.portraits[0].portrait_id
        await film(stub, avatar, Clip(clip.pcm[:PIECE], clip.cues[:3], ""))
        return [await film(stub, avatar, clip) for _ in range(ROUNDS)]


async def ready(stub: video_pb2_grpc.VideoStub) -> None:
    """Wait until the engine has drawn its first frame."""
    async with asyncio.timeout(START_S):
        while True:
            reply = await stub.Describe(engine_pb2.DescribeRequest(), timeout=10)
            if reply.engines[0].state == engine_pb2.ENGINE_STATE_READY:
                return
            await asyncio.sleep(0.05)


async def film(stub: video_pb2_grpc.VideoStub, avatar: str, clip: Clip) -> Round:
    """Have one film made, and look at what came."""
    started = time.monotonic()
    first = 0.0
    received = bytearray()
    async for chunk in stub.Animate(told(avatar, clip), timeout=FILM_S):
        received += chunk.data
        if chunk.kind == media_pb2.MEDIA_KIND_FRAGMENT and chunk.last_piece and not first:
            first = time.monotonic() - started
    seconds = time.monotonic() - started
    frames, same = await asyncio.to_thread(looked_at, bytes(received))
    return Round(
        fps=frames / seconds,
        first_fragment_ms=first * 1000,
        frames=frames,
        same=same,
        kbit_s=len(received) * 8 / 1000 / clip.seconds,
        realtime=clip.seconds / seconds,
    )


async def told(avatar: str, clip: Clip) -> AsyncIterator[video_pb2.AnimateInput]:
    """The request's messages: each piece of sound with its cues."""
    yield video_pb2.AnimateInput(
        settings=video_pb2.AnimateSettings(
            engine="portrait", portrait_id=avatar, width=SIDE, height=SIDE, fps=FPS, has_cues=True, seed=1
        )
    )
    for start in range(0, len(clip.pcm), PIECE):
        from_ms, to_ms = (byte * 1000 // 2 // SAMPLE_RATE for byte in (start, start + PIECE))
        yield video_pb2.AnimateInput(
            speech=video_pb2.Speech24k(
                pcm=clip.pcm[start : start + PIECE],
                cues=[cue for cue in clip.cues if from_ms <= cue.start_ms < to_ms],
                cues_complete_ms=to_ms,
            )
        )


def looked_at(data: bytes) -> tuple[int, float]:
    """Decode the film: its frames, and the share of them equal to the one before."""
    frames, same, before = 0, 0, None
    with av.open(io.BytesIO(data), "r") as container:
        for frame in container.decode(video=0):
            pixels = frame.to_ndarray()
            same += before is not None and np.array_equal(pixels, before)
            frames, before = frames + 1, pixels
    return frames, same / max(1, frames - 1)


def pss_mb(pid: int) -> float:
    """Memory of the process tree, shared pages shared out."""
    parent = psutil.Process(pid)
    return sum(each.memory_full_info().pss for each in [parent, *parent.children(recursive=True)]) / 1e6


def report(clip: Clip, rounds: list[Round], memory: float) -> None:
    """The table, then the JSON."""
    print(
        f"portrait, {SIDE} x {SIDE} at {FPS} fps, server on core {SERVER_CORE}; {clip.seconds:.1f} s by {clip.made_by}"
    )
    print(f"{'round':>5} {'fps':>7} {'x real time':>12} {'first ms':>9} {'frames':>7} {'same':>6} {'kbit/s':>7}")
    for number, each in enumerate(rounds, start=1):
        print(
            f"{number:>5} {each.fps:>7.1f} {each.realtime:>12.2f} {each.first_fragment_ms:>9.0f} {each.frames:>7}"
            f" {each.same:>6.3f} {each.kbit_s:>7.0f}"
        )
    fps = statistics.median(each.fps for each in rounds)
    first = statistics.median(each.first_fragment_ms for each in rounds)
    same = statistics.median(each.same for each in rounds)
    told = {
        "fps": round(fps, 1),
        "first_fragment_ms": round(first),
        "rss_mb": round(memory),
        "realtime_factor": round(statistics.median(each.realtime for each in rounds), 2),
        "identical_frames": round(same, 3),
    }
    print(json.dumps({"portrait": told}))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    main()
