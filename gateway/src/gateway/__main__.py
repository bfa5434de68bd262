"""The gateway's process: read settings, listen, serve, drain."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import uvicorn
import uvloop

from gateway.app import app_of
from gateway.assembly import build
from gateway.banner import invitation
from gateway.door import Door
from gateway.guard.protocol import GuardedProtocol
from gateway.house import House
from gateway.reload import Reloader
from gateway.settings import Settings
from troupe.wire.errors import InvalidArgument, PortTaken, TroupeError
from troupe.wire.logs import configure
from troupe.wire.ports import claim
from troupe.wire.serving import announce, stop_signal

CUT_S = 2.0
"""After the time to drain: how long what still runs may take to end with its typed error."""
KEEP_ALIVE_S = 30
STARTED_POLL_S = 0.01

log = logging.getLogger("gateway")


class Server(uvicorn.Server):
    """uvicorn, without its own signal handlers: this process has more to drain than HTTP."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield

    def last_replies(self) -> None:
        """Each reply is its connection's last from now on: whoever comes again goes elsewhere."""
        close = (b"connection", b"close")
        self.config.encoded_headers.append(close)
        self.server_state.default_headers.append(close)  # the list that running requests hold already


def main() -> int:
    """Run until SIGTERM or SIGINT; the exit status is 0 after a drain, 2 when the settings are wrong."""
    try:
        settings = Settings.load(os.environ, Path.cwd())
        configure("gateway", settings.log_level, settings.log_format)
        logging.getLogger("uvicorn.error").addFilter(_told_already)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(build(settings)))
    except TroupeError as error:
        print(f"gateway: {error.message}", file=sys.stderr)
        return 2 if isinstance(error, InvalidArgument | PortTaken) else 1
    return 0


async def serve(house: House) -> None:
    """Both doors, until a signal; `TROUPE_LAME_DUCK_S` later no new work, and what runs may end in `TROUPE_DRAIN_S`."""
    settings = house.settings
    stop = stop_signal()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, Reloader(house).on_hangup)
    socket = claim(settings.host, settings.port, "TROUPE_PORT")
    door = Door(house)
    grpc_port = door.bind(settings.host, settings.grpc_port)
    port = socket.getsockname()[1]
    server = Server(_config(house, invitation(settings.host, port)))
    http = asyncio.create_task(server.serve(sockets=[socket]))
    stopped = asyncio.create_task(stop.wait())
    await _started(server, http)
    await door.start()
    announce("gateway", {"http": f"{settings.host}:{port}", "grpc": f"{settings.host}:{grpc_port}"})
    await asyncio.wait({http, stopped}, return_when=asyncio.FIRST_COMPLETED)
    await _lame_duck(house, server, door, http)
    await _drain(house, server, door, http)
    stopped.cancel()
    await http


async def _started(server: Server, http: asyncio.Task[None]) -> None:
    while not server.started and not http.done():  # noqa: ASYNC110  # uvicorn tells its start by this flag alone
        await asyncio.sleep(STARTED_POLL_S)


async def _lame_duck(house: House, server: Server, door: Door, http: asyncio.Task[None]) -> None:
    """Say everywhere that this gateway is going away, and go on serving whoever has not heard it yet."""
    house.drain()
    server.last_replies()
    await door.leave()
    if house.settings.lame_duck_s:
        log.info("going away: not ready, serving what still comes for %.1f s", house.settings.lame_duck_s)
        await asyncio.wait({http}, timeout=house.settings.lame_duck_s)


async def _drain(house: House, server: Server, door: Door, http: asyncio.Task[None]) -> None:
    drain_s = house.settings.drain_s
    log.info("draining: at most %.0f s", drain_s)
    server.config.timeout_graceful_shutdown = round(drain_s + CUT_S)
    server.should_exit = True
    doors = asyncio.create_task(door.stop(drain_s))
    await asyncio.wait({http, doors}, timeout=drain_s)
    if not http.done():
        house.cut()
    await asyncio.wait({http, doors}, timeout=CUT_S + 1)
    log.info("stopped")


def _config(house: House, invitation: str) -> uvicorn.Config:
    return uvicorn.Config(
        app_of(house, invitation),
        http=GuardedProtocol,
        ws="none",
        loop="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
    )


def _told_already(record: logging.LogRecord) -> bool:
    """Uvicorn's line for an answer that was cut on purpose; our own log has the reason."""
    return "without completing response" not in record.getMessage()


if __name__ == "__main__":
    sys.exit(main())
