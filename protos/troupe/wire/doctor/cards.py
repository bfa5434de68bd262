"""The driver, each card, and whether PyTorch has code for it that really runs.

PyTorch's wheels carry machine code per compute capability: `sm_80` runs on 8.0 and the later 8.x, and nothing of 9.x;
`sm_90a` runs on 9.0 alone; `sm_100f` on its family; `compute_90` is compiled by the driver for 9.0 and all newer ones
(CUDA C++ Programming Guide, "Application Compatibility"; a Spark's 12.1 runs sm_120).
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from troupe.wire.doctor.findings import Finding, State
from troupe.wire.nvml import Device, Driver, Nvml

KERNEL_S = 180.0  # PyTorch from a cold disk, and a context on each of eight cards
GIB = 1 << 30
_ARCH = re.compile(r"(sm|compute)_(\d+)(\d)([af]?)")
_HARDWARE = "In a container it must be asked for: HARDWARE=a100 docker compose up; in Kubernetes the component gpu."
_NO_TORCH = Finding(
    "machine",
    "torch",
    State.MISSING,
    "PyTorch is not installed; xtts and sadtalker need it, vllm brings its own",
    "make torch",
)


def examine_cards(nvml: Nvml | None = None, python: str = sys.executable) -> list[Finding]:
    """The driver, the cards, PyTorch, and one kernel on each card. `python` is whose PyTorch it is."""
    nvml = nvml or Nvml()
    driver, devices = nvml.driver(), list(nvml.devices())
    found = [_driver(driver, nvml.refusal, len(devices)), *map(_card, devices)]
    if not devices:
        return [*found, untried(torch_version())]
    return [*found, compiler(), *_torch(_asked(python), driver, devices)]


def torch_version() -> str:
    """Of this Python's PyTorch, which is not imported for it: that takes seconds. Empty = none is installed."""
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return ""


def compiler(headers: Path | None = None) -> Finding:
    """Triton needs one when a kernel is first used (it looks for $CC, gcc and clang, and for Python's headers)."""
    found = os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang")
    if found and (headers or Path(sysconfig.get_path("include"))).joinpath("Python.h").is_file():
        return Finding("machine", "C compiler", State.OK, found)
    reason = (
        f"{'no headers of Python' if found else 'none'}: without it vllm starts on no card, and sadtalker is slower"
    )
    return Finding("machine", "C compiler", State.MISSING, reason, "sudo apt-get install -y gcc libc6-dev python3-dev")


def untried(version: str) -> Finding:
    """What there is to say of PyTorch where there is no card to try it on."""
    if not version:
        return _NO_TORCH
    return Finding("machine", "torch", State.OK, f"{version}; no card to try it on")


def covers(arches: Sequence[str], capability: tuple[int, int]) -> bool:
    """Whether code for these architectures runs on a card of that compute capability."""
    return any(_covers(match, capability) for arch in arches if (match := _ARCH.fullmatch(arch)))


def _covers(arch: re.Match[str], capability: tuple[int, int]) -> bool:
    kind, made_for, only = arch[1], (int(arch[2]), int(arch[3])), arch[4]
    if only == "a":
        return made_for == capability
    later = made_for <= capability
    return later if kind == "compute" and not only else later and made_for[0] == capability[0]


def _driver(driver: Driver | None, refusal: str, cards: int) -> Finding:
    if refusal:
        remedy = "Restart this machine; if it stays, install NVIDIA's driver anew (nvidia-smi says the same)."
        return Finding("machine", "driver", State.BROKEN, refusal, remedy, needed=True)
    if driver is None:
        reason = "no NVIDIA driver: vllm, xtts and sadtalker have no card here"
        return Finding("machine", "driver", State.MISSING, reason, f"For a card install NVIDIA's driver. {_HARDWARE}")
    told = f"{driver.version}, CUDA {_dotted(driver.cuda)}"
    if not cards:
        return Finding("machine", "driver", State.MISSING, f"{told}, and no card", _HARDWARE)
    return Finding("machine", "driver", State.OK, told)


def _card(device: Device) -> Finding:
    memory = "its memory is the machine's"
    if device.memory:
        free, total = device.memory.total - device.memory.used, device.memory.total
        memory = f"{free / GIB:.1f} of {total / GIB:.1f} GiB free"
    reason = f"{device.name}, {_sm(device.capability)}, {memory}"
    return Finding("machine", f"card {device.index}", State.OK, reason)


def _asked(python: str) -> Mapping[str, Any] | str:
    """What the program of `kernel` told, or why it did not."""
    command = [python, "-m", "troupe.wire.doctor.kernel"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=KERNEL_S, check=False)  # noqa: S603  # ours
    except subprocess.TimeoutExpired:
        return f"PyTorch did not multiply two matrices within {KERNEL_S:.0f} s"
    if done.returncode == 0:
        told: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told
    last = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
    return f"PyTorch ended its process: {last}"


def _torch(told: Mapping[str, Any] | str, driver: Driver | None, devices: Sequence[Device]) -> list[Finding]:
    if isinstance(told, str):
        remedy = "make torch (in a container: build its image again)"
        return [Finding("machine", "torch", State.BROKEN, told, remedy, needed=True)]
    if not told:
        return [_NO_TORCH]
    return [_fits(told, driver, devices), *map(_product, told["products"])]


def _fits(told: Mapping[str, Any], driver: Driver | None, devices: Sequence[Device]) -> Finding:
    build = f"CUDA {told['cuda']}, code for {' '.join(told['arches'])}" if told["cuda"] else "without CUDA"
    version = f"{told['version']}, {build}"
    wrong, remedy = _unfit(told, driver, devices)
    if not wrong:
        return Finding("machine", "torch", State.OK, version)
    # One without CUDA may be meant: what it computes, it computes on the processor.
    return Finding("machine", "torch", State.BROKEN, f"{version}: {wrong}", remedy, needed=bool(told["cuda"]))


def _unfit(told: Mapping[str, Any], driver: Driver | None, devices: Sequence[Device]) -> tuple[str, str]:
    """What keeps this PyTorch from these cards, and what to do."""
    newer = "Install PyTorch for CUDA 13 from PyPI (make torch), or build the image for this machine."
    if not told["cuda"]:
        return "there is a card, and this build cannot use it", newer
    if driver and int(told["cuda"].split(".")[0]) > driver.cuda[0]:
        return (
            f"the driver runs CUDA {_dotted(driver.cuda)} at most",
            "Install a newer driver (580 or later runs CUDA 13).",
        )
    for device in devices:
        if not covers(told["arches"], device.capability):
            return f"it has no code for {_sm(device.capability)} ({device.name})", newer
    if all(product["device"] == "cpu" for product in told["products"]):
        return "the driver shows a card, and CUDA finds none", f"Unset CUDA_VISIBLE_DEVICES. {_HARDWARE}"
    return "", ""


def _product(product: Mapping[str, Any]) -> Finding:
    name, seconds = f"kernel {product['device']}", float(product["seconds"])
    if not product["error"]:
        return Finding("machine", name, State.OK, "a product of two matrices", seconds=seconds)
    remedy = "Look at nvidia-smi: is the card full or in a failed state? Then restart what holds it, or the machine."
    return Finding("machine", name, State.BROKEN, product["error"], remedy, needed=True)


def _sm(capability: tuple[int, int]) -> str:
    return "sm_{}{}".format(*capability)


def _dotted(version: tuple[int, int]) -> str:
    return "{}.{}".format(*version)
