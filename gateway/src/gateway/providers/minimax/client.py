"""HTTP to MiniMax: one client per account. Every answer is bounded in size and time and checked by schema.

`ask` gives one checked answer, `events` the objects of an event stream. Nothing is sent twice from here: whether to ask
again is routing's to say.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import orjson
from pydantic import ValidationError

from gateway.providers.minimax import faults
from gateway.providers.minimax.addresses import is_loopback
from gateway.providers.minimax.replies import BaseResp, ErrorBody, Reply, Status
from gateway.routing.verdict import CONNECTION
from troupe.wire.errors import CannotConnect, StreamBroken, TroupeError

R = TypeVar("R", bound=Reply)

CONNECT_S = 5.0
WRITE_S = 30.0
IDLE_S = 30.0  # between two pieces of an answer
ERROR_BODY_BYTES = 64 * 1024
JSON_BYTES = 4 * 1024 * 1024
EVENT_BYTES = 32 * 1024 * 1024  # one event; the last of a speech may repeat all its sound
MAX_CONNECTIONS = 512
TELLING = frozenset(Status.model_fields)
"""The fields that may say that something went wrong."""


@dataclass(frozen=True, slots=True)
class Asking:
    """One request to MiniMax."""

    path: str
    body: Mapping[str, Any] | None = None
    method: str = "POST"
    params: Mapping[str, str] | None = None
    form: Mapping[str, str] | None = None
    file: tuple[str, bytes] | None = None  # name and bytes of an upload
    first_s: float = 30.0  # until the answer begins
    limit_bytes: int = JSON_BYTES


class Client:
    """Speaks for one key at one host. The key is in no message and no repr."""

    def __init__(
        self, host: str, key: str, group_id: str = "", *, trust: ssl.SSLContext | bool = True, idle_s: float = IDLE_S
    ) -> None:
        self._host = host
        self._key = key
        self._group = {"GroupId": group_id} if group_id else {}
        self._idle_s = idle_s
        local = is_loopback(httpx.URL(host).host)
        self._http = httpx.AsyncClient(
            base_url=host,
            verify=trust,
            timeout=httpx.Timeout(None, connect=CONNECT_S, write=WRITE_S, pool=CONNECT_S),
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=64),
            follow_redirects=False,
            trust_env=not local,  # a house may reach the cloud by a proxy
        )

    def __repr__(self) -> str:
        """Without the key."""
        return f"Client({self._host!r})"

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def ask(self, asking: Asking, reply: type[R], *, judged: bool = True) -> R:
        """One answer. Raises the leaf that MiniMax's code or status means (the code only where `judged`)."""
        async with self._answer(asking) as answer, aclosing(self._bytes(answer, asking.limit_bytes)) as pieces:
            body = b"".join([piece async for piece in pieces])
        return self.checked(parsed(body), reply, judged=judged)

    async def events(self, asking: Asking) -> AsyncGenerator[Any]:
        """The objects of an event stream, unchecked, up to its end or `[DONE]` (which is given as None).

        An answer in one piece is given as one event: so errors come.
        """
        async with self._answer(asking) as answer:
            if "json" in answer.headers.get("content-type", ""):
                async with aclosing(self._bytes(answer, asking.limit_bytes)) as pieces:
                    yield parsed(b"".join([piece async for piece in pieces]))
                return
            async with aclosing(self._bytes(answer, asking.limit_bytes)) as pieces, aclosing(_lines(pieces)) as lines:
                async for line in lines:
                    if line == b"[DONE]":
                        yield None
                        return
                    yield parsed(line)

    def checked(self, value: Any, reply: type[R], *, judged: bool = True) -> R:
        """The value as a reply; raises the fault it tells of, or that it is none of MiniMax's replies."""
        try:
            told = judged and isinstance(value, dict) and not value.keys().isdisjoint(TELLING)
            if told and (fault := self.fault(Status.model_validate(value))) is not None:
                raise fault
            return reply.model_validate(value)
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors()[0]["loc"]) or "the whole"
            raise faults.not_its_api(f"{place}: {error.errors()[0]['msg']}") from None

    def fault(self, status: Status) -> TroupeError | None:
        """What an answer says went wrong."""
        if status.base_resp is not None and status.base_resp.status_code != 0:
            return faults.of_base(status.base_resp.status_code, self._scrubbed(status.base_resp.status_msg))
        if status.error is None:
            return None
        error = ErrorBody(message=status.error) if isinstance(status.error, str) else status.error
        return self.of_error(error)

    def of_error(self, error: ErrorBody) -> TroupeError:
        """The leaf for an `error` inside an answer that began well."""
        said, code = self._scrubbed(error.message), str(error.code or "")
        if code.isdecimal() and len(code) < 6:
            return faults.of_base(int(code), said)
        return faults.of_http(faults.TYPES.get(error.type or "", 0), said)

    @asynccontextmanager
    async def _answer(self, asking: Asking) -> AsyncIterator[httpx.Response]:
        """The answer once it has begun, its status judged."""
        request = self._request(asking)
        try:
            async with asyncio.timeout(asking.first_s):
                answer = await self._http.send(request, stream=True)
        except TimeoutError:
            raise faults.too_slow("answer", asking.first_s) from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise CannotConnect(
                f"Cannot connect to MiniMax at {self._host}: {self._scrubbed(str(error)) or type(error).__name__}. "
                "Check the network, or correct MINIMAX_API_HOST."
            ) from error
        try:
            if answer.status_code != httpx.codes.OK:
                raise await self._refusal(answer)
            yield answer
        finally:
            await answer.aclose()

    def _request(self, asking: Asking) -> httpx.Request:
        upload = {"file": (asking.file[0], asking.file[1], "application/octet-stream")} if asking.file else None
        return self._http.build_request(
            asking.method,
            asking.path,
            params={**self._group, **(asking.params or {})},
            content=orjson.dumps(asking.body) if asking.body is not None else None,
            data=dict(asking.form) if asking.form is not None else None,
            files=upload,
            headers={
                "Authorization": f"Bearer {self._key}",
                "Accept-Encoding": "identity",  # an answer that unpacks to a hundred times its size is none
                **({"Content-Type": "application/json"} if asking.body is not None else {}),
            },
        )

    async def _refusal(self, answer: httpx.Response) -> TroupeError:
        retry_after_s = _seconds(answer.headers.get("retry-after", ""))
        try:
            async with aclosing(self._bytes(answer, ERROR_BODY_BYTES)) as pieces:
                status = Status.model_validate(orjson.loads(b"".join([piece async for piece in pieces])))
        except (ValidationError, orjson.JSONDecodeError, TroupeError):
            return faults.of_http(answer.status_code, "", retry_after_s=retry_after_s)
        base = status.base_resp or BaseResp()
        if base.status_code:
            said = self._scrubbed(base.status_msg)
            return faults.of_base(base.status_code, said, status=answer.status_code, retry_after_s=retry_after_s)
        told = status.error.message if isinstance(status.error, ErrorBody) else status.error
        return faults.of_http(answer.status_code, self._scrubbed(told), retry_after_s=retry_after_s)

    async def _bytes(self, answer: httpx.Response, limit: int) -> AsyncGenerator[bytes]:
        """The body's bytes; at most `limit` of them, never more than `idle_s` apart."""
        taken = 0
        pieces = answer.aiter_raw()  # never unpacked: what was asked for is the plain form
        while (piece := await self._piece(pieces)) is not None:
            taken += len(piece)
            if taken > limit:
                raise faults.not_its_api(f"an answer of more than {limit:,} bytes")
            yield piece

    async def _piece(self, pieces: AsyncIterator[bytes]) -> bytes | None:
        try:
            async with asyncio.timeout(self._idle_s):
                return await anext(pieces, None)
        except TimeoutError:
            raise StreamBroken(f"MiniMax sent nothing for {self._idle_s:.0f} s.", lost=CONNECTION) from None
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise StreamBroken(f"The connection to MiniMax broke ({type(error).__name__}).", lost=CONNECTION) from error

    def _scrubbed(self, said: str | None) -> str:
        text = said or ""
        return text.replace(self._key, "***") if self._key else text


def parsed(body: bytes) -> Any:
    """The JSON of an answer."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise faults.not_its_api("no JSON") from None


async def _lines(pieces: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """The `data:` of each event; comments, empty lines and other fields are passed over."""
    held: list[bytes] = []
    size = 0
    async for piece in pieces:
        *whole, rest = piece.split(b"\n")
        for line in whole:
            held.append(line)
            if data := _data(b"".join(held)):
                yield data
            held, size = [], 0
        held.append(rest)
        size += len(rest)
        if size > EVENT_BYTES:
            raise faults.not_its_api(f"an event of more than {EVENT_BYTES:,} bytes")
    if data := _data(b"".join(held)):
        yield data


def _data(line: bytes) -> bytes:
    return line[5:].strip() if line.startswith(b"data:") else b""


def _seconds(header: str) -> float:
    return float(header) if header.isdecimal() and len(header) < 6 else 0.0
