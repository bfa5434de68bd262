"""Is each engine ready on this machine, is each model file whole, and what mends what is not."""

from __future__ import annotations

import asyncio
import ctypes
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from svc_text.desk import FIRST_TOKEN_S, SERVICE, Desk, first_token
from svc_text.engine import ENGINES
from svc_text.models.checksum import again
from svc_text.models.command import describe
from svc_text.models.folder import chosen, models
from svc_text.models.inspect import inspect
from svc_text.settings import Settings
from troupe.v1.engine_pb2 import ENGINE_STATE_MISSING, ENGINE_STATE_READY
from troupe.wire.doctor.cards import examine_cards
from troupe.wire.doctor.certificate import examine_certificate
from troupe.wire.doctor.findings import Finding, State, weigh
from troupe.wire.doctor.machine import disk, examine_machine, imports
from troupe.wire.doctor.ports import examine_port
from troupe.wire.errors import CheckpointNotFound, TroupeError
from troupe.wire.probe import WELL, probe

PART = "text"
OPENMP = "libgomp.so.1"
PACKAGES = ("grpc", "aiohttp", "lxml.etree", "trafilatura", "sentencex")
FILLS_THE_CARD = "vllm"
"""Not loaded a second time beside a service that runs: it takes most of a card."""
ABOUT: Mapping[str, str] = {
    "extractive": "sums up pages by their own sentences; prompts need a language model",
    "echo": "for tests, in no chain by default: says back what it was told",
}
"""What an engine that is ready is good for, where its model's name does not say it."""


def examine(settings: Settings, *, machine: bool = False) -> list[Finding]:
    """One finding per engine there is: it is really started, and makes a token. Then what it needs around it.

    `machine`: also what this machine's other parts would say of it.
    """
    around = [
        imports(PART, PACKAGES),
        *examine_certificate(PART, settings.tls),
        *_ports(settings),
        disk(PART, settings.models_dir, written=False),
        *([*examine_machine(), *examine_cards()] if machine else []),
    ]
    engines = weigh(_engines(settings), settings.engine_names)
    return [*around, *engines, library(), *model_rows(settings.models_dir, settings.llamacpp_model)]


def _ports(settings: Settings) -> list[Finding]:
    return [
        examine_port(PART, "TROUPE_TEXT_GRPC_PORT", settings.host, settings.grpc_port),
        examine_port(PART, "TROUPE_TEXT_METRICS_PORT", settings.host, settings.metrics_port),
    ]


def _engines(settings: Settings) -> list[Finding]:
    names = list(dict.fromkeys((*ENGINES, *settings.engine_names)))
    running = _running(settings.grpc_port) if FILLS_THE_CARD in settings.engine_names else None
    if running:
        names.remove(FILLS_THE_CARD)
    return [*([running] if running else []), *asyncio.run(_started(names, settings))]


def _running(port: int) -> Finding | None:
    """What a service that runs here says of the engine that fills the card; None where there is none."""
    status, why = probe(f"grpc://127.0.0.1:{port}/{SERVICE}/{FILLS_THE_CARD}", os.environ)
    if status == WELL:
        return Finding(PART, FILLS_THE_CARD, State.OK, f"it serves here, and is not loaded a second time ({why})")
    if "NOT_SERVING" not in why:
        return None
    remedy = "Wait for its weights, or look at the service's log; python -m troupe.wire.probe asks again."
    return Finding(PART, FILLS_THE_CARD, State.BROKEN, f"the service that runs has it not ready ({why})", remedy)


async def _started(names: Sequence[str], settings: Settings) -> list[Finding]:
    desk = Desk(tuple(names), settings.context)
    try:
        await desk.load()
        return [await _engine(desk, name) for name in desk.engines]
    finally:
        await desk.stop()


async def _engine(desk: Desk, name: str) -> Finding:
    status = desk.board.status(name)
    if status.state != ENGINE_STATE_READY:
        state = State.MISSING if status.state == ENGINE_STATE_MISSING else State.BROKEN
        return Finding(PART, name, state, status.reason, status.remedy)
    began = time.perf_counter()
    try:
        async with asyncio.timeout(FIRST_TOKEN_S):
            await first_token(desk.engines[name])
    except (TroupeError, TimeoutError) as error:
        return Finding(PART, name, State.BROKEN, f"its second first token did not come: {error}")
    about = ABOUT.get(name, desk.engines[name].facts.model)
    return Finding(PART, name, State.OK, f"{about}; a token", seconds=time.perf_counter() - began)


def library(load: Callable[[str], object] = ctypes.CDLL) -> Finding:
    """Whether the system has the OpenMP library that llama.cpp is linked against."""
    try:
        load(OPENMP)
    except OSError:
        reason = f"the system library {OPENMP} is not installed; llamacpp needs it"
        return Finding(PART, "libgomp1", State.MISSING, reason, "sudo apt-get install -y libgomp1")
    return Finding(PART, "libgomp1", State.OK)


def model_rows(folder: Path, wanted: str) -> list[Finding]:
    """One finding per model file: those of the folder, and the one that PROVIDER_LLAMACPP_MODEL names."""
    found = list(models(folder))
    with suppress(CheckpointNotFound):  # the row of llamacpp says so
        if (path := chosen(folder, wanted)) not in found:
            found.append(path)
    return [_inspected(path) for path in found]


def _inspected(path: Path) -> Finding:
    try:
        return Finding(PART, f"model {path.stem}", State.OK, describe(inspect(path)))
    except TroupeError as error:
        return Finding(PART, f"model {path.stem}", State.BROKEN, error.message, again(path))
