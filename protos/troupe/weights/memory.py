"""How much memory a model may have here: what the machine has free, and what this container may still take."""

from __future__ import annotations

from pathlib import Path

UNBOUNDED = 1 << 60  # cgroups write 2^63 rounded to pages where nothing is bounded

MEMINFO = Path("/proc/meminfo")
CGROUPS = (
    (Path("/sys/fs/cgroup"), "memory.max", "memory.current", "inactive_file"),
    (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""What this container may use, what it uses, and what of that gives way, by the two versions of cgroups."""


def available() -> int:
    """Bytes that a new process can have here without pushing others out; a large number where nobody tells."""
    return min(_machines(), *(_containers(*files) for files in CGROUPS))


def _machines() -> int:
    try:
        lines = MEMINFO.read_text().splitlines()
    except OSError:
        return UNBOUNDED
    told = dict(line.split(":", 1) for line in lines if ":" in line)
    return int(told["MemAvailable"].split()[0]) * 1024 if "MemAvailable" in told else UNBOUNDED


def _containers(folder: Path, limit_file: str, usage_file: str, idle_line: str) -> int:
    try:
        limit, usage = ((folder / name).read_text().strip() for name in (limit_file, usage_file))
        lines = (folder / "memory.stat").read_text().splitlines()
    except OSError:
        return UNBOUNDED
    if not limit.isdigit() or int(limit) >= UNBOUNDED:
        return UNBOUNDED
    idle = next((int(line.split()[1]) for line in lines if line.startswith(f"{idle_line} ")), 0)
    return max(0, int(limit) - int(usage) + idle)
