"""Whether another process works: one that hangs uses no processor time."""

from __future__ import annotations

from pathlib import Path

BEAT_S = 0.1  # how often a working process is looked at


class Pulse:
    """The processor time of one process, as it goes on."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._used = 0

    def beats(self) -> bool:
        """Whether it worked since the last look."""
        before, self._used = self._used, max(self._used, processor_time(self._pid))
        return self._used > before


def processor_time(pid: int) -> int:
    """Clock ticks that process has used; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])
