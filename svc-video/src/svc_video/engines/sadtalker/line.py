"""One question to the process that holds SadTalker, and its answers."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any

from svc_video.engines.sadtalker.packets import Data, Packet
from troupe.wire.errors import TroupeError

LONG_S = 300.0  # it is not waited for longer at a time; who watches the process ends one that hangs


class Line:
    """One question to the process and what it answers, in order."""

    def __init__(self, number: int, tell: Callable[[dict[str, Any], Data], None]) -> None:
        self._tell = tell
        self.number = number
        self._mail: queue.SimpleQueue[Packet | TroupeError] = queue.SimpleQueue()

    def next(self, patience_s: float) -> Packet | None:
        """The next packet; None where none came in that time. Raises what the process says, or its end."""
        try:
            packet = self._mail.get(timeout=patience_s)
        except queue.Empty:
            return None
        if isinstance(packet, TroupeError):
            raise packet
        return packet

    def done(self) -> Packet:
        """The last packet, however long it takes: a process that hangs is ended by those who watch it."""
        while True:
            packet = self.next(LONG_S)
            if packet is not None and "done" in packet.message:
                return packet

    def tell(self, what: str, data: Data = b"", **message: Any) -> None:
        """Say more to what was asked; raises `EngineFailed` where the process is gone."""
        self._tell({what: self.number, **message}, data)

    def put(self, packet: Packet | TroupeError) -> None:
        """From the process: its next packet, or why there is none."""
        self._mail.put(packet)
