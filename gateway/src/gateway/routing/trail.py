"""The spans of one answer: its chain, and each attempt in it. Nothing at all where the request is not traced."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.routing.need import Modality
from troupe.wire.traces import Span, current, within


class Trail:
    """What an answer on its way leaves behind."""

    def __init__(self, modality: Modality) -> None:
        request = current()
        self._modality = modality
        self._chain = request.child(f"chain {modality}", troupe_modality=modality.value) if request else None
        self._attempt: Span | None = None

    @contextmanager
    def asking(self, rung: str, engine: str, address: str) -> Iterator[None]:
        """An attempt begins: what is sent in the block belongs to it."""
        if self._chain is None:
            yield
            return
        told = {"troupe_rung": rung, "troupe_engine": engine, "server_address": address}
        self._attempt = self._chain.child(f"attempt {rung}", "CLIENT", **told)
        with within(self._attempt):
            yield

    def answered(self, rung: str) -> None:
        """Its first byte is there."""
        if self._attempt is not None and self._chain is not None:
            self._attempt.event()
            self._chain.event()
            self._chain.tell(troupe_rung=rung)

    def ended(self, code: str) -> None:
        """The attempt is over, and another may follow."""
        if self._attempt is not None:
            self._attempt.end(code)
            self._attempt = None

    def over(self, code: str) -> None:
        """Nothing follows."""
        self.ended(code)
        if self._chain is not None:
            self._chain.end(code)
            self._chain = None
