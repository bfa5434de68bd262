"""Sound and film through the death of the replica that makes them: whole, in order, nothing twice, nothing missing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from tests.chaos.figures import Figures
from tests.chaos.http1 import Client
from tests.chaos.stage import CANARY, Actor, Stage, counted, targets

from svc_video import boxes

pytestmark = pytest.mark.timeout(120)
SENTENCE = f"One two three {CANARY} five six seven eight nine ten. "
SPEECH = SENTENCE * 100  # 300 s of tone
SCRIPT = SENTENCE * 8  # 24 s of film
EARLY = 64 * 1024  # so much of the sound has come when its replica dies
FPS = 25
HEARD_S = 0.15  # two sounds are as long as one another within this


async def test_speech_goes_on_at_another_replica(stage: Stage, figures: Figures) -> None:
    """speech: kill -9 of the replica that speaks, another one goes on"""
    replicas = await stage.replicas("svc_tts", 2)
    gateway = await stage.gateway(PROVIDER_TONE_TARGET=targets(replicas))
    await compare_speech(gateway, replicas, figures)


async def test_speech_goes_on_at_the_next_rung(stage: Stage, figures: Figures) -> None:
    """speech: kill -9 of the only replica of the first rung, the next rung goes on"""
    first, spare = await stage.replicas("svc_tts", 2)
    gateway = await stage.gateway(
        PROVIDER_TTS_FALLBACK="spare",
        PROVIDER_SPARE_ENGINE="tone",
        PROVIDER_TONE_TARGET=first.grpc,
        PROVIDER_SPARE_TARGET=spare.grpc,
    )
    await compare_speech(gateway, [first], figures)


async def compare_speech(gateway: Actor, replicas: Sequence[Actor], figures: Figures) -> None:
    body = {"text": SPEECH, "format": "pcm"}
    undisturbed = await asked(gateway, "/api/voice", body)
    killed: list[Actor] = []
    sound = await asked(gateway, "/api/voice", body, lambda: kill_worker(replicas, "Synthesize", killed))
    figures.note("seconds of sound, undisturbed", len(undisturbed) / 48_000)
    figures.note("seconds of sound, its replica killed", len(sound) / 48_000)
    assert len(killed) == 1
    assert abs(len(sound) - len(undisturbed)) <= HEARD_S * 48_000
    assert sound == undisturbed


async def test_a_film_goes_on_at_another_replica(stage: Stage, figures: Figures) -> None:
    """film: kill -9 of the replica that draws, another one goes on at the next fragment"""
    replicas = await stage.replicas("svc_video", 2)
    speech = await stage.service("svc_tts")
    gateway = await stage.gateway(PROVIDER_STILL_TARGET=targets(replicas), TROUPE_SPEECH_TARGET=speech.grpc)
    body = {"text": SCRIPT, "width": 256, "height": 256, "fps": FPS}
    undisturbed = await asked(gateway, "/api/avatar", body)
    killed: list[Actor] = []
    film = await asked(gateway, "/api/avatar", body, lambda: kill_worker(replicas, "Animate", killed))
    spans, plain = fragments(film), fragments(undisturbed)
    figures.note("seconds of film, undisturbed", plain[-1].end_s)
    figures.note("seconds of film, its replica killed", spans[-1].end_s)
    figures.note("fragments", f"{len(plain)}, {len(spans)}")
    assert len(killed) == 1
    assert [span.sequence for span in spans] == list(range(spans[0].sequence, spans[0].sequence + len(spans)))
    for before, after in pairwise(spans):
        assert abs(after.start_s - before.end_s) < 1 / FPS / 2, f"a gap after {before}"
    assert abs(spans[-1].end_s - plain[-1].end_s) < HEARD_S


async def asked(gateway: Actor, path: str, body: dict, disturb: Callable[[], object] | None = None) -> bytes:
    """The whole answer; `disturb` is done once some of it has come."""
    client, parts = Client(), []
    async with client.ask(gateway.http, "POST", path, json.dumps(body).encode()) as reply:
        async for piece in reply.pieces():
            parts.append(piece)
            if disturb and sum(map(len, parts)) > EARLY:
                await disturb()  # type: ignore[misc]  # a coroutine function
                disturb = None
        whole = b"".join(parts)
        assert reply.status == 200, whole[:500]
    client.close()
    assert disturb is None, "the answer was too short to be disturbed"
    return whole


async def kill_worker(replicas: Sequence[Actor], method: str, killed: list[Actor]) -> None:
    """Kill the replica that is at work; the next one takes over so fast that the look comes before the kill."""
    for replica in replicas:
        if await counted(replica.metrics, "troupe_rpc_outstanding", method=method):
            killed.append(replica)
    for replica in killed:
        await asyncio.to_thread(replica.kill)


def fragments(film: bytes) -> list[boxes.Span]:
    """The picture's fragments, in the order in which they came."""
    moov = next(boxes.find(film, b"moov"))
    picture = next(track for track in boxes.tracks(moov) if track.handler == boxes.VIDEO_HANDLER)
    found = [boxes.span(moof, picture) for moof in boxes.find(film, b"moof")]
    return [span for span in found if span]
