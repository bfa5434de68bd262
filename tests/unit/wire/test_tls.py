"""Who is let in, who is not and what is said; certificates that change while calls run."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Self

import grpc
import grpc.aio
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from tests.fakes.certificates import EXPIRED, files, identity, make

from troupe.v1 import text_pb2, text_pb2_grpc
from troupe.wire import tls
from troupe.wire.callers import GATEWAY
from troupe.wire.channels import open_channel
from troupe.wire.errors import InvalidArgument
from troupe.wire.health import EngineBoard
from troupe.wire.papers import Papers, TlsFiles
from troupe.wire.probe import ILL, WELL, probe
from troupe.wire.serving import Service, bind, make_server
from troupe.wire.statuses import from_rpc_error
from troupe.wire.tls import DAY_S, Identity

NAME = "svc-text"


class Counting(text_pb2_grpc.TextServicer):
    calls = 0

    async def CountTokens(self, request: object, context: object) -> text_pb2.CountTokensResponse:
        self.calls += 1
        return text_pb2.CountTokensResponse(tokens=1)

    async def Chat(self, request: object, context: object) -> AsyncIterator[text_pb2.ChatDelta]:
        self.calls += 1
        for number in range(1000):
            yield text_pb2.ChatDelta(content=str(number))
            await asyncio.sleep(0.02)


class Served:
    """A service on a free port with these credentials; None = plaintext."""

    def __init__(self, credentials: grpc.ServerCredentials | None, callers: frozenset[str] = frozenset()) -> None:
        self.servicer, self._credentials, self._callers = Counting(), credentials, callers

    async def __aenter__(self) -> Self:
        service = Service("troupe.v1.Text", lambda s: text_pb2_grpc.add_TextServicer_to_server(self.servicer, s))
        self.board = EngineBoard("troupe.v1.Text", ["echo"])
        self.server = make_server([service], self.board, CollectorRegistry(), callers=self._callers)
        self.port = bind(self.server, "127.0.0.1", 0, "PORT", self._credentials)
        await self.server.start()
        await self.board.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.stop(None)

    async def asked(self, credentials: grpc.ChannelCredentials | None, name: str = NAME) -> str:
        """What a caller with these credentials hears: "ok" or why not."""
        channel = open_channel(f"127.0.0.1:{self.port}", credentials, name=name)
        try:
            await text_pb2_grpc.TextStub(channel).CountTokens(text_pb2.CountTokensRequest(), timeout=10)
        except grpc.aio.AioRpcError as error:
            return from_rpc_error(error, "svc-text at here").message
        finally:
            await channel.close()
        return "ok"


def shown(folder: Path, part: str, trusted: Path | None = None) -> grpc.ChannelCredentials:
    """What a client shows, unjudged; `trusted`: another CA than its own."""
    papers = files(folder, part)
    ca = (trusted or papers.ca).read_bytes()
    return grpc.ssl_channel_credentials(ca, papers.key.read_bytes(), papers.certificate.read_bytes())


def raw_server(folder: Path) -> grpc.ServerCredentials:
    papers = files(folder, NAME)
    pair = (papers.key.read_bytes(), papers.certificate.read_bytes())
    return grpc.ssl_server_credentials([pair], papers.ca.read_bytes(), require_client_auth=True)


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    return make(tmp_path / "ours")


async def test_a_neighbour_is_let_in(ours: Path) -> None:
    async with Served(identity(ours, NAME).server()) as served:
        assert await served.asked(identity(ours, "gateway").client()) == "ok"
        assert served.servicer.calls == 1


async def test_no_call_of_a_stranger_comes_through(ours: Path, tmp_path: Path) -> None:
    other, ca = make(tmp_path / "other"), files(ours, "gateway").ca
    old = tmp_path / "old"
    old.mkdir()
    for name in ("ca.crt", "ca.key"):
        (old / name).write_bytes((ours / name).read_bytes())
    make(old, EXPIRED)
    strangers = {
        "plaintext": None,
        "no certificate": grpc.ssl_channel_credentials(ca.read_bytes()),
        "of another CA": shown(other, "gateway", ca),
        "expired": shown(old, "gateway"),
    }
    async with Served(identity(ours, NAME).server()) as served:
        heard = {who: await served.asked(credentials) for who, credentials in strangers.items()}
        assert served.servicer.calls == 0
    for told in heard.values():
        assert told.startswith(
            "Cannot connect to svc-text at here: it hung up at once: TLS on one side only, or a cert"
        )


async def test_another_service_is_not_taken_for_the_gateway(ours: Path) -> None:
    """Its certificate is of the same CA, so TLS itself lets it in; unary calls and streams are refused alike."""
    async with Served(identity(ours, NAME).server(), frozenset({GATEWAY})) as served:
        told = await served.asked(identity(ours, "svc-tts").client())
        assert told.startswith("Calls are taken of gateway alone, and this caller's certificate is for localhost, svc-")
        channel = open_channel(f"127.0.0.1:{served.port}", identity(ours, "svc-video").client(), name=NAME)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await text_pb2_grpc.TextStub(channel).Chat(text_pb2.ChatRequest(), timeout=10).read()
        assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
        await channel.close()
        assert served.servicer.calls == 0
        assert [await served.asked(identity(ours, part).client()) for part in ("gateway", "mesh")] == ["ok", "ok"]


async def test_no_call_goes_to_a_stranger(ours: Path, tmp_path: Path) -> None:
    gateway = identity(ours, "gateway").client()
    async with Served(identity(ours, NAME).server()) as served:
        assert "its certificate is another part's" in await served.asked(gateway, "svc-tts")
        assert served.servicer.calls == 0
    async with Served(raw_server(make(tmp_path / "other"))) as served:
        assert "its certificate is not of the CA in TROUPE_TLS_CA" in await served.asked(gateway)
        assert served.servicer.calls == 0
    async with Served(None) as served:
        assert "it speaks no TLS and this side does" in await served.asked(gateway)
        assert served.servicer.calls == 0
    make(ours, EXPIRED)
    async with Served(raw_server(ours)) as served:
        assert "its certificate has expired" in await served.asked(gateway)
        assert served.servicer.calls == 0


async def test_a_renewed_certificate_is_shown_to_who_comes_next_and_running_calls_go_on(ours: Path) -> None:
    server, client = identity(ours, NAME), identity(ours, "gateway")
    async with Served(server.server()) as served:
        channel = open_channel(f"127.0.0.1:{served.port}", client.client(), name=NAME)
        chat = text_pb2_grpc.TextStub(channel).Chat(text_pb2.ChatRequest())
        assert (await chat.read()).content == "0"
        asked = []
        for _ in range(3):
            before = server.papers
            await asyncio.to_thread(make, ours)
            server.look()
            client.look()
            assert server.papers is not before
            asked += await asyncio.gather(*(served.asked(client.client()) for _ in range(5)))
        assert asked == ["ok"] * 15
        assert (await chat.read()).content == "1"
        chat.cancel()
        await channel.close()


async def test_a_server_that_got_a_new_ca_takes_those_of_the_new_one(ours: Path, tmp_path: Path) -> None:
    server, other = identity(ours, NAME), make(tmp_path / "other")
    async with Served(server.server()) as served:
        for name in ("tls.crt", "tls.key", "ca.crt"):
            (ours / NAME / name).write_bytes((other / NAME / name).read_bytes())
        server.look()
        assert await served.asked(identity(ours, "gateway").client()) != "ok"
        assert await served.asked(identity(other, "gateway").client()) == "ok"


async def test_two_cas_overlap_and_one_follows_the_other_without_a_restart(ours: Path, tmp_path: Path) -> None:
    """First everybody trusts both, then each shows one of the new, in whatever order."""
    server, client, other = identity(ours, NAME), identity(ours, "gateway"), make(tmp_path / "other")
    both = (ours / "ca.crt").read_bytes() + (other / "ca.crt").read_bytes()
    async with Served(server.server()) as served:
        for held, part in ((server, NAME), (client, "gateway")):
            files(ours, part).ca.write_bytes(both)
            held.look()
            assert held.papers.ca == both
        for held, part in ((client, "gateway"), (server, NAME)):
            for name in ("tls.crt", "tls.key"):
                (ours / part / name).write_bytes((other / part / name).read_bytes())
            held.look()
            assert await served.asked(client.client()) == "ok"
        assert client.papers.certificate == files(other, "gateway").certificate.read_bytes()


async def test_the_probe_asks_over_tls(ours: Path) -> None:
    papers = files(ours, NAME)
    environ = {
        f"TROUPE_TLS_{name}": str(path)
        for name, path in (("CERT", papers.certificate), ("KEY", papers.key), ("CA", papers.ca))
    }
    async with Served(identity(ours, NAME).server()) as served:
        url = f"grpc://127.0.0.1:{served.port}/live"
        assert (await asyncio.to_thread(probe, url, environ))[0] == WELL
        assert (await asyncio.to_thread(probe, url, {}))[0] == ILL
        file = ours / ".env"
        file.write_text("".join(f"{name}={value}\n" for name, value in environ.items()))
        command = [sys.executable, "-m", "troupe.wire.probe", url]
        for told, status in (({"TROUPE_ENV_FILE": str(file)}, WELL), ({}, ILL)):
            done = await asyncio.to_thread(subprocess.run, command, env=told, capture_output=True, check=False)
            assert done.returncode == status


def test_what_cannot_be_right_is_not_taken_over_and_told_once(ours: Path, caplog: pytest.LogCaptureFixture) -> None:
    held = identity(ours, NAME)
    before = held.papers
    files(ours, NAME).key.write_text("half")
    held.look()
    held.look()
    assert held.papers is before
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "stays as it is" in caplog.text
    files(ours, NAME).key.unlink()
    held.look()
    assert held.papers is before
    make(ours)
    held.look()
    assert held.papers is not before


def test_two_weeks_before_the_end_the_log_says_so_once_a_day(ours: Path, caplog: pytest.LogCaptureFixture) -> None:
    now = [time.time()]
    held = Identity(files(ours, NAME), lambda: now[0])
    for day in (0, 75, 77, 77.5, 78.1):
        now[0] = held.papers.expires - (90 - day) * DAY_S
        held.look()
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert [text.split(";")[0] for text in warned] == [
        "the certificate expires in 13.0 days",
        "the certificate expires in 11.9 days",
    ]
    now[0] = held.papers.expires + 1
    held.look()
    assert "the certificate has expired: new connections fail" in caplog.messages[-1]


def test_what_is_not_valid_yet_is_taken_over_once_it_is(
    ours: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The clock of who made it may be ahead of ours; nobody writes the files again for that."""
    held, judge = identity(ours, NAME), tls.examine
    before = held.papers
    make(ours)

    def too_early(_: TlsFiles) -> Papers:
        raise InvalidArgument("certificate is not yet valid")

    monkeypatch.setattr(tls, "examine", too_early)
    held.look()
    held.look()
    assert held.papers is before
    assert len(caplog.records) == 1
    monkeypatch.setattr(tls, "examine", judge)
    held.look()
    assert held.papers is not before


