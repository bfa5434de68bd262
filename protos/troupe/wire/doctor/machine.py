"""What a machine or container must have beside the engines: memory, room on disk, open files, packages that load."""

from __future__ import annotations

import importlib
import os
import platform
import resource
import shutil
from collections.abc import Sequence
from pathlib import Path

from troupe.weights.memory import UNBOUNDED, available
from troupe.wire.doctor.findings import Finding, State

GIB = 1 << 30
ENOUGH_MEMORY = 1 * GIB  # a mesh of embedded engines takes 0.6 GiB
ENOUGH_FOR_A_GATEWAY = GIB // 4
ENOUGH_DISK = 2 * GIB
ENOUGH_SHARED = 1 * GIB  # Docker gives 64 MiB, too little for vLLM on two cards
ENOUGH_FILES = 4096  # each stream holds a few sockets
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # a mount of the system, not a place for our files


def examine_machine(enough: int = ENOUGH_MEMORY) -> list[Finding]:
    """What all parts on this machine share; `enough` bytes of memory should be free."""
    return [
        memory(available(), enough),
        shared_memory(SHARED_MEMORY),
        open_files(*resource.getrlimit(resource.RLIMIT_NOFILE)),
    ]


def memory(free: int, enough: int = ENOUGH_MEMORY) -> Finding:
    """Whether what runs here fits; `free` bytes are what this machine or container has left."""
    if free >= UNBOUNDED:
        return Finding("machine", "memory", State.OK, "nobody tells how much there is")
    if free >= enough:
        return Finding("machine", "memory", State.OK, f"{_gib(free)} free")
    reason = f"{_gib(free)} free, and {_gib(enough)} are needed"
    remedy = "End what else runs here, or raise the container's limit of memory."
    return Finding("machine", "memory", State.MISSING, reason, remedy, needed=True)


def shared_memory(folder: Path) -> Finding:
    """Processes of one model exchange tensors there; only vLLM needs much of it."""
    if not folder.is_dir():
        return Finding("machine", str(folder), State.MISSING, "there is none; vLLM over several cards needs it")
    size = shutil.disk_usage(folder).total
    if size >= ENOUGH_SHARED:
        return Finding("machine", str(folder), State.OK, _gib(size))
    reason = f"{_gib(size)}; vLLM over several cards needs {_gib(ENOUGH_SHARED)}"
    remedy = "Set shm_size in Compose, or mount an emptyDir with medium: Memory in Kubernetes."
    return Finding("machine", str(folder), State.MISSING, reason, remedy)


def open_files(soft: int, hard: int) -> Finding:
    """How many files and sockets one process may hold."""
    if soft == resource.RLIM_INFINITY or soft >= ENOUGH_FILES:
        return Finding("machine", "open files", State.OK, "no limit" if soft < 0 else str(soft))
    reason = f"{soft} at once; some hundred callers at a time need {ENOUGH_FILES}"
    highest = ENOUGH_FILES if hard == resource.RLIM_INFINITY else min(hard, ENOUGH_FILES)
    return Finding("machine", "open files", State.MISSING, reason, f"ulimit -n {highest}")


def imports(part: str, modules: Sequence[str]) -> Finding:
    """Whether the packages of a part load on this machine: wheels of another system are found, and do not."""
    python = f"Python {platform.python_version()}, {platform.machine()}"
    for module in modules:
        try:
            importlib.import_module(module)
        except (ImportError, OSError) as error:
            reason = f"{python}: {module} cannot be imported: {error}"
            remedy = "make setup (in a container: build its image for this machine)"
            return Finding(part, "imports", State.BROKEN, reason, remedy, needed=True)
    return Finding(part, "imports", State.OK, f"{python}: {', '.join(modules)}")


def disk(part: str, folder: Path, *, written: bool) -> Finding:
    """Room where a folder is or will be. `written`: the part keeps things there while it runs."""
    name, there = f"disk {folder}", _there(folder)
    if written and not os.access(there, os.W_OK):
        reason = f"user {os.geteuid()} may not write in {there}"
        return Finding(part, name, State.BROKEN, reason, _given(folder, there), needed=True)
    free = shutil.disk_usage(there).free
    if free >= ENOUGH_DISK:
        return Finding(part, name, State.OK, f"{_gib(free)} free")
    reason = f"{_gib(free)} free, and {_gib(ENOUGH_DISK)} are enough"
    remedy = f"Make room on the disk of {there}, or name a folder elsewhere in the settings."
    return Finding(part, name, State.MISSING, reason, remedy, needed=written)


def _given(folder: Path, there: Path) -> str:
    """How this user gets the folder, and nothing beside it: what is there of its path may be `/`."""
    made = "" if there == folder.absolute() else f"mkdir -p {folder} && "
    return f"{made}chown -R {os.geteuid()} {folder}"


def _there(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there already."""
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.is_dir())


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB"
