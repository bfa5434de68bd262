"""Files that MiniMax names by address: films, subtitles. Fetched without the key, from public addresses, bounded."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import aclosing
from urllib.parse import urlsplit, urlunsplit

import httpx

from gateway.providers.minimax import faults
from gateway.providers.minimax.addresses import is_loopback, public_address
from troupe.wire.errors import EngineFailed, StreamBroken

CONNECT_S = 5.0
FIRST_S = 30.0
IDLE_S = 15.0
HTTP_PORT, HTTPS_PORT = 80, 443
FILM_BYTES = 512 * 1024 * 1024
SUBTITLE_BYTES = 8 * 1024 * 1024


class Downloads:
    """Fetches for one account; its own API host is allowed whatever its address."""

    def __init__(
        self,
        api_host: str,
        *,
        trust: ssl.SSLContext | bool = True,
        first_s: float = FIRST_S,
        idle_s: float = IDLE_S,
    ) -> None:
        self._api = urlsplit(api_host)
        self._first_s = first_s
        self._idle_s = idle_s
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(None, connect=CONNECT_S), verify=trust, follow_redirects=False, trust_env=False
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def whole(self, url: str, limit: int) -> bytes:
        """A small file."""
        async with aclosing(self.pieces(url, limit)) as pieces:
            return b"".join([piece async for piece in pieces])

    async def pieces(self, url: str, limit: int) -> AsyncGenerator[bytes]:
        """A file as it comes. Raises `EngineFailed` for one that is not fetched, `StreamBroken` for half of one."""
        answer = await self._opened(await self._request(url))
        try:
            if answer.status_code != httpx.codes.OK:
                raise EngineFailed(f"The file that MiniMax made cannot be fetched: HTTP {answer.status_code}.")
            length = answer.headers.get("content-length", "")
            if length.isdecimal() and int(length) > limit:
                raise EngineFailed(f"The file that MiniMax made has more than {limit:,} bytes; it is not fetched.")
            async with aclosing(self._body(answer, limit)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            await answer.aclose()

    async def _request(self, url: str) -> httpx.Request:
        """To the address that was judged and no other: the name is not looked up again."""
        try:
            parts = urlsplit(url)
            host, written = parts.hostname, parts.port
        except ValueError:
            host = written = None
        if not host or parts.username or parts.password:
            raise EngineFailed("MiniMax named a download address that is none; it is not fetched.")
        headers = {"Accept-Encoding": "identity"}
        if self._is_api(parts.scheme, host, written):
            return self._http.build_request("GET", url, headers=headers)
        if parts.scheme not in {"http", "https"} or written not in {None, HTTP_PORT, HTTPS_PORT}:
            raise EngineFailed("MiniMax named a download address that is not https; it is not fetched.")
        address = await public_address(host, HTTPS_PORT)
        netloc = f"[{address}]" if ":" in address else address
        pinned = urlunsplit(("https", netloc, parts.path, parts.query, ""))  # http is raised to https, as mmx-cli does
        return self._http.build_request(
            "GET", pinned, headers={**headers, "Host": host}, extensions={"sni_hostname": host}
        )

    def _is_api(self, scheme: str, host: str, port: int | None) -> bool:
        if (scheme, host, port) == (self._api.scheme, self._api.hostname, self._api.port):
            return True
        # An API on this machine is a test's; its files may have a port of their own.
        return is_loopback(self._api.hostname or "") and is_loopback(host)

    async def _opened(self, request: httpx.Request) -> httpx.Response:
        try:
            async with asyncio.timeout(self._first_s):
                return await self._http.send(request, stream=True)
        except TimeoutError:
            raise faults.too_slow("file", self._first_s) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise EngineFailed(f"The file that MiniMax made cannot be fetched: {type(error).__name__}.") from error

    async def _body(self, answer: httpx.Response, limit: int) -> AsyncGenerator[bytes]:
        taken = 0
        pieces = answer.aiter_raw()
        while True:
            try:
                async with asyncio.timeout(self._idle_s):
                    piece = await anext(pieces, None)
            except TimeoutError:
                raise StreamBroken(f"MiniMax's file server sent nothing for {self._idle_s:.0f} s.") from None
            except httpx.HTTPError as error:
                raise StreamBroken(f"The download from MiniMax broke ({type(error).__name__}).") from error
            if piece is None:
                return
            taken += len(piece)
            if taken > limit:
                raise EngineFailed(f"The file that MiniMax made has more than {limit:,} bytes; it is not fetched.")
            yield piece
