"""How fast a device can be: as its data sheet says, and as a large product and a large copy find it here."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

SIDE = 8192  # of the matrices that are multiplied: 1.1 TFLOP
COPIED = 1 << 30  # bytes, read once and written once
ON_CPU = 16  # times fewer on a side, and in all of the copy: there this only shows that it works
TERA, GIGA = 1e12, 1e9
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Peak:
    """Products of dense matrices in TFLOP/s, memory in GB/s."""

    half: float  # fp16 or bf16, sums in fp32
    tf32: float
    memory: float
    source: str


SHEETS: tuple[tuple[str, Peak], ...] = (
    ("H200", Peak(989, 494, 4800, "NVIDIA H200 data sheet, SXM, without sparsity")),
    ("H100 PCIe", Peak(756, 378, 2000, "NVIDIA H100 data sheet, PCIe, without sparsity")),
    ("H100", Peak(989, 494, 3350, "NVIDIA H100 data sheet, SXM, without sparsity")),
    ("A100-SXM4-80GB", Peak(312, 156, 2039, "NVIDIA A100 data sheet, SXM 80 GB, without sparsity")),
    ("A100", Peak(312, 156, 1555, "NVIDIA A100 data sheet, 40 GB, without sparsity")),
    (
        "GB10",
        Peak(125, 62, 273, "NVIDIA DGX Spark: 1 PFLOP of sparse FP4, an eighth of it in fp16, a half of that in TF32"),
    ),
    ("L4", Peak(121, 60, 300, "NVIDIA L4 data sheet, halved: it counts sparsity")),
    ("RTX 4090", Peak(165, 83, 1008, "NVIDIA Ada white paper, sums in fp32, without sparsity")),
)
"""(what the device's name holds, its peak); the first that fits."""


def sheet(name: str) -> Peak | None:
    """Of a device of that name, where it is in the table."""
    return next((peak for part, peak in SHEETS if part in name), None)


def found(device: torch.device) -> Peak:
    """Measured on random numbers."""
    side = SIDE if device.type == "cuda" else SIDE // ON_CPU
    half = _product(device, torch.float16 if device.type == "cuda" else torch.bfloat16, side)
    return Peak(half, _product(device, torch.float32, side), _copy(device), "measured")


def _product(device: torch.device, dtype: torch.dtype, side: int) -> float:
    left, right = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    return 2 * side**3 / TERA / seconds(lambda: left @ right, device)


def _copy(device: torch.device) -> float:
    size = COPIED if device.type == "cuda" else COPIED // ON_CPU
    here = torch.randint(256, (size,), dtype=torch.uint8, device=device)
    there = torch.empty_like(here)
    return 2 * size / GIGA / seconds(lambda: there.copy_(here), device)


def seconds(job: Callable[[], Tensor], device: torch.device, repeats: int = 10) -> float:
    """The median time of one call, by the device's own clock where it has one."""
    for _ in range(2):
        job()
    return statistics.median(_lap(job, device, repeats) for _ in range(ROUNDS)) / repeats


def _lap(job: Callable[[], Tensor], device: torch.device, repeats: int) -> float:
    if device.type != "cuda":
        start = time.perf_counter()
        for _ in range(repeats):
            job()
        return time.perf_counter() - start
    first, last = _event(), _event()
    first.record()
    for _ in range(repeats):
        job()
    last.record()
    last.synchronize()
    return float(first.elapsed_time(last)) / 1000


def _event() -> Any:
    return torch.cuda.Event(enable_timing=True)
