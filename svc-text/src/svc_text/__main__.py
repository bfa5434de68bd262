"""`python -m svc_text` serves; `doctor [--json]` says what works here; `model [NAME] [--verify]` fetches a model."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import uvloop
from prometheus_client import CollectorRegistry

from svc_text.desk import SERVICE, Desk
from svc_text.doctor import examine
from svc_text.models.command import Order
from svc_text.models.command import run as model_command
from svc_text.server import TextServicer
from svc_text.settings import Settings
from troupe.v1.text_pb2_grpc import add_TextServicer_to_server
from troupe.weights.meter import Meter
from troupe.wire.doctor.report import tell
from troupe.wire.errors import TroupeError
from troupe.wire.interceptors import RpcMetrics
from troupe.wire.logs import configure
from troupe.wire.machine import show_machine
from troupe.wire.serving import Addresses, Listen, Service, background, serve


class Ending:
    """Why this service ends by itself: an engine says that only a new process helps."""

    def __init__(self) -> None:
        self.why = ""

    def __call__(self, why: str) -> None:
        """Drain as on SIGTERM; the sentence is the service's last line, and its status tells a supervisor."""
        self.why = why
        os.kill(os.getpid(), signal.SIGTERM)


def main() -> int:
    """Read the command line, then serve or examine."""
    arguments = _parser().parse_args()
    try:
        settings = Settings.load()
        if arguments.command == "model":
            return model_command(
                Order.of(arguments.name, settings.models_dir, verify=arguments.verify), Meter(sys.stdout)
            )
        configure("text", "WARNING" if arguments.command == "doctor" else settings.log_level, settings.log_format)
        if arguments.command == "doctor":
            return tell(examine(settings, machine=not arguments.part_only), as_json=arguments.json)
        ending = Ending()
        uvloop.run(_serve(settings, ending))
    except TroupeError as error:
        sys.exit(f"svc-text: {error.message}")
    if ending.why:
        print(f"svc-text: {ending.why}", file=sys.stderr, flush=True)
        os._exit(1)  # taking torch down in good order takes ten seconds, and callers wait for the next process
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="svc_text", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("serve", help="serve until SIGTERM; what happens without a command too")
    doctor = commands.add_parser("doctor", help="per engine and model: ready, or the command that mends it")
    doctor.add_argument("--json", action="store_true", help="print the rows as JSON")
    doctor.add_argument("--part-only", action="store_true", help="leave out the machine: memory, driver, cards")
    model = commands.add_parser("model", help="fetch a model; without a name list what there is")
    model.add_argument("name", nargs="?", default="", help="of the catalogue, owner/repository/file.gguf, or https://…")
    model.add_argument("--verify", action="store_true", help="check every byte of what is here; fetch nothing")
    return parser


async def _serve(settings: Settings, ending: Ending) -> None:
    registry = CollectorRegistry()
    show_machine(registry, [settings.models_dir])
    desk = Desk(settings.engine_names, replace(settings.context, end=ending, registry=registry))
    metrics = RpcMetrics(registry)
    servicer = TextServicer(desk, settings.request_s, metrics)
    service = Service(SERVICE, lambda server: add_TextServicer_to_server(servicer, server))

    @asynccontextmanager
    async def lifespan(_: Addresses) -> AsyncIterator[Addresses]:
        async with background(asyncio.create_task(desk.run())):
            yield {}
        await desk.stop()

    listen = _listen(settings)
    await serve("text", [service], desk.board, listen, registry=registry, metrics=metrics, lifespan=lifespan)


def _listen(settings: Settings) -> Listen:
    return Listen(
        host=settings.host,
        grpc_port=settings.grpc_port,
        metrics_port=settings.metrics_port,
        grpc_setting="TROUPE_TEXT_GRPC_PORT",
        metrics_setting="TROUPE_TEXT_METRICS_PORT",
        drain_s=settings.drain_s,
        otlp_endpoint=settings.otlp_endpoint,
        tls=settings.tls,
    )


if __name__ == "__main__":
    sys.exit(main())
