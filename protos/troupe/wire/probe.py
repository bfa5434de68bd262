"""Asks the process beside it whether it is well: for health checks of containers, which have no curl.

    python -m troupe.wire.probe grpc://127.0.0.1:50051              a service: one engine is ready
    python -m troupe.wire.probe grpc://127.0.0.1:50052/live         alive, whatever its engines are
    python -m troupe.wire.probe grpc://127.0.0.1:50052/troupe.v1.Speech/flite
    python -m troupe.wire.probe http://127.0.0.1:8000/ready

The exit status is 0 for yes, 1 for no, 2 where the question is wrong; one line says why. Where `TROUPE_TLS_CA` is set
(in the environment, or the file that TROUPE_ENV_FILE names), services are asked over TLS, by this part's certificate.
"""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    import grpc

TIMEOUT_S = 4.0
CERTIFIED_NAME = "localhost"
"""What a certificate calls the process on this machine, whichever address it was asked at."""
WELL, ILL, WRONG = 0, 1, 2


def probe(url: str, environ: Mapping[str, str], timeout_s: float = TIMEOUT_S) -> tuple[int, str]:
    """The exit status and why; waits `timeout_s` at most."""
    parts = urlsplit(url)
    if parts.scheme == "grpc" and _port(parts):
        try:
            return _grpc(parts, environ, timeout_s)
        except OSError as error:
            return ILL, f"{error.filename}, which a setting TROUPE_TLS_... names, cannot be read: {error.strerror}"
    if parts.scheme in {"http", "https"} and parts.hostname:
        return _http(url, timeout_s)
    usage = "grpc://host:port, grpc://host:port/service or http://host:port/path"
    return WRONG, f"{url or 'Nothing'} cannot be asked. Use {usage}."


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:  # no number, or none of a port
        return None


def _grpc(parts: SplitResult, environ: Mapping[str, str], timeout_s: float) -> tuple[int, str]:
    import grpc  # noqa: PLC0415  # a quarter of a second that a question over HTTP need not pay
    from grpc_health.v1 import health_pb2, health_pb2_grpc  # noqa: PLC0415

    service = parts.path.strip("/")
    with _channel(parts.netloc, environ) as channel:
        try:
            reply = health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(service=service), timeout=timeout_s
            )
        except grpc.RpcError as error:
            return ILL, f"{parts.netloc}: {error.code().name}: {error.details()}"
    state = health_pb2.HealthCheckResponse.ServingStatus.Name(reply.status)
    return WELL if state == "SERVING" else ILL, f"{parts.netloc}/{service}: {state}"


def _channel(target: str, environ: Mapping[str, str]) -> grpc.Channel:
    """A channel to that address: over TLS where this process has a CA, as all of the mesh then is."""
    import grpc  # noqa: PLC0415

    if not (ca := environ.get("TROUPE_TLS_CA")):
        return grpc.insecure_channel(target)
    key, certificate = (_content(environ.get(f"TROUPE_TLS_{name}")) for name in ("KEY", "CERT"))
    credentials = grpc.ssl_channel_credentials(Path(ca).read_bytes(), key, certificate)
    return grpc.secure_channel(target, credentials, options=[("grpc.ssl_target_name_override", CERTIFIED_NAME)])


def _content(path: str | None) -> bytes | None:
    return Path(path).read_bytes() if path else None


def _http(url: str, timeout_s: float) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=timeout_s) as reply:  # noqa: S310  # the scheme was looked at
            return WELL, f"{url}: {reply.status}"
    except urllib.error.HTTPError as error:
        return ILL, f"{url}: {error.code}"
    except OSError as error:
        return ILL, f"{url}: {error}"


def main() -> int:
    """Ask what the command line says."""
    url = sys.argv[1] if len(sys.argv) == 2 else ""
    status, why = probe(url, _settings() if url.startswith("grpc:") else {})
    sys.stdout.write(f"{why}\n")
    return status


def _settings() -> Mapping[str, str]:
    """What the part beside it was told."""
    if not (file := os.environ.get("TROUPE_ENV_FILE")):
        return os.environ
    from dotenv import dotenv_values  # noqa: PLC0415  # not needed where nothing names a file

    return {name: value for name, value in dotenv_values(file).items() if value is not None} | os.environ


if __name__ == "__main__":
    sys.exit(main())
