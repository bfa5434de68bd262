"""`make bench-vllm`: what the mesh costs over vLLM: gateway + svc-text, vLLM's own OpenAI server, vLLM in-process.

The three hold an engine each, of the same random model (Qwen2 0.5B's shape, and the tests' tiny one) with the same
arguments; those that are not asked are stopped (SIGSTOP), so each has the machine for itself. Rounds are interleaved.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.bench.report import medians, rounds, show
from tests.bench.vllm_ways import STREAMS, Figures, Load, Way, inside, mesh, server
from tests.vllm import tiny

THAW_S = 2.0
"""Connections that were not kept alive meanwhile are made anew."""
SHAPES = {"half_b": tiny.HALF_B, "tiny": tiny.TINY}
LOADS = {
    "half_b": (Load(STREAMS, 32), Load(1, 4, 10)),
    "tiny": (Load(STREAMS, 256), Load(1, 32, 20)),
}
"""Many streams for what a token costs; one chat after another for what is added to the first token, milliseconds."""


def compared(figures: dict[str, Figures], tokens: int) -> Figures:
    """One round of so many tokens: tokens per second of each way, and what the mesh costs beside the others."""
    speed = {name: tokens / told["s"] for name, told in figures.items()}
    told = {f"{name}: tokens/s": each for name, each in speed.items()}
    told |= {f"{name}: first token, ms": 1000 * each["first_s"] for name, each in figures.items()}
    told |= {f"{name}: CPU us a token beside vLLM's core": each["cpu_us_per_token"] for name, each in figures.items()}
    for other in ("in-process", "vllm serve"):
        told[f"mesh / {other}, tokens/s"] = speed["mesh"] / speed[other]
        told[f"mesh - {other}, first token, ms"] = 1000 * (figures["mesh"]["first_s"] - figures[other]["first_s"])
        more_us = figures["mesh"]["cpu_us_per_token"] - figures[other]["cpu_us_per_token"]
        told[f"mesh - {other}, CPU us a token"] = more_us
    return told


def measured(ways: list[Way], load: Load) -> dict[str, Figures]:
    """Each way once, alone on the machine."""
    found = {}
    for way in ways:
        way.signal(signal.SIGCONT)
        time.sleep(THAW_S)
        found[way.name] = way.figures(load)
        way.signal(signal.SIGSTOP)
    return found


def bench(shape: str) -> list[list[Figures]]:
    """The three ways side by side on that model: the rounds of each load."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as held:
        model = tiny.make(Path(name) / "m", SHAPES[shape])
        ways = []
        for start in (mesh, inside, server):
            ways.append(held.enter_context(start(model, Path(name))))
            ways[-1].figures(Load(STREAMS, 4))  # what is only done once is done now
            held.callback(ways[-1].signal, signal.SIGCONT)
            ways[-1].signal(signal.SIGSTOP)
        tables = []
        for load in LOADS[shape]:
            tables.append([compared(measured(ways, load), load.every) for _ in range(rounds())])
            asked = f"{load.streams} streams, {load.times} chats of {load.tokens} tokens on each"
            show(f"vLLM, {shape}, {asked}", tables[-1])
        return tables


def main() -> None:
    """Both models, 32 streams and one; the last line: ratios of the first model asked, what is added of the last."""
    shapes = [os.environ["MODEL"]] if os.environ.get("MODEL") in SHAPES else list(SHAPES)
    tables = [bench(shape) for shape in shapes]
    (many, _), (small, alone) = (tuple(map(medians, each)) for each in (tables[0], tables[-1]))
    told = {
        "ratio_in_process": many["mesh / in-process, tokens/s"],
        "ratio_openai_server": many["mesh / vllm serve, tokens/s"],
        "added_ttft_ms": alone["mesh - in-process, first token, ms"],
        "added_us_per_token": small["mesh - in-process, CPU us a token"],
    }
    print(json.dumps({name: round(value, 3) for name, value in told.items()}))


if __name__ == "__main__":
    main()
