"""A gateway whose pages may be on this machine: `python -m gateway_here`. Names in .here.test are 127.0.0.1.

`HERE_TOTAL_S`: how long a page may take.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
from pathlib import Path

from gateway.__main__ import serve
from gateway.assembly import build
from gateway.guard.fetch.fetcher import TOTAL_S, Fetcher, Times
from gateway.settings import Settings
from troupe.wire.errors import FetchFailed
from troupe.wire.logs import configure

HERE = ipaddress.ip_network("127.0.0.0/8")


class NamesHere:
    """All that end in .here.test, and no other."""

    async def addresses(self, host: str) -> list[ipaddress.IPv4Address]:
        """127.0.0.1."""
        if not host.endswith(".here.test"):
            raise FetchFailed(f"There is no website at {host}: the name has no address. Check how it is written.")
        return [ipaddress.IPv4Address("127.0.0.1")]


async def run() -> None:
    """Until SIGTERM."""
    settings = Settings.load(os.environ, Path.cwd())
    configure("gateway", settings.log_level)
    times = Times(total_s=float(os.environ.get("HERE_TOTAL_S", TOTAL_S)))
    await serve(build(settings, Fetcher(NamesHere(), allowed=[HERE], ports=range(1, 65_536), times=times)))


if __name__ == "__main__":
    asyncio.run(run())
