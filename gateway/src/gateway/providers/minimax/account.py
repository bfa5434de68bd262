"""Whose MiniMax account pays, and where its API is. The key is never printed."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

import httpx

from gateway.providers.minimax.addresses import is_loopback
from gateway.providers.minimax.client import Client
from gateway.providers.minimax.download import Downloads
from gateway.providers.minimax.pause import Pause
from troupe.wire.errors import InvalidArgument

GLOBAL_HOST = "https://api.minimax.io"
MAINLAND_HOST = "https://api.minimaxi.com"


class Account:
    """A key, its host, and what is known of both: one HTTP client, and one pause for what concerns every rung."""

    def __init__(
        self, key: str, host: str = "", group_id: str = "", *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.host = api_host(host)
        self.has_key = bool(key)
        self.pause = Pause(clock)
        trust = _trust(self.host)
        self.client = Client(self.host, key, group_id, trust=trust)
        self.downloads = Downloads(self.host, trust=trust)
        self._leaving: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        """Without the key."""
        return f"Account(host={self.host!r}, has_key={self.has_key})"

    async def aclose(self) -> None:
        """Close the connections; calls that still run are broken."""
        await asyncio.gather(*self._leaving, return_exceptions=True)
        await self.client.aclose()
        await self.downloads.aclose()

    def leave(self, errand: Coroutine[Any, Any, None]) -> None:
        """Do a last small thing in the background when its call is over; its own limit bounds it."""
        task = asyncio.create_task(errand)
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)


def api_host(written: str) -> str:
    """`api.minimax.io/v1/` -> `https://api.minimax.io`. Raises `InvalidArgument` for what is no address of an API."""
    text = written.strip() or GLOBAL_HOST
    parts = urlsplit(text if "://" in text else f"https://{text}")
    path = parts.path.rstrip("/").removesuffix("/v1")
    plain = parts.scheme == "http" and is_loopback(parts.hostname or "")
    extra = parts.username or parts.password or parts.query or parts.fragment
    if not parts.hostname or extra or not (parts.scheme == "https" or plain):
        raise InvalidArgument(
            f"MINIMAX_API_HOST must be an https:// address, such as {GLOBAL_HOST} (global) or {MAINLAND_HOST} "
            "(mainland China), without user, password or query.",
            setting="MINIMAX_API_HOST",
        )
    return f"{parts.scheme}://{parts.netloc}{path}"


def _trust(host: str) -> ssl.SSLContext:
    """Whose certificates are believed: the usual authorities; nobody's where the API is plain HTTP on this machine."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if host.startswith("http://") else httpx.create_ssl_context()
