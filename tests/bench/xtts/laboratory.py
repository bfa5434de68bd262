"""Asks coqui-tts, which lives in an environment of its own (install.sh), as a subprocess."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

HOME = Path("var/xtts-reference")
SCRIPT = Path(__file__).with_name("reference.py")
ANSWER_S = 3000.0
Arrays = dict[str, np.ndarray]


def python() -> Path | None:
    """The interpreter that has coqui-tts: XTTS_REFERENCE, or what install.sh made; None where there is none."""
    given = os.environ.get("XTTS_REFERENCE")
    if given:
        return Path(given)
    return HOME / "bin" / "python" if (HOME / ".ready").exists() else None


def ask(release: Path, questions: Mapping[str, np.ndarray], *stages: str) -> Arrays:
    """What coqui-tts answers for a release; each stage's processor time, of one thread, is under `<stage>_s`."""
    interpreter = python()
    if interpreter is None:
        raise SystemExit("coqui-tts is not installed here: tests/bench/xtts/install.sh .venv/bin/uv")
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder, "asked.npz"), Path(folder, "answered.npz")
        np.savez(asked, **questions)
        command = [interpreter, SCRIPT, release, asked, answered, *stages]
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_S, check=False)
        if done.returncode:
            raise SystemExit(f"coqui-tts broke:\n{done.stderr[-3000:]}")
        return dict(np.load(answered))
