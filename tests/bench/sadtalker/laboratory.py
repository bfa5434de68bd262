"""Asks upstream, which lives in an environment of its own (install.sh), as a subprocess."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

HOME = Path("var/sadtalker-reference")
COMMIT = "cd4c0465ae0b54a6f85af57f5c65fec9fe23e7f8"
REPOSITORY = "https://github.com/OpenTalker/SadTalker"
ANSWER_S = 3000.0
Arrays = dict[str, np.ndarray]


def python() -> Path | None:
    """The interpreter with upstream's packages: SADTALKER_REFERENCE, or install.sh's; None if there is none."""
    given = os.environ.get("SADTALKER_REFERENCE")
    if given:
        return Path(given)
    return HOME / "bin" / "python" if (HOME / ".ready").exists() else None


def checkout() -> Path | None:
    """Upstream's own code: UPSTREAM, or where `absent` says to clone it; None if it is not there."""
    place = Path(os.environ.get("UPSTREAM") or HOME / "SadTalker")
    return place if (place / "src" / "facerender").is_dir() else None


def absent() -> str | None:
    """What is missing for a comparison and how to get it; None if nothing is."""
    if checkout() is None:
        place = HOME / "SadTalker"
        return (
            "Upstream's code is not here, so nothing is compared with it. Clone it, or set UPSTREAM=path:\n"
            f"  git clone {REPOSITORY} {place} && git -C {place} checkout {COMMIT}"
        )
    if python() is None:
        return "Upstream's packages are not here: tests/bench/sadtalker/install.sh .venv/bin/uv"
    return None


def ask(release: Path, questions: Mapping[str, np.ndarray], *stages: str) -> Arrays:
    """What upstream answers for a release; each stage's processor time is under `<stage>_s`."""
    missing = absent()
    if missing:
        raise SystemExit(missing)
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder, "asked.npz"), Path(folder, "answered.npz")
        np.savez(asked, **questions)
        command = [python(), "-m", "tests.bench.sadtalker.reference", release, asked, answered, *stages]
        environment = os.environ | {"UPSTREAM": str(checkout()), "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_S, check=False, env=environment)
        if done.returncode:
            raise SystemExit(f"Upstream broke:\n{done.stderr[-3000:]}")
        return dict(np.load(answered))
