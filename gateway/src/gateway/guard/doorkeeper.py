"""The ASGI layer every HTTP request passes: an id, a key, a size, and a client that is watched until it leaves.

Frameworks do not cancel the work of a client that has gone when nothing is being streamed yet (measured: 5 s of wasted
engine time per request); this does, for every route, by cancelling the application's task.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.guard.keys import NOBODY, Caller, Keyring
from gateway.guard.limits import BODY_STALL_S, Limits, header, too_large
from gateway.lag import LoopLag
from gateway.metrics import Metrics
from troupe.wire.errors import DeadlineExceeded, Overloaded, TroupeError
from troupe.wire.interceptors import defect
from troupe.wire.logs import about
from troupe.wire.traces import OK, TRACEPARENT, Span, Traces

OPEN_PATHS = frozenset(
    {"/", "/health", "/ready", "/metrics", "/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect"}
)
OPEN_FOLDER = "/studio/"
"""The page's own files: they hold nothing of anybody. What the page asks of /api needs a key as everything does."""
PROBED_PATHS = frozenset({"/health", "/ready", "/metrics"})
"""Machines ask for these every few seconds; the log of a quiet gateway stays quiet."""
REQUEST_ID_HEADER = b"x-troupe-request-id"
WORK = ("/api/", "/clone")
SHORT_OF_TIME_S = 0.15
"""A loop that always runs so late has more work than it can do: what else is taken in slows down all the rest."""
FEW = 32
"""With fewer requests than this it is the machine that is slow, and refusing would help nobody."""
AGAIN_S = 1.0
LEFT = 499
"""The status counted for a client that left before its answer; nobody receives it."""
SERVER_ERROR = 500
LINGER_S = 2.0
LINGER_BYTES = 1024 * 1024
"""After a refusal so much of the unread body is still taken, so that the refusal is not lost in a reset."""
CANCEL_S = 5.0

Refusal = Callable[[TroupeError, str], Response]
log = logging.getLogger(__name__)


class Rules(Protocol):
    """By what requests are let in; asked anew for each, since a reload changes it."""

    @property
    def keyring(self) -> Keyring:
        """Who may."""
        ...

    @property
    def limits(self) -> Limits:
        """How much."""
        ...

    @property
    def metrics(self) -> Metrics:
        """Where it is counted."""
        ...

    @property
    def traces(self) -> Traces | None:
        """What traces it; None = nothing."""
        ...


class Doorkeeper:
    """ASGI middleware; `refusal` gives a TroupeError its body."""

    def __init__(self, app: ASGIApp, *, rules: Rules, refusal: Refusal) -> None:
        self._app = app
        self.rules = rules
        self.refusal = refusal
        self.lag = LoopLag()
        self.running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self.lag.start()
        entry = _Entry(self, scope, receive, send)
        self.running += 1
        with self.rules.metrics.running.track_inprogress():
            try:
                await entry.run(self._app)
            finally:
                self.running -= 1
                entry.account()

    def check_breath(self, path: str) -> None:
        """Raise `Overloaded` for work that this process has no time for; people and probes who look are let in."""
        if path.startswith(WORK) and self.running > FEW and self.lag.mean_s > SHORT_OF_TIME_S:
            raise Overloaded(
                f"The gateway itself is short of time: {self.running} requests are under way and its loop runs "
                f"{self.lag.mean_s * 1000:.0f} ms late. Come back in a second, or start another gateway.",
                retry_after_s=AGAIN_S,
            )


