"""`python -m svc_tts` serves; `doctor [--json]` says what works here; `xtts` and `voice [NAME]` fetch weights."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from prometheus_client import CollectorRegistry

from svc_tts.around.complete import Surroundings, complete
from svc_tts.around.reader import Reader
from svc_tts.around.sentences import SentenceStore
from svc_tts.booth import SERVICE, Booth
from svc_tts.doctor import examine
from svc_tts.engine import Engine, load_engine
from svc_tts.http import serve_http
from svc_tts.metrics import SpeechMetrics
from svc_tts.server import SpeechServicer
from svc_tts.settings import Settings
from svc_tts.voices.store import VoiceStore
from svc_tts.weights.order import Order
from svc_tts.weights.voice_command import fetch_voice
from svc_tts.weights.xtts_command import fetch_xtts
from troupe.v1.speech_pb2_grpc import add_SpeechServicer_to_server
from troupe.weights.meter import Meter
from troupe.wire.doctor.report import tell
from troupe.wire.errors import TroupeError
from troupe.wire.logs import configure
from troupe.wire.machine import show_machine
from troupe.wire.serving import Addresses, Listen, Service, background, serve

READER = "espeak"
"""The engine that reads beside those that do not know when they say what."""


def main() -> int:
    """Read the command line, then serve or examine."""
    arguments = _parser().parse_args()
    keep_gpl_out()
    try:
        settings = Settings.load()
        if arguments.command == "xtts":
            return fetch_xtts(Order.xtts(settings, verify=arguments.verify), Meter(sys.stdout))
        if arguments.command == "voice":
            return fetch_voice(Order.voice(arguments.name, settings, verify=arguments.verify), Meter(sys.stdout))
        configure("speech", "WARNING" if arguments.command == "doctor" else settings.log_level, settings.log_format)
        if arguments.command == "doctor":
            findings = asyncio.run(examine(settings, machine=not arguments.part_only))
            return tell(findings, as_json=arguments.json)
        # Not uvloop: it forks to start a process, which gRPC's threads do not bear; asyncio does not.
        asyncio.run(_serve(settings))
    except TroupeError as error:
        sys.exit(f"svc-tts: {error.message}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="svc_tts", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("serve", help="serve until SIGTERM; what happens without a command too")
    doctor = commands.add_parser("doctor", help="per engine: ready, or the command that mends it")
    doctor.add_argument("--json", action="store_true", help="print the rows as JSON")
    doctor.add_argument("--part-only", action="store_true", help="leave out the machine: memory, driver, cards")
    xtts = commands.add_parser("xtts", help="fetch the release of XTTS v2, once you agree to its licence")
    voice = commands.add_parser("voice", help="fetch a voice of Piper; without a name list what there is")
    voice.add_argument("name", nargs="?", default="", help="such as en_US-joe-medium")
    for command in (xtts, voice):
        command.add_argument("--verify", action="store_true", help="check every byte of what is here; fetch nothing")
    return parser


def keep_gpl_out() -> None:
    """GPL code stays in child processes: in this one, its import fails."""
    sys.modules["espeakng_loader"] = None  # type: ignore[assignment]  # what Python takes for "cannot be imported"


async def _serve(settings: Settings) -> None:
    registry = CollectorRegistry()
    metrics, store = SpeechMetrics(registry), VoiceStore.at(settings.voices_url)
    show_machine(registry, [store.folder])
    sentences = await asyncio.to_thread(_sentences, settings, store)
    booth = Booth(_engines(settings, sentences, metrics), store, metrics)
    servicer = SpeechServicer(booth, settings.request_s)
    service = Service(SERVICE, lambda server: add_SpeechServicer_to_server(servicer, server))

    @asynccontextmanager
    async def lifespan(addresses: Addresses) -> AsyncIterator[Addresses]:
        grpc_port = addresses["grpc"].rpartition(":")[2]
        http = serve_http(booth, settings.host, settings.http_port, grpc_port, "TROUPE_SPEECH_HTTP_PORT")
        async with http as address, background(asyncio.create_task(booth.keep())):
            yield {"http": address}
        await booth.stop()

    await serve("speech", [service], booth.board, _listen(settings), registry=registry, lifespan=lifespan)


def _sentences(settings: Settings, store: VoiceStore) -> SentenceStore | None:
    """Where sentences are kept; what a cloned voice said goes with it, also where it was deleted meanwhile."""
    if not settings.cache_mb:
        return None
    sentences = SentenceStore(settings.cache_dir.expanduser(), settings.cache_mb << 20)
    store.on_delete(sentences.purge)
    sentences.purge_others(store.keys())
    return sentences


def _engines(settings: Settings, sentences: SentenceStore | None, metrics: SpeechMetrics) -> dict[str, Engine]:
    """The engines chosen, and around each what it lacks."""
    loaded = [load_engine(name, settings.context) for name in settings.engine_names]
    engines = {engine.facts.name: engine for engine in loaded}  # a "module:Class" is known by its own name
    own = engines.get(READER)
    reader = Reader(own or load_engine(READER, replace(settings.context, workers=1)), owned=own is None)
    return complete(engines, Surroundings(reader, sentences, settings.cache_varied, metrics.looked))


def _listen(settings: Settings) -> Listen:
    return Listen(
        host=settings.host,
        grpc_port=settings.grpc_port,
        metrics_port=settings.metrics_port,
        grpc_setting="TROUPE_SPEECH_GRPC_PORT",
        metrics_setting="TROUPE_SPEECH_METRICS_PORT",
        drain_s=settings.drain_s,
        otlp_endpoint=settings.otlp_endpoint,
        tls=settings.tls,
    )


if __name__ == "__main__":
    sys.exit(main())
