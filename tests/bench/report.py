"""What every bench shares: rounds, medians, a table for people, and one JSON object as the last line."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
Figures = Mapping[str, float]
LOG = Path("var/bench.log")


def rounds(default: int = 3) -> int:
    """How often to measure: ROUNDS, or once with QUICK=1."""
    return int(os.environ.get("ROUNDS") or (1 if os.environ.get("QUICK") == "1" else default))


def machine() -> str:
    """What it was measured on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def with_mesh(job: Callable[[str, Mapping[str, str]], T], **settings: str) -> T:
    """Run `job(url, settings)` against a whole mesh on free ports, which is drained afterwards."""
    from gateway.cli.mesh import Mesh, free_ports  # benches of one engine run on machines without the gateway's needs

    # A sentence that is kept would be measured only once.
    ports = {**free_ports(), "TROUPE_SPEECH_CACHE_MB": "0", **settings}
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with LOG.open("w") as log, ThreadPoolExecutor(1) as pool:
        mesh = Mesh(ports, log)
        future = pool.submit(job, f"http://127.0.0.1:{ports['TROUPE_PORT']}", ports)
        mesh.run(until=future.done)
        return future.result()


def medians(measured: Sequence[Figures]) -> dict[str, float]:
    """Of each figure, over all rounds."""
    return {name: statistics.median(figures[name] for figures in measured) for name in measured[0]}


def show(title: str, measured: Sequence[Figures], notes: Sequence[str] = (), not_run: Sequence[str] = ()) -> None:
    """Print the rounds and their medians; the last line is one JSON object of the medians, null where not run."""
    middle = medians(measured)
    print(f"\n{title}\n{machine()}; {len(measured)} measurements")
    for note in notes:
        print(note)
    width = max(len(name) for name in middle)
    print(f"{'':{width}}  {'median':>10}  {'min':>10}  {'max':>10}")
    for name, median in middle.items():
        values = [figures[name] for figures in measured]
        print(f"{name:{width}}  {median:10.2f}  {min(values):10.2f}  {max(values):10.2f}")
    print(json.dumps({name: round(value, 3) for name, value in middle.items()} | dict.fromkeys(not_run)))
