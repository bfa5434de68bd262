"""The process: read the command line, then serve or examine."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from svc_video.desk import SERVICE, Desk
from svc_video.doctor import examine
from svc_video.memory import share_one_heap
from svc_video.metrics import FilmMetrics, show
from svc_video.portraits.gallery import Gallery
from svc_video.portraits.store import PortraitStore, folder_of
from svc_video.server import VideoServicer
from svc_video.settings import Settings
from svc_video.weights.sadtalker_release import FACES, SIZES
from troupe.v1.video_pb2_grpc import add_VideoServicer_to_server
from troupe.weights.meter import Meter
from troupe.wire.doctor.report import tell
from troupe.wire.errors import TroupeError
from troupe.wire.logs import configure
from troupe.wire.machine import show_machine
from troupe.wire.serving import Addresses, Listen, Service, background, serve

SWEEP_S = 3600.0  # between two looks for expired portraits

log = logging.getLogger(__name__)


def run(about: str) -> int:
    """Do what the command line says; `about` is its help text."""
    arguments = _parser(about).parse_args()
    try:
        settings = Settings.load()
        if arguments.command == "sadtalker":
            return _fetch_sadtalker(settings, arguments)
        configure("video", "WARNING" if arguments.command == "doctor" else settings.log_level, settings.log_format)
        if arguments.command == "doctor":
            return tell(examine(settings, machine=not arguments.part_only), as_json=arguments.json)
        share_one_heap()
        asyncio.run(_serve(settings))
    except TroupeError as error:
        sys.exit(f"svc-video: {error.message}")
    return 0


def _parser(about: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="svc_video", description=about)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("serve", help="serve until SIGTERM; what happens without a command too")
    doctor = commands.add_parser("doctor", help="per engine: ready, or the command that mends it")
    doctor.add_argument("--json", action="store_true", help="print the rows as JSON")
    doctor.add_argument("--part-only", action="store_true", help="leave out the machine: memory, driver, cards")
    sadtalker = commands.add_parser("sadtalker", help="fetch SadTalker's weights, once you know their terms")
    sadtalker.add_argument("--size", choices=SIZES, default=SIZES[0], help="pixels of what it renders")
    sadtalker.add_argument("--faces", choices=FACES, default=FACES[0], help="what finds the points of faces")
    sadtalker.add_argument("--verify", action="store_true", help="check every byte of what is here; fetch nothing")
    return parser


def _fetch_sadtalker(settings: Settings, asked: argparse.Namespace) -> int:
    from svc_video.weights.sadtalker_command import Order, fetch_sadtalker  # noqa: PLC0415  # no service needs httpx

    return fetch_sadtalker(Order.of(settings, asked.size, asked.faces, verify=asked.verify), Meter(sys.stdout))


async def _serve(settings: Settings) -> None:
    store = PortraitStore(folder_of(settings.portraits_url))
    desk = Desk(settings.engine_names, Gallery(store), settings.max_streams, settings.context)
    registry = CollectorRegistry()
    show_machine(registry, [folder_of(settings.portraits_url)])
    show(desk, registry)
    servicer = VideoServicer(desk, settings, FilmMetrics(registry))
    service = Service(SERVICE, lambda server: add_VideoServicer_to_server(servicer, server))

    @asynccontextmanager
    async def lifespan(_: Addresses) -> AsyncIterator[Addresses]:
        tasks = [asyncio.create_task(work) for work in (_load(desk), desk.watch(), _sweep(store))]
        async with background(*tasks):
            yield {}
        await desk.stop()

    await serve("video", [service], desk.board, _listen(settings), registry=registry, lifespan=lifespan)


async def _load(desk: Desk) -> None:
    await desk.load()
    await desk.warm()


async def _sweep(store: PortraitStore) -> None:
    while True:
        if gone := await asyncio.to_thread(store.sweep):
            log.info("%d portraits expired", gone)
        await asyncio.sleep(SWEEP_S)


def _listen(settings: Settings) -> Listen:
    return Listen(
        host=settings.host,
        grpc_port=settings.grpc_port,
        metrics_port=settings.metrics_port,
        grpc_setting="TROUPE_VIDEO_GRPC_PORT",
        metrics_setting="TROUPE_VIDEO_METRICS_PORT",
        drain_s=settings.drain_s,
        otlp_endpoint=settings.otlp_endpoint,
        tls=settings.tls,
    )
