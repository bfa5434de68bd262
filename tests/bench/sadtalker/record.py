"""Records what upstream answers for random releases, for tests that run without it.

    tests/bench/sadtalker/install.sh .venv/bin/uv && UPSTREAM=... .venv/bin/python -m tests.bench.sadtalker.record

Questions and weights follow from their seeds (questions.py, tests/fakes/sadtalker_release.py), so only answers are
kept, and of large ones a grid of values: tests/engines_torch/sadtalker/golden/*.npz.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from tests.bench.sadtalker.laboratory import Arrays, ask
from tests.bench.sadtalker.questions import network_questions, questions
from tests.fakes.sadtalker_release import make

GOLDEN = Path("tests/engines_torch/sadtalker/golden")
NETWORKS = (
    "heard",
    "moved",
    "mapped",
    "encoded",
    "rendered",
    "reconstructed",
    "aligned",
    "landmarks",
    "detected",
    "cut",
    "looked",
)
CLIPS: dict[str, tuple[int, dict[str, object]]] = {
    "crop": (8, {"yaw": [0, 12, -6], "pitch": [3], "expression_scale": 1.2}),
    "extcrop": (3, {"style": 45, "seed": 3}),
    "resize": (3, {}),
    "full": (4, {}),
    "extfull": (3, {"still": 1}),
}
"""Mode -> frames, three at least, or upstream breaks; and what is asked otherwise than usual."""
KEPT: dict[str, tuple[slice, ...]] = {
    "windows": (slice(None, None, 8),),
    "mel": (slice(None, None, 4),),
    "volume": (slice(None), slice(None, None, 4), slice(None, None, 4), slice(None, None, 4)),
    "deformation": (slice(None, None, 4), slice(None, None, 4), slice(None, None, 4)),
    "occlusion": (slice(None, None, 2), slice(None, None, 2)),
    "frames": (slice(None), slice(None), slice(3, None, 8), slice(3, None, 8)),
    "heat": (slice(None, None, 9), slice(None, None, 4), slice(None, None, 4)),
    "detector_boxes": (slice(None, None, 8),),
    "detector_scores": (slice(None, None, 8),),
    "aligned": (slice(None, None, 8), slice(None, None, 8)),
    "image": (slice(None, None, 8), slice(None, None, 8)),
    "looked_image": (slice(None, None, 8), slice(None, None, 8)),
    "clip": (slice(None), slice(2, None, 6), slice(2, None, 6)),
}
"""Name -> what of a large answer is kept; the rest of the answers whole."""
UNASKED = {"expression", "pose", "mask", "clip_frames", "detector_points", "source_coefficients"}
"""What upstream tells and ours has no name for, or that is in another answer."""
WIDE_SEED = 9


def main() -> None:
    """Ask and keep."""
    with tempfile.TemporaryDirectory() as folder:
        release = make(Path(folder, "narrow"), face=True)
        keep("networks", ask(release, network_questions(), *NETWORKS))
        for mode in CLIPS:
            keep(f"clip_{mode}", ask(release, clip_questions(mode), "clip"))
        wide = make(Path(folder, "wide"), 1.0)
        keep("wide", {"frames": ask(wide, wide_questions(), "rendered")["frames"]})


def clip_questions(mode: str) -> Arrays:
    """What a whole clip of that mode is asked with."""
    frames, besides = CLIPS[mode]
    asked = {name: np.array(value) for name, value in besides.items()}
    return questions(frames=frames) | asked | {"preprocess": np.array(mode)}


def wide_questions() -> Arrays:
    """One frame at full width."""
    return network_questions(frames=1, seed=WIDE_SEED)


def thinned(answers: Arrays) -> Arrays:
    """What of the answers is compared."""
    kept = {name: answer[KEPT[name]] if name in KEPT else answer for name, answer in answers.items()}
    return {name: answer for name, answer in kept.items() if name not in UNASKED}


def keep(name: str, answers: Arrays) -> None:
    """All but times, as ours tells them."""
    answers = {name: answer for name, answer in answers.items() if answer.ndim and not name.endswith("_s")}
    answers = {name: answer for name, answer in answers.items() if not name.startswith("mapping_")}
    path = GOLDEN / f"{name}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **{name: _small(array) for name, array in thinned(as_ours(answers)).items()})
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def as_ours(answers: Arrays) -> Arrays:
    """Upstream's answers without what ours leaves out: identity, texture, light; the size of a square; points."""
    told = dict(answers)
    if "recon" in told:
        told["recon"] = told["recon"][np.r_[80:144, 224:227, 254:257]]
    if "place" in told:
        told["place"] = told["place"][2:]
    if "found" in told:
        told["found"] = told["found"][:, :5]
        told["detector_scores"] = told["detector_scores"][:, 1]
    return told


def _small(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32) if array.dtype == np.float64 else array


if __name__ == "__main__":
    main()
