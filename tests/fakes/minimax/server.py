"""The fake as a process or a task: uvicorn on a port, its connections within reach of the script."""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .app import make_app
from .stage import Stage
from .world import GLOBAL_KEY, MAINLAND_KEY, Options

HOST = "127.0.0.1"
READY_S = 10.0
LEAVE_S = 5
POLL_S = 0.01
NOTHING = "-"


class ReachableProtocol(HttpToolsProtocol):
    """HTTP whose connection the application can break."""

    def on_message_begin(self) -> None:
        """A request begins: it carries its connection."""
        super().on_message_begin()
        self.scope["transport"] = self.transport  # type: ignore[typeddict-unknown-key]  # ours, beside ASGI's own


def make_server(app: Stage, *, cert: str | None = None, key: str | None = None) -> uvicorn.Server:
    """A server of that app; over TLS where it has a certificate."""
    config = uvicorn.Config(
        app,
        http=ReachableProtocol,
        loop="asyncio",
        lifespan="off",
        log_level="error",
        access_log=False,
        ssl_certfile=cert,
        ssl_keyfile=key,
        timeout_graceful_shutdown=LEAVE_S,
        timeout_keep_alive=30,
    )
    return uvicorn.Server(config)


def listen(port: int) -> socket.socket:
    """A socket that is bound and listens."""
    return socket.create_server((HOST, port), backlog=1024)


@asynccontextmanager
async def running(app: Stage, *, port: int = 0) -> AsyncIterator[str]:
    """The fake within this process, for tests that want its `world`; gives its base URL."""
    server = make_server(app)
    with listen(port) as sock:
        task = asyncio.create_task(server._serve([sock]))  # without its signals: those are the test's
        try:
            async with asyncio.timeout(READY_S):
                while not server.started and not task.done():
                    await asyncio.sleep(POLL_S)
            yield f"http://{HOST}:{sock.getsockname()[1]}"
        finally:
            server.should_exit = server.force_exit = True
            await task


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    arguments = _arguments()
    states = () if arguments.states == NOTHING else tuple(arguments.states.split(","))
    options = Options(
        key=arguments.key,
        other_region_key=arguments.other_region_key,
        public_url=arguments.public_url,
        states=states,
        gap_s=arguments.gap_s,
    )
    server = make_server(make_app(options), cert=arguments.tls_cert, key=arguments.tls_key)
    with listen(arguments.port) as sock:
        print(f"listening service=minimax http={HOST}:{sock.getsockname()[1]}", flush=True)  # noqa: T201  # others read it
        server.run([sock])
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="minimax", description="A fake MiniMax cloud on 127.0.0.1.")
    env = os.environ.get
    parser.add_argument("--port", type=int, default=int(env("FAKE_MINIMAX_PORT", "0")), help="0 = any free one")
    parser.add_argument("--key", default=env("FAKE_MINIMAX_KEY", GLOBAL_KEY), help="the API key that is let in")
    parser.add_argument("--other-region-key", default=MAINLAND_KEY, help="answered 2049, as any unknown key")
    parser.add_argument("--public-url", default="", help="base of download links")
    states = env("FAKE_MINIMAX_STATES", "Preparing,Queueing,Processing")
    parser.add_argument("--states", default=states, help="what queries of a task say before its end; - = nothing")
    gap_s = float(env("FAKE_MINIMAX_GAP_S", "0"))
    parser.add_argument("--gap-s", type=float, default=gap_s, help="seconds between the events of a stream")
    parser.add_argument("--tls-cert", default=env("FAKE_MINIMAX_TLS_CERT"), help="PEM file: serve HTTPS")
    parser.add_argument("--tls-key", default=env("FAKE_MINIMAX_TLS_KEY"), help="PEM file of the certificate's key")
    return parser.parse_args()
