"""Server-sent events out of bytes as they come: https://html.spec.whatwg.org/multipage/server-sent-events.html."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from troupe.wire.errors import EngineFailed

LONGEST_EVENT = 4 * 1024 * 1024  # bytes; a delta has hundreds, a tool call that comes as a whole some thousands
DATA, ERROR = b"data:", b"error:"
DONE = b"[DONE]"


class Events:
    """One answer's events; `done` once its server said that it is whole."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._rest = b""
        self.done = False

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """The events that are whole with this; raises `EngineFailed` for what is no JSON object or has no end."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_EVENT:
            raise EngineFailed(f"{self._server} sends an event of more than {LONGEST_EVENT} bytes. Look at its log.")
        for line in lines:
            if (event := self._event(line.strip())) is not None and not self.done:
                yield event

    def _event(self, line: bytes) -> dict[str, Any] | None:
        """Of the kinds of lines only data matter: comments keep proxies awake, names and ids say nothing here."""
        if line.startswith(ERROR):  # llama-server's way to say that it broke
            return {"error": self._parsed(line[len(ERROR) :])}
        if line.startswith(b"{"):  # an error of a server that forgot that it streams
            return self._parsed(line)
        if not line.startswith(DATA):
            return None
        data = line[len(DATA) :].strip()
        if data == DONE:
            self.done = True
            return None
        return self._parsed(data)

    def _parsed(self, data: bytes) -> dict[str, Any]:
        try:
            event = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise EngineFailed(f"{self._server} sent {data[:80]!r}, which is no JSON. Look at its log.") from error
        if not isinstance(event, dict):
            raise EngineFailed(f"{self._server} sent a {type(event).__name__} in place of a piece of its answer.")
        return event
