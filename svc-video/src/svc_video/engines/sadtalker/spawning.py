"""How a process is started that dies with this one, and by nothing else."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
from collections.abc import Sequence
from typing import IO, cast

from troupe.wire.errors import EngineFailed

SPIN_COUNT = "1000"  # rounds that OpenMP's threads wait without sleeping: more, and they keep others from computing


def spawned(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Started by a thread that lives as long as it does: the kernel ends it when the thread that started it is gone."""
    started: queue.SimpleQueue[subprocess.Popen[bytes] | OSError] = queue.SimpleQueue()
    pipe = subprocess.PIPE

    def keep() -> None:
        try:
            process = subprocess.Popen(  # noqa: S603  # our own module
                command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True,
                env={"GOMP_SPINCOUNT": SPIN_COUNT} | dict(os.environ),
            )  # fmt: skip
        except OSError as error:
            started.put(error)
            return
        started.put(process)
        process.wait()

    threading.Thread(target=keep, name="sadtalker-keeper", daemon=True).start()
    process = started.get()
    if isinstance(process, OSError):
        raise EngineFailed(f"The process of SadTalker cannot be started: {process}", engine="sadtalker")
    return process


def pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    """To it, from it, and what it says to people."""
    return cast("tuple[IO[bytes], IO[bytes], IO[bytes]]", (process.stdin, process.stdout, process.stderr))
