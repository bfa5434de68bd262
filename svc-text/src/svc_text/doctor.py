"""Is each engine ready on this machine, is each model file whole, and what mends what is not."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

from svc_text.desk import Desk
from svc_text.engine import ENGINES, EngineContext
from svc_text.models.checksum import again
from svc_text.models.command import describe
from svc_text.models.folder import chosen, models
from svc_text.models.inspect import inspect
from svc_text.settings import Settings
from troupe.v1.engine_pb2 import ENGINE_STATE_READY
from troupe.wire.errors import CheckpointNotFound, TroupeError

OPENMP = "libgomp.so.1"
ABOUT: Mapping[str, str] = {
    "extractive": "sums up pages by their own sentences; prompts need a language model",
    "echo": "for tests, in no chain by default: says back what it was told",
}
"""What an engine that is ready is good for, where its model's name does not say it."""


class Row(TypedDict):
    """One engine, library or model."""

    engine: str
    ready: bool
    reason: str
    remedy: str


def examine(settings: Settings) -> list[Row]:
    """One row per engine there is: it is really started, and makes a first token. Then what llamacpp needs."""
    return [
        *asyncio.run(_engines(settings.context)),
        library(),
        *model_rows(settings.models_dir, settings.llamacpp_model),
    ]


async def _engines(context: EngineContext) -> list[Row]:
    desk = Desk(tuple(ENGINES), context)
    try:
        await desk.load()
        return [_row(desk, name) for name in desk.engines]
    finally:
        await desk.stop()


def _row(desk: Desk, name: str) -> Row:
    status = desk.board.status(name)
    if status.state == ENGINE_STATE_READY:
        return Row(engine=name, ready=True, reason=ABOUT.get(name, desk.engines[name].facts.model), remedy="")
    return Row(engine=name, ready=False, reason=status.reason, remedy=status.remedy)


def library(load: Callable[[str], object] = ctypes.CDLL) -> Row:
    """Whether the system has the OpenMP library that llama.cpp is linked against."""
    try:
        load(OPENMP)
    except OSError:
        reason = f"the system library {OPENMP} is not installed; llamacpp needs it"
        return Row(engine="libgomp1", ready=False, reason=reason, remedy="sudo apt-get install -y libgomp1")
    return Row(engine="libgomp1", ready=True, reason="", remedy="")


def model_rows(folder: Path, wanted: str) -> list[Row]:
    """One row per model file: those of the folder, and the one that PROVIDER_LLAMACPP_MODEL names."""
    found = list(models(folder))
    with suppress(CheckpointNotFound):  # the row of llamacpp says so
        if (path := chosen(folder, wanted)) not in found:
            found.append(path)
    return _inspected(found)


def _inspected(paths: Sequence[Path]) -> list[Row]:
    rows: list[Row] = []
    for path in paths:
        try:
            rows.append(Row(engine=f"model {path.stem}", ready=True, reason=describe(inspect(path)), remedy=""))
        except TroupeError as error:
            rows.append(Row(engine=f"model {path.stem}", ready=False, reason=error.message, remedy=again(path)))
    return rows
