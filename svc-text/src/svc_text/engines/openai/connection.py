"""The connection to the server: one session that is kept; an answer that nobody wants any more is cut off at once.

Neither a proxy of the environment nor a redirect is followed: the key goes to the address that was configured only.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from typing import Any

import aiohttp

from svc_text.engines.openai.refusal import refusal, unreachable
from svc_text.engines.openai.stream import Events
from svc_text.places import OpenaiPlace
from troupe.wire.errors import EngineFailed
from troupe.wire.traces import TRACEPARENT, current

CONNECT_S = 5.0
ASK_S = 5.0  # for what costs no computing
COUNT_S = 30.0  # for counting tokens of a long prompt
LINGER_S = 0.05
MOST_BYTES = 8 * 1024 * 1024  # of an answer that is no stream
ERROR_BYTES = 64 * 1024
KEPT_S = 4.0  # an idle connection; uvicorn, on which vLLM and SGLang stand, drops its own after 5 s
API = "/v1"
OK = 200


class Connection:
    """One server at one base URL."""

    def __init__(self, place: OpenaiPlace) -> None:
        base = place.base_url.strip().rstrip("/")
        self.url = base if "//" in base else f"http://{base}"
        self._root = self.url.removesuffix(API)
        self._key = place.api_key
        self.server = f"The server at {self.url}"  # as errors call it; the kind's name once that is known
        self.start = "vllm serve MODEL --port 8001"
        self.kept = False  # whether its connections may be used again; known with its kind
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, path: str, body: Mapping[str, Any] | None = None, within_s: float = ASK_S) -> dict[str, Any]:
        """The JSON object that is answered, to a POST where there is a body; raises the leaf that says why not."""
        status, data, headers = await self._whole(path, body, within_s)
        if status != OK:
            raise refusal(self.server, status, data, headers, self._key)
        told = _object(data)
        if told is None:
            raise EngineFailed(f"{self.server} answers {path} with something that is no JSON. Is it the right address?")
        return told

    async def glance(self, path: str) -> dict[str, Any] | None:
        """As `ask` without a body, and None where there is no such path or no JSON; raises `CannotConnect`."""
        status, data, _ = await self._whole(path, None, ASK_S)
        return _object(data) if status == OK else None

    async def events(self, body: Mapping[str, Any]) -> AsyncGenerator[dict[str, Any]]:
        """The events of one streamed chat; closing it closes the connection, and so the server computes no more."""
        events = Events(self.server)
        try:
            response = await self._answer("POST", "/v1/chat/completions", _encoded(body))
            try:
                if response.status != OK:
                    said = await response.content.read(ERROR_BYTES)
                    raise refusal(self.server, response.status, said, response.headers, self._key)
                async for data in response.content.iter_any():
                    for event in events.feed(data):
                        yield event
                    if events.done:
                        await _ended(response)
                        return
                for event in events.feed(b"\n"):  # a last line without its end
                    yield event
            finally:
                _let_go(response)
        except aiohttp.ClientConnectorError as error:
            raise unreachable(self.url, _why(error), self.start) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise EngineFailed(f"{self.server} broke the connection: {_why(error)}. Try again.") from error

    async def close(self) -> None:
        """End the session."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _whole(
        self, path: str, body: Mapping[str, Any] | None, within_s: float
    ) -> tuple[int, bytes, Mapping[str, str]]:
        method, data = ("GET", None) if body is None else ("POST", _encoded(body))
        try:
            async with asyncio.timeout(within_s):
                response = await self._answer(method, path, data)
                try:
                    return response.status, await _limited(response), response.headers
                finally:
                    _let_go(response)
        except TimeoutError as error:
            raise unreachable(self.url, f"no answer within {within_s:g} s", self.start) from error
        except (aiohttp.ClientError, ValueError) as error:  # ValueError: a URL that is none
            raise unreachable(self.url, _why(error), self.start) from error

    async def _answer(self, method: str, path: str, data: bytes | None) -> aiohttp.ClientResponse:
        """The beginning of an answer. A kept connection that its server closed just now is no failure: once again."""
        try:
            return await self._request(method, path, data)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            return await self._request(method, path, data)

    async def _request(self, method: str, path: str, data: bytes | None) -> aiohttp.ClientResponse:
        headers = {} if self.kept else {"Connection": "close"}
        if (span := current()) is not None:
            headers[TRACEPARENT] = span.traceparent
        return await self._opened().request(method, self._url(path), data=data, headers=headers, allow_redirects=False)

    def _url(self, path: str) -> str:
        return f"{self._root}{path}"

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            headers = {"Content-Type": "application/json"}
            if self._key:
                headers["Authorization"] = f"Bearer {self._key}"
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_S),
                timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_S),  # the request has a deadline of its own
                headers=headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session


def _let_go(response: aiohttp.ClientResponse) -> None:
    """Back to the others that are kept, or closed where something is still to come."""
    if response.content.at_eof():
        response.release()
    else:
        response.close()


async def _ended(response: aiohttp.ClientResponse) -> None:
    """The end of the body, which nearly always is there already: then the connection can be used again."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_S):
            while await response.content.readany():
                pass


async def _limited(response: aiohttp.ClientResponse) -> bytes:
    """The body, up to `MOST_BYTES`."""
    pieces, size = [], 0
    async for piece in response.content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > MOST_BYTES:
            response.close()
            break
    return b"".join(pieces)


def _encoded(body: Mapping[str, Any]) -> bytes:
    """JSON of plain ASCII: half characters stay escapes, for the server to judge."""
    return json.dumps(body).encode()


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _why(error: BaseException) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.strerror or type(error.os_error).__name__
    return str(error) or type(error).__name__
