"""Section: how far ours is from upstream, stage by stage, and what a lower precision costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from tests.bench.sadtalker.laboratory import Arrays, ask
from tests.bench.sadtalker.ours import Ours, answer, orders
from tests.bench.sadtalker.questions import network_questions
from tests.bench.sadtalker.record import NETWORKS, as_ours
from tests.bench.xtts.figures import Figures, rounded, table

if TYPE_CHECKING:
    from tests.bench.sadtalker.__main__ import Bench

BATCHES = (7, 16)
LOSSY = {"cpu": ("bf16", "fp16"), "cuda": ("tf32", "bf16", "fp16")}
BATCH_LIMIT = 1e-5


def measure(bench: Bench) -> Figures:
    """Compare with upstream where it is here, and ours with itself in any case."""
    figures: Figures = {}
    if bench.compared:
        figures |= _beside(bench, 256, NETWORKS)
        if bench.sized(512):
            figures |= {f"{name}_512": value for name, value in _beside(bench, 512, ("rendered",)).items()}
    return figures | _batches(bench) | _precisions(bench)


def _beside(bench: Bench, size: int, stages: tuple[str, ...]) -> Figures:
    given = network_questions(frames=2, size=size)
    device = {"device": np.array(bench.device)} if stages == ("rendered",) else {}
    theirs = as_ours(ask(bench.release, given | device, *stages))
    made = answer(Ours(bench.release, size, device=bench.device if device else "cpu"), given, *stages)
    compared = {name: made[name] for name in made if name in theirs and made[name].shape == theirs[name].shape}
    table(
        (f"at {size}", "shape", "largest", "max abs"),
        [
            (name, mine.shape, f"{np.abs(theirs[name]).max():.3g}", f"{_apart(mine, theirs[name]):.2g}")
            for name, mine in compared.items()
        ],
    )
    frames = made["frames"], theirs["frames"]
    print(f"frames: {psnr(*frames):.1f} dB; as bytes {_levels(*frames)} apart at most")
    return {"max_abs": rounded(_apart(*frames)), "psnr_db": rounded(psnr(*frames))}


def _batches(bench: Bench) -> Figures:
    """The same frames in batches of one, seven and sixteen."""
    count = 7 if bench.device == "cpu" and not bench.quick else max(BATCHES)
    ours = Ours(bench.release, device=bench.device)
    asked = orders(ours, network_questions(frames=count))
    alone = np.concatenate([ours.renderer.render_float([order]).cpu().numpy() for order in asked])
    together = ours.renderer.render_float(asked).cpu().numpy()
    apart = _apart(alone, together)
    print(f"a batch of {count} and {count} of one: {apart:.2g} apart (limit {BATCH_LIMIT:.0g})")
    return {"batch_max_abs": rounded(apart)}


def _precisions(bench: Bench) -> Figures:
    """Frames of each lower precision beside fp32's, and how much they move."""
    given = network_questions(frames=2)
    exact = answer(Ours(bench.release, device=bench.device), given, "rendered")
    figures: Figures = {}
    rows = []
    for precision in LOSSY[bench.device]:
        lossy = answer(Ours(bench.release, device=bench.device, precision=precision), given, "rendered")
        decibel, moved = psnr(lossy["frames"], exact["frames"]), _moved(lossy, exact)
        rows.append((precision, f"{decibel:.1f}", f"{moved:.4f}"))
        figures |= {f"psnr_db_{precision}": rounded(decibel), f"motion_{precision}": rounded(moved)}
    table(("precision", "dB beside fp32", "motion of it (1 = as much)"), rows)
    return figures


def _moved(lossy: Arrays, exact: Arrays) -> float:
    """How far places move through the frame, as a share of what fp32 moves them."""
    rest = np.median(exact["deformation"], axis=0)
    amplitudes = [np.abs(one["deformation"] - rest).mean() for one in (lossy, exact)]
    return float(amplitudes[0] / amplitudes[1])


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Decibels, of pictures in 0..1."""
    error = float(np.mean((one.astype(np.float64) - other) ** 2))
    return 200.0 if error == 0 else min(200.0, -10 * np.log10(error))


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(np.float64) - other).max())


def _levels(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(np.rint(one * 255) - np.rint(other * 255)).max())
