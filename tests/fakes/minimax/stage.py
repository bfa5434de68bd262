"""What stands between the wire and the endpoints: it notes every request, asks for the key, and plays the script."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response

from . import auth
from .replies import MESSAGES, Refused, error_event, error_reply
from .script import Behaviour
from .seen import Request
from .world import World

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]

LARGEST_BODY = 80 * 1024 * 1024
PIECE = 64 * 1024
PLAIN = Behaviour("")
NOT_JSON = b'data: {"data": {"audio": "zz\xff\n\ndata: \x00\x01\x02\n\n'
NOT_HTTP = b"\x00\x15\x03\xff\xfe this is no HTTP reply \xde\xad\xbe\xef\r\n\r\n"


class Stage:
    """ASGI middleware around all endpoints of a fake."""

    def __init__(self, app: App, world: World) -> None:
        self._app = app
        self.world = world

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["trace_id"] = uuid.uuid4().hex
        body = await _read(receive)
        if scope["path"].startswith("/_"):
            await self._app(scope, _replay(body, receive), send)
            return
        seen = self.world.seen.note(scope, body, scope["trace_id"])
        behaviour = self.world.script.take(scope["method"], scope["path"]) or PLAIN
        seen.behaviour = behaviour.name
        scope["behaviour"], scope["seen"] = behaviour, seen
        line = Line(scope, send, behaviour, seen, self.world.options.gap_s)
        try:
            await self._play(scope, behaviour, _replay(body, receive), line)
            if line.closed:
                await _until_left(receive)  # what the server calls a connection that is gone
        finally:
            if seen.ended == "open":
                seen.ended = "left"

    async def _play(self, scope: Any, behaviour: Behaviour, receive: Receive, line: Line) -> None:
        """Do what the script says, or answer."""
        await asyncio.sleep(behaviour.delay_s)
        if behaviour.hang:
            await _until_left(receive)
        elif behaviour.drop or behaviour.garbage:
            line.close(NOT_HTTP if behaviour.garbage else b"")
        elif (reply := self._scripted(scope, behaviour)) is not None:
            await reply(scope, receive, line.send)
        else:
            await self._app(scope, receive, line.send)

    def _scripted(self, scope: Any, behaviour: Behaviour) -> Response | None:
        """The reply that stands in for the endpoint's, if there is one; a wrong key comes first."""
        path, trace_id = scope["path"], scope["trace_id"]
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            auth.check(path, headers, self.world.options)
        except Refused as refused:
            return error_reply(path, refused.code, refused.message, trace_id)
        reply = _instead(path, behaviour, trace_id)
        if reply is not None and behaviour.retry_after_s is not None:
            reply.headers["Retry-After"] = f"{behaviour.retry_after_s:g}"
        return reply


def _instead(path: str, behaviour: Behaviour, trace_id: str) -> Response | None:
    if behaviour.oversize:
        return JSONResponse({"base_resp": {"status_code": 0}, "data": {"audio": "0" * behaviour.oversize}})
    if behaviour.html:
        return HTMLResponse("<html><body><h1>502 Bad Gateway</h1></body></html>", behaviour.status or 502)
    if behaviour.body is not None:
        return JSONResponse(behaviour.body, behaviour.status or 200)
    if behaviour.error_after_events is not None or behaviour.is_of_task:
        return None
    if behaviour.base_resp is None and behaviour.status is None:
        return None
    code = behaviour.base_resp if behaviour.base_resp is not None else _code_of(behaviour.status or 500)
    return error_reply(path, code, behaviour.message or MESSAGES.get(code, "error"), trace_id, behaviour.status)


def _code_of(status: int) -> int:
    """MiniMax's code where only an HTTP status was asked for."""
    return {400: 2013, 401: 2049, 402: 1008, 422: 1026, 429: 1002}.get(status, 1000)


class Line:
    """The way out: counts events and bytes, and breaks where the script says."""

    def __init__(self, scope: Any, send: Send, behaviour: Behaviour, seen: Request, gap_s: float) -> None:
        self._scope = scope
        self._send = send
        self._behaviour = behaviour
        self._seen = seen
        self._gap_s = behaviour.gap_s or gap_s
        self._bytes = 0
        self._streams = False
        self.closed = False

    async def send(self, message: Message) -> None:
        """Pass one ASGI message on, or break; after a break nothing more goes out."""
        if self._seen.ended == "cut":
            return
        if message["type"] == "http.response.start":
            headers = [(name, value) for name, value in message["headers"] if name != b"trace-id"]
            self._streams = any(b"text/event-stream" in value for _, value in headers)
            message = {**message, "headers": [*headers, (b"trace-id", self._scope["trace_id"].encode())]}
            self._seen.status = message["status"]
            await self._send(message)
            return
        body = message.get("body", b"")
        if self._streams and body:
            await self._event()
        await self._limit(body)
        if self._seen.ended == "cut":
            return
        await self._send(message)
        if not message.get("more_body", False):
            self._seen.ended = "complete"

    async def _event(self) -> None:
        """Before an event goes out."""
        done, behaviour = self._seen.events, self._behaviour
        if done and self._gap_s:
            await asyncio.sleep(self._gap_s)
        if done == behaviour.hang_after_events:
            await asyncio.Event().wait()  # ended by the caller's leaving
        if done == behaviour.cut_after_events:
            self.close()
        elif done == behaviour.end_after_events:
            await self._finish(b"")
        elif done == behaviour.garble_after_events:
            await self._finish(NOT_JSON)
        elif done == behaviour.error_after_events:
            code = behaviour.base_resp or 1000
            message = behaviour.message or MESSAGES.get(code, "error")
            await self._finish(error_event(self._scope["path"], code, message, self._scope["trace_id"]))
        else:
            self._seen.events += 1

    async def _limit(self, body: bytes) -> None:
        """Before bytes go out."""
        most = self._behaviour.cut_after_bytes
        if most is not None and self._seen.ended != "cut" and self._bytes + len(body) > most:
            await self._send({"type": "http.response.body", "body": body[: most - self._bytes], "more_body": True})
            self.close()
        self._bytes += len(body)

    async def _finish(self, body: bytes) -> None:
        """End the reply here, cleanly as HTTP sees it."""
        await self._send({"type": "http.response.body", "body": body, "more_body": False})
        self._seen.ended = "cut"

    def close(self, last: bytes = b"") -> None:
        """Drop the connection; `last` goes out raw before."""
        transport = self._scope["transport"]  # set by `server`: a break needs a real connection
        transport.write(last)
        transport.close()
        self.closed = True
        self._seen.ended = "cut"


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while len(body) <= LARGEST_BODY:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body once more for the endpoint; then whatever comes."""
    waiting = [body]

    async def again() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return again


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
