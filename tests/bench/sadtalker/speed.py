"""Section: how fast frames are rendered beside upstream, on the same device with the same threads, taking turns.

On a CPU in processor time, which other programs do not spoil; on CUDA in time until the pixels are on the host, each
side with the batch that suits it best of those it is tried with. Both begin with the picture and coefficients. Without
upstream only our numbers are measured. THREADS=1 asks for so many, on both sides.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch
from tests.bench.sadtalker.laboratory import checkout, python
from tests.bench.sadtalker.ours import AT_ONCE, Ours, source
from tests.bench.sadtalker.questions import coefficients, network_questions
from tests.bench.xtts.figures import Figures, rounded, table

from svc_video.engines.sadtalker.mapping import REACH
from svc_video.engines.sadtalker.renderer import FrameOrder

if TYPE_CHECKING:
    from tests.bench.sadtalker.__main__ import Bench

UPSTREAM_BATCH = 2  # its default
BATCHES = {"cpu": ((2, 1),), "cuda": ((32, 2), (64, 16))}
"""Frames of a clip, and upstream's batch of them; ours takes up to 16 at once on CUDA."""


class Rival:
    """Upstream in its own environment; every answer is in seconds."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, frames: int, batch: int) -> float:
        """One clip, to its end."""
        if not self._process.stdin:
            raise RuntimeError("The rival was started without pipes.")
        self._process.stdin.write(json.dumps({"frames": frames, "batch": batch}) + "\n")
        self._process.stdin.flush()
        return self.answer()

    def answer(self) -> float:
        """The next line."""
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(f"Upstream ended with {self._process.wait()}: see above.")
        return float(json.loads(line)["s"])


@contextmanager
def rival(bench: Bench, size: int, threads: int) -> Iterator[Rival | None]:
    """Upstream with the release loaded, or None where it is not here."""
    if not bench.compared:
        yield None
        return
    environment = os.environ | {"UPSTREAM": str(checkout()), "PYTHONWARNINGS": "ignore"}
    command = [python(), "-m", "tests.bench.sadtalker.rival", bench.release, str(size), bench.device, str(threads)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        other = Rival(process)
        other.answer()
        try:
            yield other
        finally:
            if process.stdin:
                process.stdin.close()


def measure(bench: Bench) -> Figures:
    """At 256, and on a GPU at 512 as well."""
    threads = int(os.environ.get("THREADS") or 1)
    torch.set_num_threads(threads)
    figures = _at(bench, 256, threads)
    if bench.device == "cuda" and bench.sized(512):
        figures |= {f"{name}_512": value for name, value in _at(bench, 512, threads).items()}
    return figures


def _at(bench: Bench, size: int, threads: int) -> Figures:
    ours = Ours(bench.release, size, device=bench.device, precision="auto")
    rows, best = [], (0.0, 0.0)
    with rival(bench, size, threads) as other:
        for frames, batch in BATCHES[bench.device]:
            mine, theirs = _turns(bench, ours, other, frames, batch)
            best = max(best[0], frames / mine), max(best[1], frames / theirs if theirs else 0.0)
            told = f"{theirs / frames:.3f}" if theirs else "not run"
            rows.append((frames, f"{mine / frames:.3f}", told, batch, f"{theirs / mine:.2f}" if theirs else ""))
    table((f"frames at {size}", "ours, s per frame", "upstream's", "its batch", "ratio"), rows)
    return {
        "fps": rounded(best[0]),
        "upstream_fps": rounded(best[1]) if best[1] else None,
        "speedup": rounded(best[0] / best[1]) if best[1] else None,
    }


def _turns(bench: Bench, ours: Ours, other: Rival | None, frames: int, batch: int) -> tuple[float, float]:
    """Medians of both, after one of each that does not count."""
    mine, theirs = [], []
    for turn in range(bench.rounds + 1):
        seconds = animated(ours, frames)
        answered = other.ask(frames, batch) if other else 0.0
        if turn:
            mine.append(seconds)
            theirs.append(answered)
    return statistics.median(mine), statistics.median(theirs)


def animated(ours: Ours, frames: int) -> float:
    """As the rival's: from the picture and coefficients to pixels on the host."""
    given = network_questions(frames=1, size=ours.size)
    clock = time.process_time if ours.device == "cpu" else time.perf_counter
    start = clock()
    with torch.inference_mode():
        appearance = ours.renderer.appearance(source(given))
        rest = ours.motion.source_heads(coefficients(1, channels=73)[0]).keypoints(appearance.canonical)[0]
        target = np.pad(coefficients(frames), ((REACH, REACH), (0, 0)), mode="edge")
        heads = ours.motion.mapping(torch.from_numpy(target).to(ours.device))
        asked = [FrameOrder(appearance, rest, driving) for driving in heads.keypoints(appearance.canonical)]
        begun = [ours.drawing.begin(asked[: AT_ONCE[ours.device]])]
        for first in range(AT_ONCE[ours.device], frames, AT_ONCE[ours.device]):
            begun.append(ours.drawing.begin(asked[first : first + AT_ONCE[ours.device]]))
            begun.pop(0).take()
        begun.pop().take()
    return clock() - start
