"""A gateway and a service with certificates: strangers are kept out, and renewing under load costs no request."""

from __future__ import annotations

import threading
import time

import grpc
import httpx
import pytest
from tests.fakes.certificates import environ, files, make

from troupe.v1.engine_pb2 import DescribeRequest
from troupe.v1.text_pb2_grpc import TextStub

RENEWED = "the certificate was renewed"
RENEWED_WITHIN_S = 30.0  # a look each 5 s


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    return make(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def service(start_service_once, ours):
    return start_service_once("svc_text", TROUPE_TEXT_ENGINES="echo", **environ(ours, "svc-text"))


@pytest.fixture(scope="module")
def gateway(start_service_once, service, ours):
    return start_service_once(
        "gateway",
        PROVIDER_TEXT="echo",
        PROVIDER_TEXT_FALLBACK="",
        TROUPE_TEXT_TARGET=service.grpc,
        TROUPE_SPEECH_TARGET="127.0.0.1:1",
        TROUPE_VIDEO_TARGET="127.0.0.1:1",
        TROUPE_MISSED_TICKS="20",
        **environ(ours, "gateway"),
    )


@pytest.fixture
def client(gateway):
    with httpx.Client(base_url=f"http://{gateway.addresses['http']}", timeout=30) as client:
        yield client


def expiries(*addresses: str) -> list[float]:
    pages = [httpx.get(f"http://{address}/metrics").text for address in addresses]
    rows = [line for page in pages for line in page.splitlines() if line.startswith("troupe_tls_expires_seconds ")]
    return [float(row.split()[1]) for row in rows]


def test_a_chat_goes_from_one_to_the_other(client) -> None:
    reply = client.post("/api/text", json={"prompt": "one two three"})
    assert (reply.status_code, reply.json()["text"]) == (200, "one two three"), reply.text


def test_who_shows_no_certificate_is_not_answered(service) -> None:
    with grpc.insecure_channel(service.grpc) as channel, pytest.raises(grpc.RpcError) as refused:
        TextStub(channel).Describe(DescribeRequest(), timeout=5)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


def test_another_service_is_not_taken_for_the_gateway(service, ours) -> None:
    papers = files(ours, "svc-tts")
    ca, key, certificate = (path.read_bytes() for path in (papers.ca, papers.key, papers.certificate))
    credentials = grpc.ssl_channel_credentials(ca, key, certificate)
    named = [("grpc.ssl_target_name_override", "svc-text")]
    with grpc.secure_channel(service.grpc, credentials, named) as channel, pytest.raises(grpc.RpcError) as refused:
        TextStub(channel).Describe(DescribeRequest(), timeout=5)
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED


def test_a_gateway_without_one_says_what_it_lacks(start_service, service) -> None:
    plain = start_service(
        "gateway", PROVIDER_TEXT="echo", PROVIDER_TEXT_FALLBACK="", TROUPE_TEXT_TARGET=service.grpc,
        TROUPE_SPEECH_TARGET="127.0.0.1:1", TROUPE_VIDEO_TARGET="127.0.0.1:1",
    )  # fmt: skip
    reply = httpx.post(f"http://{plain.addresses['http']}/api/text", json={"prompt": "x"}, timeout=30)
    assert reply.status_code == 503
    assert "TLS on one side only" in reply.text


def test_renewed_under_load_nothing_fails(client, service, gateway, ours) -> None:
    before = expiries(service.addresses["metrics"], gateway.addresses["http"])
    assert len(before) == 2
    statuses, done = [], threading.Event()

    def load() -> None:
        while not done.is_set():
            statuses.append(client.post("/api/text", json={"prompt": "a b c"}).status_code)
            time.sleep(0.01)

    callers = [threading.Thread(target=load) for _ in range(2)]
    for caller in callers:
        caller.start()
    make(ours, days=80)
    until = time.monotonic() + RENEWED_WITHIN_S
    while time.monotonic() < until and not all(RENEWED in process.log for process in (service, gateway)):
        time.sleep(0.1)
    count = len(statuses)
    while time.monotonic() < until and len(statuses) < count + 50:
        time.sleep(0.1)
    done.set()
    for caller in callers:
        caller.join(30)
    after = expiries(service.addresses["metrics"], gateway.addresses["http"])
    assert [round((old - new) / 86400) for old, new in zip(before, after, strict=True)] == [10, 10]
    assert len(statuses) >= count + 50
    assert set(statuses) == {200}


def test_a_part_with_files_it_cannot_use_does_not_start(ours, tmp_path, start_service) -> None:
    files(ours, "svc-tts").key.write_text("half")
    with pytest.raises(pytest.fail.Exception, match=r"svc-tts: TROUPE_TLS_CERT=.*tls\.crt: "):
        start_service("svc_tts", TROUPE_SPEECH_ENGINES="tone", **environ(ours, "svc-tts"))
