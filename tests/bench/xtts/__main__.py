"""`make bench-xtts`: our XTTS beside coqui-tts 0.28.0, with the same random weights at full size (466.9 M parameters).

    python -m tests.bench.xtts             all sections
    SECTIONS=equality,vocoder              some of them
    QUICK=1                                a tiny release: says whether it works, not how fast it is
    DEVICE=cuda                            on the GPU, where a section can
    FOLDER=path                            a release that is there already, the real one for instance

A section is a module of this folder with `measure(bench) -> figures`; it prints its own table. The last line is one
JSON object; null is what no section measured.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tests.bench.report import machine, rounds
from tests.bench.xtts.figures import Figures
from tests.fakes.xtts_release import FULL, TINY, make

SECTIONS = ("equality", "codes", "vocoder", "speed")
NAMES = ("codes_equal", "wav_max_abs", "stream_max_abs", "speedup_single", "speedup_batch8")


@dataclass(frozen=True, slots=True)
class Bench:
    """What a section may know."""

    release: Path  # coqui-tts and ours read the same files
    quick: bool
    device: str
    rounds: int


def main() -> None:
    """Make the release, measure, tell."""
    chosen = [name for name in os.environ.get("SECTIONS", "").split(",") if name] or SECTIONS
    quick = os.environ.get("QUICK") == "1"
    figures: Figures = dict.fromkeys(NAMES)
    with tempfile.TemporaryDirectory(prefix="xtts-") as folder:
        given = os.environ.get("FOLDER")
        release = Path(given) if given else make(Path(folder), TINY if quick else FULL)
        bench = Bench(release, quick, os.environ.get("DEVICE") or "cpu", rounds())
        print(f"XTTS, {'tiny' if quick else 'given' if given else 'full-size'} weights, {bench.device}\n{machine()}")
        for name in chosen:
            print(f"\n{name}")
            figures |= import_module(f"tests.bench.xtts.{name}").measure(bench)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
