"""Upstream's renderer, kept loaded, asked line by line: run in its own environment, with UPSTREAM its checkout.

    python -m tests.bench.sadtalker.rival RELEASE SIZE DEVICE THREADS

{"frames": n, "batch": b} -> {"s": seconds}: processor time on a CPU, time until the last pixel is on the host on CUDA.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

import torch
from tests.bench.sadtalker.questions import coefficients, network_questions
from tests.bench.sadtalker.reference import picture, slides
from tests.bench.sadtalker.upstream import Upstream, quiet


def main() -> None:
    """Answer until the pipe ends."""
    release, size, device, threads = sys.argv[1:]
    warnings.filterwarnings("ignore")
    torch.set_num_threads(int(threads))
    upstream = Upstream(Path(release), int(size), device=device)
    with quiet():
        upstream.renderer  # noqa: B018 - loads
    image = picture(upstream, network_questions(frames=1, size=int(size)))
    tell({"s": 0.0})
    for line in sys.stdin:
        asked = json.loads(line)
        with quiet():
            seconds = animated(upstream, image, asked["frames"], asked["batch"])
        tell({"s": seconds})


def animated(upstream: Upstream, image: torch.Tensor, frames: int, batch: int) -> float:
    """Upstream's make_animation for so many frames, so many at once."""
    from src.facerender.modules.make_animation import make_animation

    renderer, device = upstream.renderer, upstream.device
    target = slides(coefficients(frames)).to(device).view(batch, frames // batch, 70, -1)
    source = slides(coefficients(1)).to(device).repeat(batch, 1, 1)
    clock = time.process_time if device == "cpu" else time.perf_counter
    start = clock()
    with torch.no_grad():
        make_animation(
            image.repeat(batch, 1, 1, 1),
            source,
            target,
            renderer.generator,
            renderer.kp_extractor,
            renderer.he_estimator,
            renderer.mapping,
        ).cpu()
    return clock() - start


def tell(answer: dict[str, float]) -> None:
    """One line."""
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
