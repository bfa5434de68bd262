"""`troupe doctor`: per engine, is it ready on this machine, and what mends it if not.

Each service examines its own engines in a process of its own (`python -m svc_x doctor --json`): every engine is really
started and really makes a first token, word or frame. The gateway imports none of them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from gateway.settings import Settings
from troupe.wire.errors import TroupeError
from troupe.wire.papers import TlsFiles
from troupe.wire.papers import examine as papers_of

SERVICES = {"text": "svc_text", "speech": "svc_tts", "video": "svc_video"}
EXAMINATION_S = 60.0
ENOUGH_DISK_GIB = 2.0
ENOUGH_MEMORY_GIB = 1.0
GIB = 1024**3
DAY_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report."""

    service: str
    engine: str
    ready: bool
    reason: str = ""
    remedy: str = ""


def run(*, as_json: bool) -> int:
    """Print the report; status 0 when speech and video both have a ready engine and the settings are sound."""
    rows = examine()
    if as_json:
        print(json.dumps([asdict(row) for row in rows]))
    else:
        show(rows)
    able = {row.service for row in rows if row.ready}
    sound = all(row.ready for row in rows if row.service in {"settings", "machine"})
    return 0 if sound and {"speech", "video"} <= able else 1


def examine() -> list[Row]:
    """The settings, the machine, then every engine of every service."""
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(_service, SERVICES.items()))
    return [*_settings(), *_machine(), *(row for rows in found for row in rows)]


def show(rows: Sequence[Row]) -> None:
    """Print the rows for a person."""
    width = max(len(f"{row.service}/{row.engine}") for row in rows)
    for row in rows:
        mark = "ready  " if row.ready else "MISSING"
        print(f"{mark}  {f'{row.service}/{row.engine}':{width}}  {row.reason}".rstrip())
        if row.remedy:
            print(f"{'':9}{'':{width}}  run: {row.remedy}")


def _settings() -> list[Row]:
    """Whether they are sound, and the certificate they name, if any."""
    try:
        settings = Settings.load(os.environ, Path.cwd())
    except TroupeError as error:
        return [Row("settings", "environment", ready=False, reason=error.message)]
    sound = Row("settings", "environment", ready=True)
    return [sound, *(_certificate(files) for files in (settings.tls,) if files is not None)]


def _certificate(files: TlsFiles) -> Row:
    """Judged as the neighbours will."""
    try:
        papers = papers_of(files)
    except TroupeError as error:
        return Row("settings", "certificate", ready=False, reason=error.message, remedy="make certs")
    left = (papers.expires - time.time()) / DAY_S
    return Row(
        "settings",
        "certificate",
        ready=True,
        reason=f"{left:.0f} days left, for {min(papers.names, default='no name')} and others",
    )


def _machine() -> list[Row]:
    disk = shutil.disk_usage(Path.cwd()).free / GIB
    memory = psutil.virtual_memory().available / GIB
    python = ".".join(str(part) for part in sys.version_info[:3])
    return [
        Row("machine", "python", sys.version_info >= (3, 11), python),
        Row("machine", "disk", disk >= ENOUGH_DISK_GIB, f"{disk:.1f} GiB free, {ENOUGH_DISK_GIB:.0f} are enough"),
        Row(
            "machine",
            "memory",
            memory >= ENOUGH_MEMORY_GIB,
            f"{memory:.1f} GiB free, {ENOUGH_MEMORY_GIB:.0f} is enough",
        ),
    ]


def _service(service: tuple[str, str]) -> list[Row]:
    """Ask one service to examine itself."""
    name, module = service
    command = [sys.executable, "-m", module, "doctor", "--json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=EXAMINATION_S, check=False)
        return [_row(name, told) for told in json.loads(done.stdout)]
    except subprocess.TimeoutExpired:
        return [Row(name, "*", ready=False, reason=f"its examination took longer than {EXAMINATION_S:.0f} s")]
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return [Row(name, "*", ready=False, reason=last)]


def _row(service: str, told: Mapping[str, object]) -> Row:
    texts = {key: str(told.get(key, "")) for key in ("engine", "reason", "remedy")}
    return Row(service, ready=bool(told.get("ready")), **texts)
