"""Is each engine ready on this machine, and what mends it if not."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from svc_video.desk import PROBE_SIZE, Desk, first_frame
from svc_video.engine import ENGINES
from svc_video.portraits.gallery import Gallery
from svc_video.portraits.store import PortraitStore, folder_of
from svc_video.settings import Settings
from troupe.v1.engine_pb2 import ENGINE_STATE_MISSING, ENGINE_STATE_READY
from troupe.wire.doctor.cards import examine_cards
from troupe.wire.doctor.certificate import examine_certificate
from troupe.wire.doctor.findings import Finding, State, weigh
from troupe.wire.doctor.machine import disk, examine_machine, imports
from troupe.wire.doctor.ports import examine_port
from troupe.wire.errors import TroupeError

PART = "video"
PACKAGES = ("grpc", "numpy", "cv2", "av", "PIL.Image")
FRAME_S = 120.0  # a face is prepared and drawn by networks on a processor


def examine(settings: Settings, *, machine: bool = False) -> list[Finding]:
    """What the service needs around it, then every engine there is: it is really started, and draws a frame.

    `machine`: also what this machine's other parts would say of it.
    """
    around = [
        imports(PART, PACKAGES),
        *examine_certificate(PART, settings.tls),
        examine_port(PART, "TROUPE_VIDEO_GRPC_PORT", settings.host, settings.grpc_port),
        examine_port(PART, "TROUPE_VIDEO_METRICS_PORT", settings.host, settings.metrics_port),
        disk(PART, folder_of(settings.portraits_url), written=True),
        disk(PART, settings.sadtalker_checkpoint.expanduser(), written=False),
        *([*examine_machine(), *examine_cards()] if machine else []),
    ]
    return [*around, *weigh(asyncio.run(_engines(settings)), settings.engine_names)]


async def _engines(settings: Settings) -> list[Finding]:
    names = tuple(dict.fromkeys((*ENGINES, *settings.engine_names)))
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(names, Gallery(PortraitStore(Path(folder))), max_streams=1, context=settings.context)
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
    try:
        async with asyncio.timeout(FRAME_S):
            took = await asyncio.to_thread(_draw, desk, name)
    except TroupeError as error:
        return Finding(PART, name, State.BROKEN, error.message, error.details.get("remedy", ""))
    except TimeoutError:
        return Finding(PART, name, State.BROKEN, f"it drew no frame within {FRAME_S:.0f} s")
    return Finding(PART, name, State.OK, "a frame", seconds=took)


def _draw(desk: Desk, name: str) -> float:
    """Seconds from the face prepared to a frame drawn."""
    engine, gallery = desk.engines[name], desk.gallery
    face = gallery.prepared(name, engine, "", gallery.default, (PROBE_SIZE, PROBE_SIZE))
    began = time.perf_counter()
    first_frame(engine, face)
    return time.perf_counter() - began
