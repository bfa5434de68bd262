"""In which numbers each part of the renderer computes.

Key points, dense motion and the moving of volumes stay in fp32 (TF32 products on CUDA, unless fp32 was asked for):
half precision there nearly stops the head (OpenTalker/SadTalker#704). So does the encoder, which works once for a
portrait. The bridge and the decoder, most of every frame, take half precision well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

from svc_video.engines.sadtalker.reader import Place

Precision = Literal["fp32", "tf32", "fp16", "bf16"]
HALVES = {"fp16": torch.float16, "bf16": torch.bfloat16}


@dataclass(frozen=True, slots=True)
class Policy:
    """Where the parts of the renderer are, and in which numbers."""

    motion: Place  # encoder, key points, dense motion
    pixels: Place  # bridge, decoder
    tf32: bool  # whether fp32 multiplies may round to 10 bits of mantissa, CUDA only

    @property
    def winograd(self) -> bool:
        """Whether convolutions go the ways that need fewer multiplications: a CPU's, in fp32."""
        return self.device.type == "cpu" and self.pixels.dtype == torch.float32

    @property
    def device(self) -> torch.device:
        """Where all of it is."""
        return self.motion.device


def policy(precision: str, device: torch.device | str) -> Policy:
    """The policy of that name: fp32, tf32, fp16, bf16, or auto (fp32 on a CPU, else fp16).

    Raises `ValueError` for another name.
    """
    on = torch.device(device)
    name = ("fp32" if on.type == "cpu" else "fp16") if precision == "auto" else precision
    if name not in {"fp32", "tf32", *HALVES}:
        raise ValueError(f"There is no precision {precision!r}: auto, fp32, tf32, fp16 and bf16 are.")
    full = Place(on)
    pixels = Place(on, HALVES[name]) if name in HALVES else full
    return Policy(full, pixels, tf32=name != "fp32" and on.type == "cuda")


def settle(policy: Policy) -> None:
    """Tell PyTorch how to multiply on a card: for this process, which holds SadTalker and nothing else.

    Convolutions choose their kernels by trial, once for each shape; fp32 is fp32 where it was asked for (PyTorch
    takes TF32 for convolutions unless it is told).
    """
    if policy.device.type != "cuda":
        return
    rounding = "tf32" if policy.tf32 else "ieee"
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.conv.fp32_precision = rounding
    torch.backends.cuda.matmul.fp32_precision = rounding
