"""An answer that goes on elsewhere: who goes on with it and why, told once it really does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.routing.need import Modality
from gateway.routing.rung import Rung
from troupe.wire.errors import TroupeError


@dataclass(frozen=True, slots=True)
class Resumed:
    """An answer went on."""

    modality: Modality
    provider: str
    reason: str


def nobody(_resumed: Resumed) -> None:
    """For answers that no scene follows."""


class Handover:
    """Of one answer; it may break more than once."""

    def __init__(self, modality: Modality, tell: Callable[[Resumed], None] = nobody) -> None:
        self._modality = modality
        self._tell = tell
        self._provider = ""
        self._reason = ""
        self.happened = False

    def broke(self, error: TroupeError) -> None:
        """The answer broke and shall go on."""
        self._reason = error.message
        self.happened = True

    def asked(self, rung: Rung) -> None:
        """This rung is asked to go on (or to begin)."""
        self._provider = rung.name

    def came(self) -> None:
        """A part of the answer has come: after a break it goes on from here."""
        if self._reason:
            resumed = Resumed(self._modality, self._provider, self._reason)
            self._reason = ""
            self._tell(resumed)
