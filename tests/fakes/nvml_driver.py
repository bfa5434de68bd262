"""NVIDIA's driver library, as far as we call it, in C: three cards, the second of which is a Spark's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = """
#include <stdio.h>
#include <string.h>
typedef struct { unsigned long long total, free, used; } memory;
static const char *names[] = {"NVIDIA A100-SXM4-80GB", "NVIDIA GB10", "NVIDIA H100 80GB HBM3"};
static const int capabilities[][2] = {{8, 0}, {12, 1}, {9, 0}};
int nvmlInit_v2(void) { return INIT; }
int nvmlSystemGetDriverVersion(char *told, unsigned size) { strncpy(told, "580.95.05", size); return 0; }
int nvmlSystemGetCudaDriverVersion_v2(int *told) { *told = 13000; return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = CARDS; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) { *handle = (void *)(long)(index + 1); return 0; }
int nvmlDeviceGetName(void *handle, char *told, unsigned size) {
  strncpy(told, names[(long)handle - 1], size); return 0;
}
int nvmlDeviceGetCudaComputeCapability(void *handle, int *major, int *minor) {
  *major = capabilities[(long)handle - 1][0]; *minor = capabilities[(long)handle - 1][1]; return 0;
}
int nvmlDeviceGetMemoryInfo(void *handle, memory *told) {
  if ((long)handle == 2) return 3; /* NVML_ERROR_NOT_SUPPORTED, as a DGX Spark says */
  told->total = 80ull << 30; told->used = (unsigned long long)(long)handle << 30;
  FILE *file = fopen(USED, "r");
  if (file) { fscanf(file, "%llu", &told->used); fclose(file); }
  told->free = told->total - told->used;
  return 0;
}
"""


def compiler() -> str | None:
    """The machine's C compiler."""
    return shutil.which("cc") or shutil.which("gcc")


def build(folder: Path, cards: int = 3, init: int = 0, used: Path | None = None) -> str:
    """The library's path; `init` is what nvmlInit_v2 returns.

    Card n uses n + 1 GiB, or as many bytes as the file `used` says when it is asked.
    """
    program = compiler()
    if program is None:
        pytest.skip("no C compiler makes the driver")
    source, library = folder / "driver.c", folder / "libnvidia-ml.so.1"
    source.write_text(SOURCE)
    told = [f"-DCARDS={cards}", f"-DINIT={init}", f'-DUSED="{used or ""}"']
    command = [program, "-shared", "-fPIC", *told, "-o", library, source]
    subprocess.run(command, check=True, timeout=50)
    return str(library)
