"""PROVIDER_COQUI_MODE=local: svc-tts as a child process of the gateway, on ports of its own, started again if it ends.

A thread keeps the process: uvloop forks to start one, which gRPC's threads do not bear; `subprocess` does not. It is
asked for its address like a name server: the chain finds it again wherever it listens.
"""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec

from gateway.providers.resolver import Resolver
from troupe.wire.errors import CannotConnect
from troupe.wire.serving import parse_announcement

MODULE = "svc_tts"
PORTS = ("TROUPE_SPEECH_GRPC_PORT", "TROUPE_SPEECH_HTTP_PORT", "TROUPE_SPEECH_METRICS_PORT")
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
LIVED_S = 30.0  # one that lived so long is started again at once
STOP_S = 25.0  # longer than its own drain
KILL_S = 2.0
STARTING = "svc-tts is being started as a child process"
NOT_HERE = (
    "svc-tts is not installed beside the gateway, and PROVIDER_COQUI_MODE=local needs it: install svc-tts in the same "
    "environment, or set PROVIDER_COQUI_MODE=service and PROVIDER_COQUI_SERVICE_URL."
)

log = logging.getLogger(__name__)


class SpeechChild(Resolver):
    """The process, as a neighbour that is started and stopped, and as the one who knows its address."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        super().__init__()
        self._environ = {**environ, **dict.fromkeys(PORTS, "0"), "TROUPE_SPEECH_HOST": "127.0.0.1"}
        self._address = ""
        self._problem = STARTING
        self._popen: subprocess.Popen[str] | None = None
        self._stopping = threading.Event()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="svc-tts", daemon=True)

    async def addresses(self, _target: str) -> list[str]:
        """Where it listens now. Raises `CannotConnect` while it does not."""
        if not self._address:
            raise CannotConnect(self._problem)
        return [self._address]

    async def start(self) -> None:
        """Start it, and keep it running."""
        if find_spec(MODULE) is None:
            self._problem = NOT_HERE
            return
        self._thread.start()

    async def first_answer(self, within_s: float) -> None:
        """Wait until it listens."""
        if self._thread.is_alive():
            await asyncio.to_thread(self._listening.wait, within_s)

    async def stop(self) -> None:
        """Let it drain; kill it when that takes too long."""
        self._stopping.set()
        if self._thread.is_alive():
            self._tell_to_end()
            await asyncio.to_thread(self._thread.join, STOP_S)
        if self._thread.is_alive() and self._popen is not None:
            self._popen.kill()
            await asyncio.to_thread(self._thread.join, KILL_S)

    def _tell_to_end(self) -> None:
        if self._popen is not None:
            with suppress(ProcessLookupError):
                self._popen.terminate()

    def _keep(self) -> None:
        """In the thread: run it, again and again."""
        pause_s = FIRST_PAUSE_S
        while not self._stopping.is_set():
            began = time.monotonic()
            status, last = self._live()
            self._address = ""
            self._problem = f"svc-tts ended (status {status}) and is started again; it said: {last.strip()}"
            if not self._stopping.is_set():
                log.warning("%s", self._problem)
            pause_s = FIRST_PAUSE_S if time.monotonic() - began > LIVED_S else min(2 * pause_s, LONGEST_PAUSE_S)
            self._stopping.wait(pause_s)

    def _live(self) -> tuple[int, str]:
        """One life of the process: its status and its last line."""
        last = "nothing"
        with subprocess.Popen(
            [sys.executable, "-m", "gateway.providers.speech_child"],
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C is the gateway's to hear: it drains first
        ) as self._popen:
            if self._stopping.is_set():
                self._popen.terminate()
            assert self._popen.stdout is not None  # noqa: S101  # a pipe was asked for
            for line in self._popen.stdout:
                sys.stderr.write(line)  # the child's log is part of the gateway's
                last = line
                if (told := parse_announcement(line)) is not None:
                    self._address = told["grpc"]
                    self._listening.set()
        return self._popen.returncode, last
