"""Does a model fit in memory, and with how many chats at once: asked before llama.cpp takes it."""

from __future__ import annotations

from pathlib import Path

from svc_text.models.inspect import ModelCard
from troupe.wire.errors import EngineMissing

MEBIBYTE = 1 << 20
GIBIBYTE = 1 << 30
OVERHEAD = 150 * MEBIBYTE  # Python, llama.cpp and its compute buffers (measured 90 to 130 with 0.2 B parameters)
SHARE = 0.5  # of what is free, that more than the fewest chats may take: faces and voices need some too
UNBOUNDED = 1 << 60  # cgroups write 2^63 rounded to pages where nothing is bounded

MEMINFO = Path("/proc/meminfo")
CGROUPS = (
    (Path("/sys/fs/cgroup"), "memory.max", "memory.current", "inactive_file"),
    (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""What this container may use, what it uses, and what of that gives way, by the two versions of cgroups."""


def needed(card: ModelCard, slots: int, context: int, cache: int) -> int:
    """Bytes that the model takes when it is loaded for so many chats of so many tokens each."""
    weights = card.size * card.parts
    return weights + card.kv_cache(slots * context) + cache + OVERHEAD


def available() -> int:
    """Bytes that a new process can have here without pushing others out; a large number where nobody tells."""
    return min(_machines(), *(_containers(*files) for files in CGROUPS))


def fitting_slots(card: ModelCard, most: int, least: int, context: int, cache: int) -> int:
    """How many chats at once fit, from `most` down to `least`; raises `EngineMissing` where none does.

    The context of a chat is never made smaller for it.
    """
    there = available()
    for slots in range(most, least - 1, -1):
        room = there if slots == least else there * SHARE
        if needed(card, slots, context, cache) <= room:
            return slots
    short = needed(card, least, context, cache)
    raise EngineMissing(
        f"{card.name} needs about {short / GIBIBYTE:.1f} GiB of memory ({least} chats at once, {context} tokens each), "
        f"and {there / GIBIBYTE:.1f} GiB are free",
        remedy="make model (choose a smaller one), or lower TROUPE_TEXT_LLAMACPP_CONTEXT or _SLOTS",
    )


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
