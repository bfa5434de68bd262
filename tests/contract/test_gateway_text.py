"""POST /api/text over real sockets, through a real svc-text with the engine `echo`."""

from __future__ import annotations

import asyncio
import json
import time

import grpc.aio
import httpx
import pytest

from troupe.v1.engine_pb2 import DescribeRequest
from troupe.v1.text_pb2_grpc import TextStub

IDLE_S = 0.2
SLACK = 5  # CI judges times at five times the goal
USAGE = {"prompt_tokens": 3, "completion_tokens": 3, "cached_tokens": 0, "reasoning_tokens": 0}


@pytest.fixture(scope="module")
def service(start_service_once):
    return start_service_once("svc_text", TROUPE_TEXT_ENGINES="echo")


@pytest.fixture(scope="module")
def gateway(start_service_once, service):
    return start_service_once(
        "gateway",
        PROVIDER_TEXT="echo",
        PROVIDER_TEXT_FALLBACK="",
        TROUPE_TEXT_TARGET=service.grpc,
        TROUPE_SPEECH_TARGET="127.0.0.1:1",
        TROUPE_VIDEO_TARGET="127.0.0.1:1",
        TROUPE_MISSED_TICKS="20",
    )


@pytest.fixture
def url(gateway) -> str:
    return f"http://{gateway.addresses['http']}"


@pytest.fixture
def client(url):
    with httpx.Client(base_url=url, timeout=30) as client:
        yield client


def events_in(text: str) -> list[tuple[str, dict]]:
    events = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        events.append((fields["event"], json.loads(fields["data"])))
    return events


def test_a_prompt_is_answered(client) -> None:
    reply = client.post("/api/text", json={"prompt": "one two three"})
    assert reply.status_code == 200, reply.text
    assert reply.headers["x-troupe-provider"] == "echo"
    assert reply.json() == {
        "text": "one two three",
        "reasoning": "",
        "finish_reason": "stop",
        "model": "echo",
        "usage": USAGE,
        "provider": "echo",
    }


def test_a_chat_is_answered_and_cut_where_it_was_asked_to_be(client) -> None:
    messages = [{"role": "user", "content": "hello"}, {"role": "user", "content": "a b c d"}]
    reply = client.post("/api/text", json={"messages": messages, "system": "be brief", "max_tokens": 2}).json()
    assert (reply["text"], reply["finish_reason"]) == ("a b", "length")
    assert reply["usage"]["prompt_tokens"] == 7
    assert client.post("/api/text", json={"prompt": "a b STOP c", "stop": ["STOP"]}).json()["text"] == "a b"


@pytest.mark.parametrize("way", ["field", "header"])
def test_text_is_streamed_while_it_is_written(client, way) -> None:
    body = {"prompt": "x", "echo": {"count_to": 20, "delay_ms_per_token": 1}}
    headers = {"Accept": "text/event-stream"} if way == "header" else {}
    reply = client.post("/api/text", json=body | {"stream": way == "field"}, headers=headers)
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.headers["x-troupe-provider"] == "echo"
    *deltas, (last, end) = events_in(reply.text)
    assert {kind for kind, _ in deltas} == {"delta"}
    assert len(deltas) == 20
    assert "".join(data["text"] for _, data in deltas) == " ".join(map(str, range(1, 21)))
    assert last == "end"
    assert end == {
        "finish_reason": "stop",
        "usage": USAGE | {"prompt_tokens": 1, "completion_tokens": 20},
        "model": "echo",
        "provider": "echo",
    }


@pytest.mark.parametrize(
    ("body", "status", "code", "says"),
    [
        ({"prompt": " "}, 400, "empty_text", "prompt"),
        ({}, 400, "empty_text", "prompt"),
        ({"prompt": "a", "messages": [{"role": "user", "content": "b"}]}, 400, "invalid_argument", "not both"),
        ({"messages": [{"role": "robot", "content": "b"}]}, 400, "invalid_argument", "role"),
        ({"prompt": "a", "promt": "b"}, 400, "invalid_argument", 'Did you mean "prompt"'),
        ({"prompt": "a", "max_tokens": 0}, 400, "invalid_argument", "max_tokens"),
        ({"prompt": "a", "priority": "soon"}, 400, "invalid_argument", "batch"),
        ({"prompt": "a" * 60_000}, 413, "text_too_long", "50,000"),
        ({"prompt": "a", "provider": "ecko"}, 404, "unknown_provider", 'Did you mean "echo"'),
    ],
)
def test_before_the_first_byte_an_error_has_its_status(client, body, status, code, says) -> None:
    reply = client.post("/api/text", json=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code), reply.text
    assert says in reply.json()["error"]["message"]
    streamed = client.post("/api/text", json=body | {"stream": True})
    assert (streamed.status_code, streamed.headers["content-type"]) == (status, "application/json")


def test_half_a_character_does_no_harm(client) -> None:
    body = {"prompt": "a \ud800 b", "stop": ["b\ud801"]}
    reply = client.post("/api/text", content=json.dumps(body), headers={"content-type": "application/json"})
    assert reply.json()["text"] == "a \ufffd b"


async def running(service) -> int:
    async with grpc.aio.insecure_channel(service.grpc) as channel:
        described = await TextStub(channel).Describe(DescribeRequest(), timeout=5)
        return sum(engine.outstanding for engine in described.engines)


async def until(count: int, service, within_s: float) -> None:
    started = time.monotonic()
    while await running(service) != count:
        assert time.monotonic() - started < within_s, f"not {count} running within {within_s} s"
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_frees_the_engine(url, gateway, service, stream) -> None:
    body = {"prompt": "x", "stream": stream, "echo": {"count_to": 10_000, "delay_ms_per_token": 20}}
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        asked = asyncio.create_task(client.post("/api/text", json=body))
        await until(1, service, 5)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        await until(0, service, IDLE_S * SLACK)
    assert "Traceback" not in gateway.log + service.log


def test_the_chains_of_a_route_may_be_overridden_by_a_header(client) -> None:
    def asked(value: str) -> httpx.Response:
        return client.post("/api/text", json={"prompt": "a"}, headers={"X-Troupe-Provider": value})

    assert asked("echo").status_code == 200
    assert asked("text=echo").status_code == 200
    unknown = asked("echoo")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "unknown_provider")
    assert 'Did you mean "echo"' in unknown.json()["error"]["message"]
    other = asked("tts=echo")
    assert (other.status_code, other.json()["error"]["code"]) == (400, "invalid_argument")


def test_local_only_and_priority_are_taken_from_headers_too(client) -> None:
    headers = {"X-Troupe-Local-Only": "1", "X-Troupe-Priority": "batch"}
    assert client.post("/api/text", json={"prompt": "a"}, headers=headers).status_code == 200
    for name in headers:
        reply = client.post("/api/text", json={"prompt": "a"}, headers={name: "perhaps"})
        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_argument")
        assert name.casefold() in reply.json()["error"]["message"]


def test_nothing_left_a_traceback(gateway, service) -> None:
    assert "Traceback" not in gateway.log + service.log
