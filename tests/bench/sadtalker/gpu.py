"""Section: a card by itself: what each network reaches of what the card could, frames per second, memory, first frames.

Graphs beside kernels launched one by one, each number of frames at once; half precision beside fp32 on the same card;
the first frames of a live answer, from its first sound to pixels on the host. Frames per second of upstream on the same
card stand in the section `speed`: run both. On a processor all of it runs too, to see that it does.
"""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import torch
from tests.bench.sadtalker import peaks, roofline
from tests.bench.sadtalker.ours import Ours, source
from tests.bench.sadtalker.questions import coefficients, network_questions
from tests.bench.xtts.figures import Figures, rounded, table

from svc_video.engines.sadtalker.drawing import Drawing
from svc_video.engines.sadtalker.motion import MotionStream
from svc_video.engines.sadtalker.plan import MotionPlan
from svc_video.engines.sadtalker.renderer import FrameOrder

if TYPE_CHECKING:
    from tests.bench.sadtalker.__main__ import Bench

AT_ONCE = {256: (1, 2, 4, 8, 16, 32), 512: (1, 2, 4, 8)}
ROOFS = {256: (1, 16), 512: (1, 4)}  # frames at once of a table of networks
FRAMES, LEAST_BATCHES = 96, 6  # that are drawn to tell how many a second
FIRST = 6  # frames of the first batch of a live film
SOUND_S = 2.3  # of speech before its first frames are known
RATE = 24_000  # Hz
MEBIBYTE = 1 << 20


def measure(bench: Bench) -> Figures:
    """At each size that the release has."""
    device = torch.device(bench.device)
    peak = _ceilings(device)
    figures: Figures = {}
    small = device.type == "cpu"
    for size in (256,) if small else (256, 512):
        if bench.sized(size):
            figures |= {f"{name}_{size}": value for name, value in _at(bench, size, peak).items()}
    return figures


