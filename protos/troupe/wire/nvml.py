"""What NVIDIA's driver tells of memory, without a CUDA context of our own: one would take 500 MB of it.

NVML is the driver's library (`libnvidia-ml.so.1`), called by its C names: nvmlInit_v2, nvmlDeviceGetCount_v2,
nvmlDeviceGetHandleByIndex_v2, nvmlDeviceGetMemoryInfo (NVML API reference, nvmlMemory_t: total, free, used; bytes),
nvmlSystemGetDriverVersion, nvmlSystemGetCudaDriverVersion_v2, nvmlDeviceGetName, nvmlDeviceGetCudaComputeCapability.
A DGX Spark has one memory for all and answers "not supported": the machine's own figures are the card's there.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

LIBRARY = "libnvidia-ml.so.1"
OK = 0  # nvmlReturn_t
TEXT_BYTES = 96  # NVML_DEVICE_NAME_V2_BUFFER_SIZE; a driver's version needs 80


@dataclass(frozen=True, slots=True)
class Card:
    """One card, by the number NVML gives it; bytes."""

    index: int
    total: int
    used: int


@dataclass(frozen=True, slots=True)
class Driver:
    """The driver, and the newest CUDA it runs."""

    version: str  # such as 580.95.05
    cuda: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Device:
    """What a card is; `memory` is None where it tells nothing of it, as on a DGX Spark."""

    index: int
    name: str
    capability: tuple[int, int]  # compute capability: (8, 0) = sm_80
    memory: Card | None = None


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class Nvml:
    """The driver, opened once; `cards` is empty where there is none."""

    def __init__(self, library: str = LIBRARY) -> None:
        self._driver, self.refusal = _opened(library)

    def cards(self) -> Iterator[Card]:
        """Those that tell of their memory."""
        for index, handle in self._handles():
            if (memory := self._memory(handle)) is not None:
                yield Card(index, memory.total, memory.used)

    def driver(self) -> Driver | None:
        """Which driver it is; None where there is none, or it did not start (`refusal` says why)."""
        if self._driver is None:
            return None
        cuda = ctypes.c_int(0)
        self._driver.nvmlSystemGetCudaDriverVersion_v2(ctypes.byref(cuda))  # 1000 x major + 10 x minor
        version = _text(self._driver.nvmlSystemGetDriverVersion)
        return Driver(version, (cuda.value // 1000, cuda.value % 1000 // 10))

    def devices(self) -> Iterator[Device]:
        """All of them."""
        for index, handle in self._handles():
            major, minor = ctypes.c_int(0), ctypes.c_int(0)
            name = _text(partial(self._driver.nvmlDeviceGetName, handle))
            self._driver.nvmlDeviceGetCudaComputeCapability(handle, ctypes.byref(major), ctypes.byref(minor))
            memory = self._memory(handle)
            card = None if memory is None else Card(index, memory.total, memory.used)
            yield Device(index, name, (major.value, minor.value), card)

    def _handles(self) -> Iterator[tuple[int, ctypes.c_void_p]]:
        count = ctypes.c_uint(0)
        if self._driver is None or self._driver.nvmlDeviceGetCount_v2(ctypes.byref(count)) != OK:
            return
        for index in range(count.value):
            handle = ctypes.c_void_p()
            if self._driver.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle)) == OK:
                yield index, handle

    def _memory(self, handle: ctypes.c_void_p) -> _Memory | None:
        memory, driver = _Memory(), self._driver
        return memory if driver.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)) == OK else None


def _opened(library: str) -> tuple[Any, str]:
    """The library, or why it cannot be used; both are empty where there is none."""
    try:
        driver = ctypes.CDLL(library)
    except OSError:
        return None, ""
    code = driver.nvmlInit_v2()
    return (driver, "") if code == OK else (None, f"nvmlInit_v2 of {library} returned {code}")


def _text(ask: Callable[[ctypes.Array[ctypes.c_char], int], int]) -> str:
    told = ctypes.create_string_buffer(TEXT_BYTES)
    return told.value.decode(errors="replace") if ask(told, TEXT_BYTES) == OK else "unknown"
