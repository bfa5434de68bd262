"""Ends processes when the one that started this program is gone. Its standard input has their numbers, one a line.

Run as a program by its path; it imports nothing of ours, so that it is small and starts at once.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path


def main() -> None:
    """Listen until the other end closes, then end what is left."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the service, which ends them in good order
    born = {number: _born(number) for number in map(int, sys.stdin)}
    for pid, since in born.items():
        if since and _born(pid) == since:  # not another process that has its number by now
            os.kill(pid, signal.SIGKILL)


def _born(pid: int) -> str:
    """When that process was started, in ticks since the machine was; empty = it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


if __name__ == "__main__":
    main()
