"""The layer every request passes, as ASGI: ids, refusals, sizes, and clients that leave."""

import asyncio
import json
from types import SimpleNamespace

import pytest

import gateway.guard.doorkeeper as module
from gateway.dialects.replies import error_reply
from gateway.guard.doorkeeper import Doorkeeper
from gateway.guard.keys import Keyring, create_key
from gateway.guard.limits import Limits
from gateway.metrics import Metrics


class Client:
    """One client: the messages it sends, and what it was sent."""

    def __init__(self, *messages) -> None:
        self._messages = list(messages)
        self.left = asyncio.Event()
        self.sent = []

    async def receive(self):
        if self._messages:
            return self._messages.pop(0)
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return self.sent[0]["status"]

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


def body(data: bytes = b"", *, more: bool = False):
    return {"type": "http.request", "body": data, "more_body": more}


def scope(path="/api/voice", **headers):
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": "POST", "path": path, "headers": pairs, "state": {}}


@pytest.fixture
def door():
    def make(app, keyring=None) -> Doorkeeper:
        rules = SimpleNamespace(
            keyring=keyring or Keyring(None),
            limits=Limits(upload_bytes=1000, json_bytes=100),
            metrics=Metrics(),
            traces=None,
        )
        return Doorkeeper(app, rules=rules, refusal=error_reply)

    return make


async def reads_all(scope, receive, send):
    data, more = b"", True
    while more:
        message = await receive()
        data, more = data + message["body"], message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": data, "more_body": False})


async def test_a_request_passes_with_an_id_and_a_caller(door) -> None:
    seen = {}

    async def app(scope, receive, send):
        seen.update(scope["state"])
        await reads_all(scope, receive, send)

    client = Client(body(b"ab", more=True), body(b"cd"))
    await door(app)(scope(), client.receive, client.send)
    assert (client.status, client.body) == (200, b"abcd")
    assert seen["request_id"].startswith("req_")
    assert seen["caller"].key_id == "local"


async def test_an_announced_size_is_refused_before_anything_is_read(door) -> None:
    async def app(*_):
        raise AssertionError

    client = Client()
    client.left.set()
    await door(app)(scope(content_length="101"), client.receive, client.send)
    assert client.status == 413
    assert json.loads(client.body)["error"]["code"] == "body_too_large"
    assert (b"connection", b"close") in client.sent[0]["headers"]


async def test_a_body_is_counted_while_it_comes_and_the_application_is_stopped(door) -> None:
    stopped = asyncio.Event()

    async def app(scope, receive, send):
        try:
            await reads_all(scope, receive, send)
        finally:
            stopped.set()

    client = Client(*(body(b"x" * 60, more=True) for _ in range(4)), body())
    await door(app)(scope(), client.receive, client.send)
    assert client.status == 413
    assert stopped.is_set()


async def test_a_client_that_leaves_stops_the_application(door) -> None:
    working, stopped = asyncio.Event(), asyncio.Event()

    async def app(_scope, _receive, _send):
        working.set()
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()

    client = Client(body(b"{}"))
    keeper = door(app)
    visit = asyncio.ensure_future(keeper(scope(), client.receive, client.send))
    await working.wait()
    client.left.set()
    async with asyncio.timeout(5):
        await visit
    assert stopped.is_set()
    assert client.sent == []
    assert b'status="499"' in keeper.rules.metrics.render()


async def test_a_body_that_stalls_is_given_up(door, monkeypatch) -> None:
    monkeypatch.setattr(module, "BODY_STALL_S", 0.05)
    monkeypatch.setattr(module, "LINGER_S", 0.05)
    client = Client(body(b"x", more=True))
    async with asyncio.timeout(5):
        await door(reads_all)(scope(), client.receive, client.send)
    assert client.status == 504
    assert b"sent nothing" in client.body


async def test_a_defect_is_answered_with_its_id_and_nothing_else(door, caplog) -> None:
    async def app(*_):
        raise ZeroDivisionError("secret detail")

    client = Client(body())
    await door(app)(scope(), client.receive, client.send)
    error = json.loads(client.body)["error"]
    assert (client.status, error["code"]) == (500, "internal")
    assert "secret" not in client.body.decode()
    assert error["details"]["error_id"] in caplog.text


async def test_a_defect_after_the_first_byte_cuts_the_answer(door) -> None:
    async def app(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    client = Client(body())
    await door(app)(scope(), client.receive, client.send)
    assert [message["type"] for message in client.sent] == ["http.response.start"]


async def test_without_a_key_the_body_is_never_read(door, tmp_path) -> None:
    key = create_key(tmp_path / "keys.json", "a")
    ring = Keyring(tmp_path / "keys.json")
    client = Client()
    client.left.set()
    await door(reads_all, ring)(scope(), client.receive, client.send)
    assert client.status == 401
    client = Client(body(b"hello"))
    await door(reads_all, ring)(scope(x_api_key=key), client.receive, client.send)
    assert client.status == 200


async def test_open_paths_need_no_key(door, tmp_path) -> None:
    create_key(tmp_path / "keys.json", "a")
    client = Client(body())
    await door(reads_all, Keyring(tmp_path / "keys.json"))(scope("/health"), client.receive, client.send)
    assert client.status == 200


async def test_what_is_no_http_passes_untouched(door) -> None:
    seen = []

    async def app(scope, _receive, _send):
        seen.append(scope["type"])

    await door(app)({"type": "lifespan"}, None, None)
    assert seen == ["lifespan"]
