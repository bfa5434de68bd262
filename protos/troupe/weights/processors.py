"""How many processors there are for a model."""

from __future__ import annotations

import os
from pathlib import Path

_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")


def cores() -> int:
    """Processors that this process may use: what it is pinned to, and what its container is allowed."""
    pinned = len(os.sched_getaffinity(0))
    try:
        quota, period = _CPU_MAX.read_text().split()
    except (OSError, ValueError):
        return pinned
    return pinned if quota == "max" else max(1, min(pinned, round(int(quota) / int(period))))
