"""Section: the most memory that a whole clip takes, each side in a process of its own, picture and sound to frames."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tests.bench.sadtalker.laboratory import ANSWER_S, Arrays, ask
from tests.bench.sadtalker.questions import questions
from tests.bench.xtts.figures import Figures, rounded

if TYPE_CHECKING:
    from tests.bench.sadtalker.__main__ import Bench

FRAMES = 4


def measure(bench: Bench) -> Figures:
    """On the CPU; a clip of few frames, so it is mostly weights and planes."""
    given = questions(frames=FRAMES) | {"preprocess": np.array("crop")}
    ours = _ours_alone(bench.release, given)
    theirs = float(ask(bench.release, given, "clip")["peak_rss_mb"]) if bench.compared else None
    print(f"ours {ours:.0f} MB, upstream {f'{theirs:.0f} MB' if theirs else 'not run'}; {FRAMES} frames")
    return {
        "rss_mb": rounded(ours),
        "upstream_rss_mb": rounded(theirs) if theirs else None,
        "rss_ratio": rounded(ours / theirs) if theirs else None,
    }


def _ours_alone(release: Path, given: Arrays) -> float:
    with tempfile.NamedTemporaryFile(suffix=".npz") as asked:
        np.savez(asked.name, **given)
        command = [sys.executable, "-m", "tests.bench.sadtalker.memory", release, asked.name]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=ANSWER_S, check=True)
    return float(done.stdout)


def alone() -> None:
    """In that process: one clip, then the most memory it took, in MB."""
    import torch
    from tests.bench.sadtalker.ours import Ours, answer

    torch.set_num_threads(1)
    release, asked = sys.argv[1:]
    ours = Ours(Path(release))
    ours.settle()
    answer(ours, dict(np.load(asked)), "clip")
    print(peak_mb())


def peak_mb() -> float:
    """The most memory this process had, without what it was forked from, which getrusage counts too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    alone()
