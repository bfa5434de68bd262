"""Section: what streaming costs the vocoder, ours alone, one thread, in processor time (others do not count)."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import torch
from tests.bench.xtts.figures import Figures, rounded, table
from tests.bench.xtts.questions import questions

from svc_tts.engines.xtts.checkpoint import load
from svc_tts.engines.xtts.vocoder import Vocoder

if TYPE_CHECKING:
    from tests.bench.xtts.__main__ import Bench

CODES = 200
CHUNKS = (8, 20, 40)
GOAL_X = 1.25  # at 20 codes


def measure(bench: Bench) -> Figures:
    """Once at once, once per chunk size, in turns."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        at_once, streamed, seconds = _rounds(bench)
    finally:
        torch.set_num_threads(threads)
    rtf = at_once / seconds
    rows = [(f"streamed by {size}", f"{streamed[size]:.2f}", f"{streamed[size] / at_once:.2f}") for size in CHUNKS]
    table(("", "s", "x"), [("at once", f"{at_once:.2f}", "1.00"), *rows])
    print(f"real-time factor of the vocoder at once: {rtf:.2f}; goal of streaming by 20 codes: {GOAL_X} x")
    return {"stream_cost_x": rounded(streamed[20] / at_once), "vocoder_rtf": rounded(rtf)}


def _rounds(bench: Bench) -> tuple[float, dict[int, float], float]:
    checkpoint = load(bench.release, bench.device)
    vocoder = Vocoder.of(checkpoint)
    given = questions(checkpoint.config, seconds=1.0, codes=CODES)
    latents, speaker = (torch.from_numpy(given[name]).to(bench.device) for name in ("latents", "speaker"))
    seconds = len(vocoder.decode(latents, speaker)) / checkpoint.config.rates.output
    taken: dict[int, list[float]] = {0: [], **{size: [] for size in CHUNKS}}
    for _ in range(bench.rounds):
        for size, times in taken.items():
            start = _now(bench.device)
            _speak(vocoder, latents, speaker, size)
            times.append(_now(bench.device) - start)
    medians = {size: statistics.median(times) for size, times in taken.items()}
    return medians[0], medians, seconds


def _speak(vocoder: Vocoder, latents: torch.Tensor, speaker: torch.Tensor, size: int) -> None:
    if not size:
        vocoder.decode(latents, speaker)
        return
    stream = vocoder.stream(speaker)
    for start in range(0, len(latents), size):
        stream.feed(latents[start : start + size])
    stream.finish()


def _now(device: str) -> float:
    if device == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()
