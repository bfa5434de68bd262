"""Records what coqui-tts answers for a tiny random release, for tests that run without it.

    tests/bench/xtts/install.sh .venv/bin/uv && .venv/bin/python -m tests.bench.xtts.record

Questions and weights follow from their seeds (questions.py, tests/fakes/xtts_release.py), so only answers are kept:
tests/engines_torch/xtts/golden/networks.npz and gpt.npz (codes).
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from tests.bench.xtts import codes as drawing
from tests.bench.xtts.laboratory import Arrays, ask
from tests.bench.xtts.questions import questions
from tests.fakes.xtts_release import TINY, make

from svc_tts.engines.xtts.config import ReferenceCut

GOLDEN = Path("tests/engines_torch/xtts/golden/networks.npz")
GOLDEN_CODES = GOLDEN.with_name("gpt.npz")
STAGES = ("resampled", "heard", "cloned", "spoken")
CONFIG = replace(TINY, reference=ReferenceCut(chunk_s=1))  # so that a short sample is heard in several chunks
SECONDS = 1.2
CODES = 12


def main() -> None:
    """Ask and keep."""
    with tempfile.TemporaryDirectory() as folder:
        release = make(Path(folder), CONFIG)
        keep(GOLDEN, ask(release, questions(CONFIG, seconds=SECONDS, codes=CODES), *STAGES))
        keep(GOLDEN_CODES, ask(release, drawing.questions(CONFIG), "drawn"))


def keep(golden: Path, answers: Arrays) -> None:
    """All but the times."""
    kept = {name: answer for name, answer in answers.items() if not name.endswith("_s")}
    golden.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(golden, **kept)
    print(f"{golden}: {len(kept)} arrays, {golden.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
