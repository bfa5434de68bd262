"""SIGHUP: the settings and the keys are read again, and no stream is dropped for it.

Everything is judged before anything is changed: a wrong file is told in the log and all stays as it was.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from pathlib import Path

from gateway.guard.keys import Keyring
from gateway.guard.limits import Limits
from gateway.house import House
from gateway.settings import Settings
from troupe.wire.errors import InvalidArgument

FIXED = (
    "host",
    "port",
    "grpc_port",
    "docs",
    "state_dir",
    "tls_cert",
    "tls_key",
    "tls_ca",
    "log_format",
    "otlp_endpoint",
)
"""Sockets, routes and open files of this process: they change with a restart only."""

log = logging.getLogger(__name__)


class Reloader:
    """Reads again when it is told to; one reading at a time."""

    def __init__(self, house: House, environ: Mapping[str, str] = os.environ, folder: Path | None = None) -> None:
        self._house = house
        self._environ = environ
        self._folder = folder or Path.cwd()
        self._lock = asyncio.Lock()
        self._running: set[asyncio.Task[None]] = set()

    def on_hangup(self) -> None:
        """The signal's handler."""
        task = asyncio.create_task(self.reload())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def reload(self) -> None:
        """Serve by what the environment file and the keys file say now."""
        async with self._lock:
            try:
                settings, keyring = await asyncio.to_thread(self._read)
                await self._house.refurnish(settings, keyring, Limits(upload_bytes=settings.max_upload_bytes))
            except InvalidArgument as error:
                log.error("the settings stay as they are: %s", error.message)  # noqa: TRY400  # a slip, no defect
                return
            logging.getLogger().setLevel(settings.log_level.upper())
            log.info("the settings were read again: %s", self._chains())

    def _read(self) -> tuple[Settings, Keyring]:
        """Both, judged. Raises `InvalidArgument`."""
        before = self._house.settings
        read = Settings.load(self._environ, self._folder)
        for name in FIXED:
            if getattr(read, name) != getattr(before, name):
                alias = Settings.model_fields[name].alias
                log.warning("%s stays %s until the gateway is started again", alias, getattr(before, name))
        settings = read.model_copy(update={name: getattr(before, name) for name in FIXED})
        settings.check()  # by the address it really listens on
        keyring = Keyring(settings.api_keys_file)
        if keyring.asks != self._house.keyring.asks:
            log.warning("/docs and reflection stay as they are until the gateway is started again")
        return settings, keyring

    def _chains(self) -> str:
        chains = self._house.chains.items()
        return "; ".join(f"{modality}: {','.join(rung.name for rung in chain.rungs)}" for modality, chain in chains)
