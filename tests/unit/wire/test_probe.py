from __future__ import annotations

import asyncio
import http.server
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator

import grpc.aio
import pytest
from grpc_health.v1 import health_pb2_grpc

from troupe.wire.health import EngineBoard
from troupe.wire.probe import ILL, WELL, WRONG, probe


@pytest.fixture
async def served() -> AsyncIterator[tuple[str, EngineBoard]]:
    board = EngineBoard("troupe.v1.Speech", ["flite", "espeak"])
    server = grpc.aio.server()
    health_pb2_grpc.add_HealthServicer_to_server(board.servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    await board.start()
    yield f"grpc://127.0.0.1:{port}", board
    await server.stop(None)


@pytest.fixture
def website() -> Iterator[str]:
    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/ready" else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def asked(url: str, **environ: str) -> int:
    status, why = await asyncio.to_thread(probe, url, environ, 5.0)
    assert why
    return status


async def test_a_service_is_well_once_an_engine_is_ready(served: tuple[str, EngineBoard]) -> None:
    url, board = served
    assert await asked(url) == ILL
    assert await asked(f"{url}/live") == WELL
    await board.ready("flite")
    assert await asked(url) == WELL
    assert await asked(f"{url}/troupe.v1.Speech/flite") == WELL
    assert await asked(f"{url}/troupe.v1.Speech/espeak") == ILL
    assert await asked(f"{url}/troupe.v1.Speech/flyte") == ILL


async def test_nobody_there_is_ill() -> None:
    assert await asked("grpc://127.0.0.1:1") == ILL
    assert await asked("http://127.0.0.1:1/ready") == ILL


async def test_tls_is_asked_for_where_there_is_a_ca(served: tuple[str, EngineBoard], tmp_path) -> None:
    (tmp_path / "ca.crt").write_text("no certificate")
    assert await asked(served[0] + "/live", TROUPE_TLS_CA=str(tmp_path / "ca.crt")) == ILL


def test_a_certificate_that_is_not_there_is_said(tmp_path) -> None:
    status, why = probe("grpc://127.0.0.1:1/live", {"TROUPE_TLS_CA": str(tmp_path / "ca.crt")})
    assert status == ILL
    assert why.startswith(f"{tmp_path}/ca.crt, which a setting TROUPE_TLS_... names, cannot be read: No such file")


async def test_over_http_the_status_tells(website: str) -> None:
    assert await asked(f"{website}/ready") == WELL
    assert await asked(f"{website}/other") == ILL


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "grpc://127.0.0.1", "grpc://127.0.0.1:x", "ftp://127.0.0.1/x"])
async def test_what_cannot_be_asked_says_how(url: str) -> None:
    assert probe(url, {})[0] == WRONG
    assert "grpc://host:port" in probe(url, {})[1]


def test_the_command_has_the_exit_status(website: str) -> None:
    def run(*words: str) -> int:
        return subprocess.run(
            [sys.executable, "-m", "troupe.wire.probe", *words], capture_output=True, check=False
        ).returncode

    assert [run(f"{website}/ready"), run(f"{website}/other"), run()] == [WELL, ILL, WRONG]
