"""TLS between the parts, both ways: each end shows a certificate of one CA, and is asked for its own name.

- A service takes no call of who shows none; a client takes no service by another name than the one it asks for
  (`svc-text`, `svc-tts`, `svc-video`), at whatever address it found it.
- Files that were renewed are read while the process runs: new connections show the new certificate, running calls end
  on the connections they have. What cannot be right (half written, of another CA) is told once and not taken over; it
  is tried again all the time, since the one that is not valid yet, where clocks differ, soon is.
- How long it still holds is the metric `troupe_tls_expires_seconds`; two weeks before, the log says so each day.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, cast

import grpc
from prometheus_client import CollectorRegistry, Gauge

from troupe.wire.errors import InvalidArgument
from troupe.wire.papers import Marks, Papers, TlsFiles, examine

LOOK_S = 5.0  # between two looks at the files
DAY_S = 24 * 3600.0
WARNING_S = 14 * DAY_S
METRIC = "troupe_tls_expires_seconds"

log = logging.getLogger(__name__)


class Identity:
    """What this process shows, kept as new as its files."""

    def __init__(self, files: TlsFiles, clock: Callable[[], float] = time.time) -> None:
        """Read and judge the files. Raises `InvalidArgument`."""
        self._files = files
        self._clock = clock  # seconds of the epoch
        self._seen = files.marks()  # before they are read: what changes meanwhile is read again
        self.papers: Papers = examine(files)
        self._told = ""
        self._warned = 0.0

    @classmethod
    def of(cls, files: TlsFiles | None) -> Identity | None:
        """None where there is no TLS. Raises `InvalidArgument` for files that cannot be used."""
        return cls(files) if files is not None else None

    def server(self) -> grpc.ServerCredentials:
        """For a server: it shows what is valid at each handshake, and wants to see such of the caller."""
        shown = self.papers

        def renewed() -> grpc.ServerCertificateConfiguration | None:
            nonlocal shown
            if self.papers is shown:
                return None
            shown = self.papers
            return _configuration(shown)

        first, fetch = _configuration(shown), cast("Any", renewed)  # grpc-stubs do not know that None means "as before"
        return grpc.dynamic_ssl_server_credentials(first, fetch, require_client_authentication=True)

    def client(self) -> grpc.ChannelCredentials:
        """For a channel made now; who keeps it makes another when `papers` are others."""
        papers = self.papers
        return grpc.ssl_channel_credentials(papers.ca, papers.key, papers.certificate)

    def show(self, registry: CollectorRegistry) -> None:
        """Have the time left among the metrics; below zero once it is over."""
        gauge = Gauge(METRIC, "Until the certificate of this part, or its CA, expires", registry=registry)
        gauge.set_function(lambda: self.papers.expires - self._clock())

    def look(self) -> None:
        """Take over files that were renewed; say when they should be."""
        try:
            marks = self._files.marks()
            if marks != self._seen:
                self._renew(marks)
        except OSError as error:
            self._stays(f"{error.filename} cannot be read: {error.strerror}")
        except InvalidArgument as error:
            self._stays(error.message)
        self._warn()

    async def keep(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(LOOK_S)

    def _renew(self, marks: Marks) -> None:
        self.papers = examine(self._files)
        self._seen, self._told, self._warned = marks, "", 0.0
        log.info("the certificate was renewed; it expires in %.0f days", self._left_s() / DAY_S)

    def _stays(self, why: str) -> None:
        if why != self._told:
            self._told = why
            log.warning("the certificate stays as it is: %s", why)

    def _warn(self) -> None:
        left_s, now = self._left_s(), self._clock()
        if left_s < WARNING_S and now - self._warned >= DAY_S:
            self._warned = now
            when = f"expires in {left_s / DAY_S:.1f} days" if left_s > 0 else "has expired: new connections fail"
            log.warning("the certificate %s; renew it: `make certs` does", when)

    def _left_s(self) -> float:
        return self.papers.expires - self._clock()


def _configuration(papers: Papers) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(papers.key, papers.certificate)], papers.ca)
