"""A machine that a test can fill: a service in mounts of its own, gone with its process.

Its models lie on a small tmpfs. What its container may use of memory is told by files in the place and the words of the
kernel's (cgroup v2), what its card uses by a driver library: the service reads them as it always does, and no memory is
filled for it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.stage import Actor, Stage
from tests.fakes.nvml_driver import build, compiler

DISK_MIB = 16
MIB = 1 << 20
GIB = 1 << 30
CARD_BYTES = 80 * GIB
MEMORY_BYTES = 8 * GIB
SETUP = 'mount -t tmpfs -o "size=$1" tmpfs "$2" && mount --bind "$3" /sys/fs/cgroup && shift 3 && exec "$@"'


NEEDS = "it takes mounts of one's own (root, or a system that lets users have namespaces) and a C compiler"


def may_be() -> bool:
    """Whether this system lets us make one."""
    if compiler() is None:
        return False
    done = subprocess.run(["unshare", "--mount", "true"], capture_output=True, timeout=10, check=False)
    return done.returncode == 0


class Machine:
    """The disk, the memory and the card of one service."""

    def __init__(self, folder: Path) -> None:
        self._cgroup, self._disk = folder / "cgroup", folder / "disk"
        self._card = folder / "card"
        for each in (self._cgroup, self._disk):
            each.mkdir()
        _write(self._cgroup / "memory.max", MEMORY_BYTES)
        (self._cgroup / "memory.stat").write_text("inactive_file 0\n")
        self.take(memory=GIB, card=GIB)
        self._library = Path(build(folder, cards=1, used=self._card)).parent
        self.actor: Actor | None = None

    async def start(self, stage: Stage) -> Actor:
        """svc-text there."""
        size = f"{DISK_MIB}m"
        before = ("unshare", "--mount", "bash", "-c", SETUP, "machine", size, str(self._disk), str(self._cgroup))
        libraries = os.pathsep.join(filter(None, [str(self._library), os.environ.get("LD_LIBRARY_PATH")]))
        env = {"TROUPE_TEXT_MODELS_DIR": str(self._disk), "LD_LIBRARY_PATH": libraries}
        self.actor = await stage.service("svc_text", before=before, **env)
        return self.actor

    def take(self, memory: int, card: int) -> None:
        """So many bytes of the container's memory and of the card are in use."""
        _write(self._cgroup / "memory.current", memory)
        _write(self._card, card)

    @contextmanager
    def filled(self) -> Iterator[None]:
        """No more than a hundredth of the disk is free in the block."""
        assert self.actor is not None
        seen = Path(f"/proc/{self.actor.pid}/root") / self._disk.relative_to("/")
        assert os.statvfs(seen).f_blocks * os.statvfs(seen).f_frsize == DISK_MIB * MIB
        ballast = seen / "ballast.gguf"
        ballast.write_bytes(bytes(DISK_MIB * MIB * 99 // 100))
        try:
            yield
        finally:
            ballast.unlink()


def _write(path: Path, number: int) -> None:
    """In one step: whoever reads it sees the old number or the new one."""
    fresh = path.with_suffix(".new")
    fresh.write_text(f"{number}\n")
    fresh.rename(path)
