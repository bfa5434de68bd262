"""`make bench-sadtalker`: our SadTalker beside upstream's code, with the same random weights at full width (725 MB).

    python -m tests.bench.sadtalker        all sections
    SECTIONS=equality,speed                some of them
    QUICK=1                                an eighth of the width: says whether it works, not how fast it is
    DEVICE=cuda                            on the GPU, where a section can
    UPSTREAM=path                          upstream's own checkout; without it nothing is compared, only measured
    FOLDER=path                            a release that is there already, the real one for instance
    FRAMES=15000                           how many frames the section flat renders
    SECTIONS=speed,gpu DEVICE=cuda         what a card reaches, beside upstream on the same card

A section is a module of this folder with `measure(bench) -> figures`; it prints its own table. The last line is one
JSON object; null is what no section measured, or whose peer was not run.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tests.bench.report import machine, rounds
from tests.bench.sadtalker.laboratory import absent
from tests.bench.xtts.figures import Figures
from tests.fakes.sadtalker_release import NARROW, make

SECTIONS = ("equality", "speed", "memory", "flat", "paste")
ON_A_CARD = ("equality", "speed", "gpu")
NAMES = ("max_abs", "psnr_db", "speedup", "fps", "upstream_fps", "rss_ratio")
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Bench:
    """What a section may know."""

    release: Path  # upstream and ours read the same files
    quick: bool
    device: str
    rounds: int
    compared: bool  # whether upstream is here

    def sized(self, size: int) -> bool:
        """Whether the release renders that many pixels; the older set of files renders 256."""
        new = [one for one in (256, 512) if (self.release / f"SadTalker_V0.0.2_{one}.safetensors").exists()]
        return size in (new or [256])


def main() -> None:
    """Make the release, measure, tell."""
    usual = ON_A_CARD if os.environ.get("DEVICE") == "cuda" else SECTIONS
    chosen = [name for name in os.environ.get("SECTIONS", "").split(",") if name] or usual
    quick = os.environ.get("QUICK") == "1"
    figures: Figures = dict.fromkeys(NAMES)
    missing = absent()
    if missing:
        print(missing)
    with tempfile.TemporaryDirectory(prefix="sadtalker-") as folder:
        given = os.environ.get("FOLDER")
        release = Path(given) if given else make(Path(folder), NARROW if quick else 1.0, sizes=(256, 512), face=True)
        bench = Bench(release, quick, os.environ.get("DEVICE") or "cpu", rounds(ROUNDS), missing is None)
        print(f"SadTalker, {'narrow' if quick else 'given' if given else 'full-width'} weights, {bench.device}")
        print(machine())
        for name in chosen:
            print(f"\n{name}")
            figures |= import_module(f"tests.bench.sadtalker.{name}").measure(bench)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
