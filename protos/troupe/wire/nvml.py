"""What NVIDIA's driver tells of memory, without a CUDA context of our own: one would take 500 MB of it.

NVML is the driver's library (`libnvidia-ml.so.1`), called by its C names: nvmlInit_v2, nvmlDeviceGetCount_v2,
nvmlDeviceGetHandleByIndex_v2, nvmlDeviceGetMemoryInfo (NVML API reference, nvmlMemory_t: total, free, used; bytes).
A DGX Spark has one memory for all and answers "not supported": the machine's own figures are the card's there.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

LIBRARY = "libnvidia-ml.so.1"
OK = 0  # nvmlReturn_t


@dataclass(frozen=True, slots=True)
class Card:
    """One card, by the number NVML gives it; bytes."""

    index: int
    total: int
    used: int


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class Nvml:
    """The driver, opened once; `cards` is empty where there is none."""

    def __init__(self, library: str = LIBRARY) -> None:
        self._driver = _opened(library)

    def cards(self) -> Iterator[Card]:
        """Those that tell of their memory."""
        count = ctypes.c_uint(0)
        if self._driver is None or self._driver.nvmlDeviceGetCount_v2(ctypes.byref(count)) != OK:
            return
        for index in range(count.value):
            if (memory := self._memory(index)) is not None:
                yield Card(index, memory.total, memory.used)

    def _memory(self, index: int) -> _Memory | None:
        handle, memory = ctypes.c_void_p(), _Memory()
        driver: Any = self._driver
        if driver.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle)) != OK:
            return None
        return memory if driver.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)) == OK else None


def _opened(library: str) -> Any:
    try:
        driver = ctypes.CDLL(library)
    except OSError:
        return None
    return driver if driver.nvmlInit_v2() == OK else None
