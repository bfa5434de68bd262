"""What the fake was asked: every request without its key, and how its reply ended."""

from __future__ import annotations

import json
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import Any

KEPT = 2_000  # requests; the counts go on
LONGEST_BODY = 256 * 1024
SECRETS = {"authorization", "x-api-key", "cookie"}


@dataclass(slots=True)
class Request:
    """One request, as a test wants to read it."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any
    key: bool  # whether one was sent
    at_s: float
    trace_id: str
    behaviour: str = ""  # the failure that was scripted for it
    status: int = 0
    events: int = 0
    ended: str = "open"  # open, complete, left (by the caller), cut (by the script)
    notes: dict[str, Any] = field(default_factory=dict)


class Seen:
    """The log and the counts, by `METHOD /path`."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.requests: deque[Request] = deque(maxlen=KEPT)

    def note(self, scope: dict[str, Any], body: bytes, trace_id: str) -> Request:
        """Remember a request."""
        given = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        request = Request(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers={name: value for name, value in given.items() if name not in SECRETS},
            body=_readable(given.get("content-type", ""), body),
            key=bool(given.get("authorization") or given.get("x-api-key")),
            at_s=time.time(),
            trace_id=trace_id,
        )
        self.counts[f"{request.method} {request.path}"] += 1
        self.requests.append(request)
        return request

    def clear(self) -> None:
        """Forget everything."""
        self.counts.clear()
        self.requests.clear()

    def report(self) -> dict[str, Any]:
        """The counts, how many replies are under way, and the requests, oldest first."""
        return {
            "counts": dict(self.counts),
            "open": sum(request.ended == "open" for request in self.requests),
            "requests": [asdict(request) for request in self.requests],
        }


def _readable(content_type: str, body: bytes) -> Any:
    """JSON as it is; of anything else its size."""
    if len(body) <= LONGEST_BODY and not content_type.startswith("multipart/"):
        try:
            return json.loads(body) if body else None
        except ValueError:
            pass
    return {"bytes": len(body), "content_type": content_type}
