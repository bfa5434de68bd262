"""One kernel on each card: `python -m troupe.wire.doctor.kernel` prints what PyTorch says of it, as JSON.

A program of its own, because a card without code made for it, or a broken driver, may end the process that asks; and
because the 500 MB of a CUDA context are given back when it ends.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any

SIDE = 512  # of the two matrices of ones that are multiplied: each sum is exactly this, in any precision


def look(torch: Any) -> dict[str, Any]:
    """PyTorch's version, CUDA and architectures, and a product on each card; on the processor where there is none."""
    told: dict[str, Any] = {"version": str(torch.__version__), "cuda": torch.version.cuda or "", "arches": []}
    cards = torch.cuda.device_count() if torch.version.cuda and torch.cuda.is_available() else 0
    if torch.version.cuda:
        told["arches"] = list(torch.cuda.get_arch_list())
    devices = [f"cuda:{index}" for index in range(cards)] or ["cpu"]
    return told | {"products": [_tried(torch, device) for device in devices]}


def _tried(torch: Any, device: str) -> dict[str, Any]:
    try:
        return {"device": device, "seconds": multiply(torch, device), "error": ""}
    except (RuntimeError, ArithmeticError) as error:  # what CUDA says of itself is a RuntimeError
        return {"device": device, "seconds": 0.0, "error": (str(error).splitlines() or [type(error).__name__])[0]}


def multiply(torch: Any, device: str) -> float:
    """Seconds of one product whose result is known, the second of two; raises `ArithmeticError` if it is wrong."""
    ones = torch.ones((SIDE, SIDE), device=device)
    for _ in range(2):  # the first one loads the code
        began = time.perf_counter()
        total = float((ones @ ones).sum())  # waits for the card
        took = time.perf_counter() - began
    if total != float(SIDE**3):
        raise ArithmeticError(f"The sum of a product is {total:g} and should be {SIDE**3}.")
    return took


def main() -> int:
    """Status 0 and one line of JSON; an empty object where there is no PyTorch."""
    try:
        told = look(importlib.import_module("torch"))
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        told = {}
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