def test_what_is_renewed_while_it_is_first_read_is_noticed(ours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = tls.examine

    def renewed_meanwhile(files: TlsFiles) -> Papers:
        papers = judge(files)
        make(ours)
        return papers

    monkeypatch.setattr(tls, "examine", renewed_meanwhile)
    held = identity(ours, NAME)
    before = held.papers
    monkeypatch.setattr(tls, "examine", judge)
    held.look()
    assert held.papers.certificate != before.certificate


def test_the_metric_tells_the_seconds_left(ours: Path) -> None:
    registry, held = CollectorRegistry(), identity(ours, NAME)
    held.show(registry)
    (line,) = (row for row in generate_latest(registry).decode().splitlines() if row.startswith("troupe_tls_expires"))
    assert 89 * DAY_S < float(line.split()[1]) < 90 * DAY_S + 60
    held.papers = replace(held.papers, expires=time.time() - 5)
    assert registry.get_sample_value("troupe_tls_expires_seconds") < 0


async def test_files_are_looked_at_again_and_again(ours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("troupe.wire.tls.LOOK_S", 0.01)
    held = identity(ours, NAME)
    before, task = held.papers, asyncio.create_task(held.keep())
    await asyncio.to_thread(make, ours)
    async with asyncio.timeout(10):
        while held.papers is before:
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
