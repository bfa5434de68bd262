from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from svc_video.desk import Desk
from svc_video.engines.still import StillEngine
from svc_video.metrics import show
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
