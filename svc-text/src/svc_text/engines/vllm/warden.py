"""Ends vLLM's processes when the service that started them is gone: `warden.py MARK`, MARK as in their environment.

Run as a program by its path; it imports nothing of ours, so that it is small and starts at once. Its standard input is
the service's life: it has no words, only an end.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

AGAIN_S = 1.0  # one that was being born has its environment by then


def main() -> None:
    """Wait for the end, then end what is left."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # those are for the service, which ends its processes in good order
    mark = sys.argv[1].encode()
    sys.stdin.read()
    for pause_s in (0.0, AGAIN_S):
        time.sleep(pause_s)
        for pid in _marked(mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _marked(mark: bytes) -> Iterator[int]:
    """Processes that have it in their environment."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # just ended, or somebody else's
            if mark in (folder / "environ").read_bytes():
                yield int(folder.name)


if __name__ == "__main__":
    main()
