"""`make bench-playback`: Chromium plays a minute of film while the mesh makes it; what does a viewer notice?

The gateway's `/api/avatar` with the default engines, by MediaSource and as a plain `<video src>`; decoded and drawn
without a GPU, on the cores that also make the film. Dropped frames and stalls are the browser's own counts
(`getVideoPlaybackQuality`, `waiting` and `stalled` once it plays). QUICK=1 plays 20 s, ROUNDS= more films.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.bench.report import machine, rounds, with_mesh
from tests.browser.cinema import Viewing, watch

from gateway.cli.client import GatewayClient

SECONDS = 20 if os.environ.get("QUICK") == "1" else 60
WAYS = ("mse", "src")
PYTHON = Path("var/browser/bin/python").absolute()


def job(url: str, _: Mapping[str, str]) -> list[tuple[str, Viewing]]:
    """Watch the films, one after the other."""
    with GatewayClient(url) as client:
        client.wait_ready()
    with tempfile.TemporaryDirectory() as folder:
        return [(way, watch(url, SECONDS, way, PYTHON, Path(folder))) for _ in range(rounds(default=1)) for way in WAYS]


def report(viewings: list[tuple[str, Viewing]]) -> None:
    """The table, then the JSON: counts are sums over all films, times the median of them."""
    print(f"\nplayback: about {SECONDS} s of film in Chromium while it is made, 512x512\n{machine()}")
    print(f"{'way':>4} {'film s':>7} {'frames':>7} {'dropped':>8} {'stalls':>7} {'first ms':>9} {'worst lag ms':>13}")
    for way, seen in viewings:
        print(
            f"{way:>4} {seen.film_s:>7.2f} {seen.total:>7} {seen.dropped:>8} {len(seen.stalls):>7}"
            f" {seen.first_frame_ms:>9.0f} {seen.worst_lag_s * 1000:>13.0f} {seen.error or '' if seen.ended else 'cut'}"
        )
    films = [seen for _, seen in viewings]
    total = sum(seen.total for seen in films)
    told = {
        "dropped": round(sum(seen.dropped for seen in films) / max(1, total), 4),
        "dropped_frames": sum(seen.dropped for seen in films),
        "frames": total,
        "stalls": sum(len(seen.stalls) for seen in films),
        "first_frame_ms": round(statistics.median(seen.first_frame_ms for seen in films)),
        "worst_lag_ms": round(1000 * max(seen.worst_lag_s for seen in films)),
        "ended": sum(seen.ended for seen in films),
        "films": len(films),
        "seconds": round(statistics.median(seen.film_s for seen in films), 1),
    }
    print(json.dumps({"playback": told}))


if __name__ == "__main__":
    report(with_mesh(job))
