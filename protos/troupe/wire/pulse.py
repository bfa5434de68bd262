"""Whether another process works: one that hangs uses no processor time, and does not wait for a processor either."""

from __future__ import annotations

from pathlib import Path

BEAT_S = 0.1  # how often a working process is looked at
RUNNABLE = "R"  # state of a process, as proc_pid_stat(5) writes it


class Pulse:
    """The processor time of one process, as it goes on."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._used = 0

    def beats(self) -> bool:
        """Whether it worked since the last look, or would if it were its turn."""
        before, self._used = self._used, max(self._used, processor_time(self._pid))
        return self._used > before or waits_for_a_processor(self._pid)


def processor_time(pid: int) -> int:
    """Clock ticks that process has used; 0 where the system does not tell."""
    fields = _stat(pid)
    return int(fields[11]) + int(fields[12]) if fields else 0


def waits_for_a_processor(pid: int) -> bool:
    """Whether the first thread of that process could run at once: it is neither stopped nor waits for anything else."""
    fields = _stat(pid)
    return bool(fields) and fields[0] == RUNNABLE


def _stat(pid: int) -> list[str]:
    """What the system tells of a process, from its state on; empty where it does not tell."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