def _ceilings(device: torch.device) -> peaks.Peak:
    """Print what the device is and could do; what was found here counts."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "processor"
    here, said = peaks.found(device), peaks.sheet(name)
    print(f"{name}, PyTorch {torch.__version__}, CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}")
    rows = [(f"{one.half:.0f}", f"{one.tf32:.0f}", f"{one.memory:.0f}", one.source) for one in (said, here) if one]
    table(("half TFLOP/s", "TF32 TFLOP/s", "memory GB/s", "source"), rows)
    return here


def _at(bench: Bench, size: int, peak: peaks.Peak) -> Figures:
    wanted = _frames(_ours(bench, size, "fp32"))
    _tidy()
    logging.basicConfig(stream=sys.stdout, format="%(message)s")
    logging.getLogger("sadtalker").setLevel(logging.INFO)
    ours = _ours(bench, size, "auto" if bench.device == "cuda" else "bf16")
    psnr_db = -10 * float(np.log10(np.square(_frames(ours) - wanted).mean()))
    print(f"\n{size} pixels, {ours.renderer.policy.pixels.dtype}: {psnr_db:.1f} dB from fp32 (random weights)")
    _roofs(ours, size, peak)
    return {"half_psnr_db": rounded(psnr_db), **_speeds(ours, size), **_first(ours)}


def _ours(bench: Bench, size: int, precision: str) -> Ours:
    return Ours(bench.release, size, device=bench.device, precision=precision)


def _orders(ours: Ours, count: int) -> list[FrameOrder]:
    given = network_questions(frames=count, size=ours.size)
    appearance = ours.renderer.appearance(source(given))
    start, *driving = torch.from_numpy(given["driving"]).to(ours.device)
    return [FrameOrder(appearance, start, one) for one in (*driving, start)]


def _frames(ours: Ours) -> np.ndarray:
    return ours.renderer.render_float(_orders(ours, 2)).cpu().numpy()


def _roofs(ours: Ours, size: int, peak: peaks.Peak) -> None:
    shapes = roofline.Networks.shapes(ours.renderer, ours.parts.generator, ours.parts.kp_extractor)
    for batch in ROOFS[size] if ours.device == "cuda" else (1,):
        found = roofline.rows(ours.renderer, shapes, size, batch, peak)
        print(f"\nnetworks, {batch} frames of {size} at once; encoder and key points once for a portrait")
        table(
            ("network", "ms", "GFLOP", "MB", "TFLOP/s", "GB/s", "floor ms", "of the floor"),
            [
                (
                    row.name, f"{row.ms:.3f}", f"{row.work.gflop:.1f}", f"{row.work.moved_bytes / 1e6:.0f}",
                    f"{row.tflops:.1f}", f"{row.gbs:.0f}", f"{row.floor_ms:.3f}", f"{row.floor_ms / row.ms:.2f}",
                )
                for row in found
            ],
        )  # fmt: skip
        each = [row for row in found if row.name not in roofline.ONCE]
        taken, floor = sum(row.ms for row in each), sum(row.floor_ms for row in each)
        print(
            f"a batch: {taken:.2f} ms in its networks, floor {floor:.2f} ms = {1e3 * batch / floor:.0f} frames a second"
        )


def _speeds(ours: Ours, size: int) -> Figures:
    """Frames a second until they are on the host, by graphs and without, and the memory that takes."""
    rows, best, one_by_one, most_mb = [], 0.0, 0.0, 0.0
    for batch in AT_ONCE[size] if ours.device == "cuda" else (1,):
        orders = _orders(ours, batch)
        eager, mb = _fps(Drawing(ours.renderer, size, 0), orders), _memory_mb(ours, orders)
        graph = _fps(Drawing(ours.renderer, size, batch), orders) if ours.device == "cuda" else None
        rows.append((batch, f"{graph:.1f}" if graph else "", f"{eager:.1f}", f"{mb:.0f}"))
        best, one_by_one, most_mb = max(best, graph or eager), max(one_by_one, eager), max(most_mb, mb)
        _tidy()
    print()
    table((f"frames of {size} at once", "fps by graphs", "fps without", "memory of the batch, MB"), rows)
    return {"gpu_fps": rounded(best), "eager_fps": rounded(one_by_one), "batch_mb": rounded(most_mb)}


def _fps(drawing: Drawing, orders: list[FrameOrder]) -> float:
    """Each batch is begun before the one before is taken."""
    drawing.begin(orders).take()
    batches = max(LEAST_BATCHES, FRAMES // len(orders)) if drawing.device.type == "cuda" else 2
    start = time.perf_counter()
    before = drawing.begin(orders)
    for _ in range(batches - 1):
        begun = drawing.begin(orders)
        before.take()
        before = begun
    before.take()
    return batches * len(orders) / (time.perf_counter() - start)


def _memory_mb(ours: Ours, orders: list[FrameOrder]) -> float:
    """What a batch takes besides the networks; 0 on a processor, which does not tell."""
    if ours.device != "cuda":
        return 0.0
    _tidy()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    ours.renderer.render(orders)
    torch.cuda.synchronize()
    return (torch.cuda.max_memory_allocated() - before) / MEBIBYTE


def _first(ours: Ours) -> Figures:
    """From the first sound to the pixels of the first frames, all of it warm; no encoder of films in it."""
    given = network_questions(frames=1, size=ours.size)
    appearance = ours.renderer.appearance(source(given))
    drawing = Drawing(ours.renderer, ours.size, FIRST)
    own = coefficients(1, channels=73)[0]
    rest = ours.motion.source_heads(own).keypoints(appearance.canonical)[0]
    pcm = np.random.default_rng(0).normal(0, 3000, int(SOUND_S * RATE)).astype(np.int16)
    taken = []
    for _ in range(4):
        start = time.perf_counter()
        stream = MotionStream(ours.motion, own, MotionPlan(seed=1))
        stream.feed(pcm)
        motion = stream.frames()
        if motion is None or len(motion) < FIRST:
            raise SystemExit(f"{SOUND_S} s of speech make no {FIRST} frames known.")
        driving = motion.heads.keypoints(appearance.canonical)[:FIRST]
        drawing.begin([FrameOrder(appearance, rest, points) for points in driving]).take()
        taken.append(1e3 * (time.perf_counter() - start))
    print(
        f"\nfirst {FIRST} frames of a live answer, warm: {min(taken[1:]):.0f} ms after its sound ({taken[0]:.0f} cold)"
    )
    return {"first_frames_ms": rounded(min(taken[1:]))}


def _tidy() -> None:
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
