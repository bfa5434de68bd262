from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from prometheus_client import CollectorRegistry, generate_latest

from svc_video.desk import Desk
from svc_video.engines.still import StillEngine
from svc_video.metrics import FilmMetrics, show
from svc_video.portraits.gallery import Gallery
from svc_video.portraits.store import PortraitStore


class Counting(StillEngine):
    """One that counts."""

    def counts(self) -> dict[str, int]:
        return {"restarted": 3}


def test_films_and_what_engines_count(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("svc_video.desk.make", lambda name, _: Counting() if name == "counting" else StillEngine())
    desk = Desk(["counting", "still"], Gallery(PortraitStore(tmp_path)), max_streams=2)
    registry = CollectorRegistry()
    show(desk, registry)
    with desk.serving("still"):
        told = generate_latest(registry).decode()
    assert 'troupe_video_films{engine="still"} 1.0' in told
    assert 'troupe_video_engine_events_total{engine="counting",event="restarted"} 3.0' in told
    assert 'troupe_video_engine_events_total{engine="still"' not in told


async def test_frames_and_the_first_fragment_are_counted() -> None:
    registry = CollectorRegistry()
    drawn = [0]

    async def film() -> AsyncIterator[str]:
        for segment, frames in (("head", 0), ("first", 12), ("second", 25)):
            await asyncio.sleep(0.02)
            drawn[0] = frames
            yield segment

    watched = FilmMetrics(registry).watch("still", film(), lambda: drawn[0])
    assert [segment async for segment in watched] == ["head", "first", "second"]
    labels = {"engine": "still"}
    assert registry.get_sample_value("troupe_video_frames_total", labels) == 25
    assert registry.get_sample_value("troupe_video_first_fragment_seconds_count", labels) == 1
    first_s = registry.get_sample_value("troupe_video_first_fragment_seconds_sum", labels)
    assert 0.04 <= first_s < registry.get_sample_value("troupe_video_making_seconds_total", labels)
