"""MiniMax's own clients, as `tools/clients.sh` installed them, and the fake cloud they are run against."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[2]
FAKES = ROOT / "tests" / "fakes"
KEY = "sk-api-fake-global"


@dataclass(frozen=True)
class Cloud:
    """A running fake: where it is, and what it has seen."""

    url: str
    verify: str | bool = True  # the certificate to trust

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Its own endpoints beside MiniMax's."""
        with httpx.Client(base_url=self.url, verify=_context(self.verify), timeout=10) as client:
            return client.request(method, path, json=body).raise_for_status().json()

    def seen(self) -> list[dict[str, Any]]:
        """The requests, oldest first."""
        return self.ask("GET", "/_seen")["requests"]

    def script(self, endpoint: str, **behaviour: Any) -> None:
        """How to answer the next request of that endpoint."""
        self.ask("POST", "/_script", {"endpoint": endpoint, **behaviour})

    def calm(self) -> Cloud:
        """As new, but for what it stores."""
        self.ask("DELETE", "/_script")
        self.ask("DELETE", "/_seen")
        return self


def _context(verify: str | bool) -> Any:
    import ssl

    return ssl.create_default_context(cafile=verify) if isinstance(verify, str) else verify


@pytest.fixture(scope="session")
def clients() -> Path:
    """The folder of the clients; `make test-clients` names it."""
    folder = os.environ.get("CLIENTS_FOLDER")
    if not folder:
        pytest.skip("MiniMax's clients are not installed here: `make test-clients` installs and runs them")
    return ROOT / folder


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that signs itself, and its key, made for this run."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    subject = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    subprocess.run(
        ["openssl", "req", "-x509", *kind, *subject, "-keyout", key, "-out", cert],
        check=True,
        capture_output=True,
        timeout=30,
    )
    return cert, key


@pytest.fixture(scope="module")
def started_cloud(clients, start_service_once) -> Cloud:
    started = start_service_once("minimax", PYTHONPATH=str(FAKES), FAKE_MINIMAX_STATES="-")
    return Cloud(f"http://{started.addresses['http']}")


@pytest.fixture
def cloud(started_cloud) -> Cloud:
    """The fake over plain HTTP; its tasks are done at the first query."""
    return started_cloud.calm()


@pytest.fixture(scope="module")
def started_tls_cloud(clients, certificate, start_service_once) -> Cloud:
    cert, key = certificate
    started = start_service_once(
        "minimax",
        PYTHONPATH=str(FAKES),
        FAKE_MINIMAX_STATES="Processing",
        FAKE_MINIMAX_TLS_CERT=str(cert),
        FAKE_MINIMAX_TLS_KEY=str(key),
    )
    return Cloud(f"https://{started.addresses['http']}", str(cert))


@pytest.fixture
def tls_cloud(started_tls_cloud) -> Cloud:
    """The fake over HTTPS, as mmx-cli's downloads need it."""
    return started_tls_cloud.calm()
