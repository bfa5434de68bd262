"""Connections that go to addresses which were judged, whatever the name would resolve to by now."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore

from gateway.guard.fetch.addresses import Address

MOST_ADDRESSES = 4
"""Of one host, tried one after the other within the time to connect."""


class Pinned(httpcore.AsyncNetworkBackend):
    """For one request: the name stays what it is for `Host`, SNI and the certificate; only TCP goes elsewhere."""

    def __init__(self, network: httpcore.AsyncNetworkBackend, addresses: Sequence[Address]) -> None:
        self._network = network
        self._addresses = addresses[:MOST_ADDRESSES]

    async def connect_tcp(  # httpcore's signature
        self,
        host: str,  # noqa: ARG002  # resolved already
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """To the first of the addresses that answers."""
        ends = time.monotonic() + (timeout or 0.0)
        failed: Exception = httpcore.ConnectError("no address")
        for left, address in zip(range(len(self._addresses), 0, -1), self._addresses, strict=True):
            share = max(0.0, ends - time.monotonic()) / left
            try:
                return await self._network.connect_tcp(str(address), port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109  # httpcore's signature
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        """Never."""
        raise httpcore.ConnectError(f"{path} is no address of the web")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._network.sleep(seconds)