class _Entry:
    """One request on its way through."""

    def __init__(self, door: Doorkeeper, scope: Scope, receive: Receive, send: Send) -> None:
        self._door, self._scope = door, scope
        self._receive, self._send = receive, send
        self._id = f"req_{secrets.token_hex(8)}"
        about(self._id)
        self._span = self._traced() if door.rules.traces is not None else None
        self._started = time.monotonic()
        self._status = 0
        self._watch = door.rules.metrics.stopwatch()
        self._first_byte_s: float | None = None
        self._overhead_s: float | None = None
        self._sent = self._received = 0
        self._body_over = False
        self._inbox: asyncio.Queue[Message] = asyncio.Queue(maxsize=1)
        self._verdict: TroupeError | None = None

    def _traced(self) -> Span | None:
        traces, path, headers = self._door.rules.traces, self._scope["path"], self._scope["headers"]
        if traces is None or path in PROBED_PATHS or path.startswith(OPEN_FOLDER):
            return None
        method = self._scope["method"]
        parent = header(headers, TRACEPARENT.encode()) or ""
        return traces.begin(method, parent, http_request_method=method, troupe_request=self._id)

    async def run(self, app: ASGIApp) -> None:
        """Judge the head, then run the application until it ends, the client leaves or the body is refused."""
        try:
            caller = self._admit()
        except TroupeError as error:
            await self._refuse(error)
            return
        self._scope.setdefault("state", {}).update(request_id=self._id, caller=caller)
        work = asyncio.ensure_future(app(self._scope, self._inbox.get, self._on_send))
        pump = asyncio.ensure_future(self._pump())
        try:
            await asyncio.wait({work, pump}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end(pump)
            if not work.done():
                await _end(work)
        if self._verdict is not None:
            await self._refuse(self._verdict)
        elif not work.cancelled() and (broken := work.exception()) is not None:
            await self._answer_defect(broken)

    def account(self) -> None:
        """Count it and log it: one line, without anything the caller wrote."""
        route = getattr(self._scope.get("route"), "path", None) or ("refused" if self._verdict else "unknown")
        status = self._status or LEFT
        self._door.rules.metrics.requests.labels(route, str(status)).inc()
        total_ms = (time.monotonic() - self._started) * 1000
        first = "-"
        if self._first_byte_s is not None:
            self._door.rules.metrics.first_byte.labels(route).observe(self._first_byte_s)
            first = f"{self._first_byte_s * 1000:.0f}"
        if self._span is not None:
            method = self._scope["method"]
            self._span.tell(f"{method} {route}", http_route=route, http_response_status__code=status)
            self._span.end(OK if status < SERVER_ERROR else f"http {status}")
        if self._overhead_s is not None:
            self._door.rules.metrics.overhead.labels(route).observe(self._overhead_s)
        level = logging.DEBUG if self._scope["path"] in PROBED_PATHS else logging.INFO
        log.log(
            level,
            "%s %s status=%d first_byte_ms=%s total_ms=%.0f bytes=%d request_id=%s",
            self._scope["method"], route, status, first, total_ms, self._sent, self._id,
        )  # fmt: skip

    def _admit(self) -> Caller:
        path, headers = self._scope["path"], self._scope["headers"]
        self._door.rules.limits.check_announced(path, headers)
        if path in OPEN_PATHS or path.startswith(OPEN_FOLDER):
            return Caller(NOBODY)
        self._door.check_breath(path)
        names = ("authorization", "x-api-key")
        return self._door.rules.keyring.caller({name: header(headers, name.encode()) for name in names})

    async def _pump(self) -> None:
        """Pass on what the client sends; returns when it has left or its body is refused."""
        limit = self._door.rules.limits.of(self._scope["path"], self._scope["headers"])
        while True:
            message = await self._next(self._receive)
            if message is None or message["type"] == "http.disconnect":
                return
            self._received += len(message.get("body", b""))
            self._body_over = not message.get("more_body", False)
            if self._received > limit:
                self._verdict = too_large(limit)
                return
            await self._inbox.put(message)

    async def _next(self, receive: Callable[[], Awaitable[Message]]) -> Message | None:
        if self._body_over:
            return await receive()  # only the client's leaving is still to come
        try:
            async with asyncio.timeout(BODY_STALL_S):
                return await receive()
        except TimeoutError:
            self._verdict = DeadlineExceeded(f"The request's body sent nothing for {BODY_STALL_S:.0f} s.")
            return None

    async def _on_send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            message = {**message, "headers": [*message["headers"], (REQUEST_ID_HEADER, self._id.encode())]}
        elif self._first_byte_s is None and message.get("body"):
            self._first_byte_s = time.monotonic() - self._started
            self._overhead_s = self._watch.overhead_s(self._first_byte_s)
        self._sent += len(message.get("body", b""))
        await self._send(message)

    async def _refuse(self, error: TroupeError) -> None:
        """Send the refusal whole, then take a little of what still comes, so that the client gets to read it."""
        self._verdict = error
        if self._status:
            return  # an answer has begun; it is cut
        reply = self._door.refusal(error, self._id)
        reply.headers["connection"] = "close"
        await self._on_send({"type": "http.response.start", "status": reply.status_code, "headers": reply.raw_headers})
        await self._on_send({"type": "http.response.body", "body": bytes(reply.body), "more_body": True})
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                await self._drain()
        await self._on_send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _drain(self) -> None:
        taken, more = 0, not self._body_over
        while more and taken < LINGER_BYTES:
            message = await self._receive()
            taken += len(message.get("body", b""))
            more = message["type"] == "http.request" and message.get("more_body", False)

    async def _answer_defect(self, error: BaseException) -> None:
        reply = self._door.refusal(defect(error, self._scope["path"]), self._id)
        if not self._status:
            await reply(self._scope, self._receive, self._on_send)


async def _end(task: asyncio.Future[Any]) -> None:
    """Cancel a task and wait until it has cleaned up."""
    task.cancel()
    await asyncio.wait({task}, timeout=CANCEL_S)
