"""Whatever MiniMax sends: an answer, or a leaf of the error tree that is no defect of ours; time and memory bound."""

import asyncio
import copy
import gzip
import json
import random
from contextlib import asynccontextmanager

import pytest

from gateway.providers.minimax.account import Account
from gateway.providers.minimax.desk import Pace
from gateway.providers.minimax.rung import make_rung
from gateway.providers.minimax.spend import Spend
from gateway.routing.need import Modality
from gateway.routing.rung import Policy
from troupe.v1.engine_pb2 import Principal
from troupe.v1.speech_pb2 import CloneVoiceInput, CloneVoiceSettings, Consent, ListVoicesRequest
from troupe.v1.text_pb2 import ROLE_USER, ChatRequest, ContentPart, Message
from troupe.v1.video_pb2 import AnimateInput, AnimateSettings, GenerateRequest, Speech24k
from troupe.wire.errors import EngineFailed, TroupeError

ODD = (None, True, -1, 0, 2, 10**30, 1.5, "", "x" * 5000, "\x00\u202e", [], {}, [[]], {"a": {}}, "1002", "0", [None])
OK = {"status_code": 0, "status_msg": "success"}
CHAT_EVENT = {
    "id": "1", "model": "MiniMax-M2", "base_resp": OK, "usage": {"prompt_tokens": 1, "completion_tokens": 2},
    "choices": [{"index": 0, "finish_reason": "stop", "delta": {
        "content": "hi", "reasoning_content": "hm", "reasoning_details": [{"text": "hm"}],
        "tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}]}}],
}  # fmt: skip
AUDIO_EVENT = {
    "data": {"audio": "00010203", "status": 2, "subtitle_file": "http://127.0.0.1:1/x"}, "trace_id": "t",
    "extra_info": {"audio_length": 10, "audio_sample_rate": 24000, "usage_characters": 3}, "base_resp": OK,
}  # fmt: skip
VIDEO = {
    "task_id": "1", "status": "Success", "file_id": "2", "base_resp": OK,
    "task": {"id": "1", "status": "succeeded", "content": {"url": "http://127.0.0.1:1/x"}},
    "file": {"file_id": 2, "download_url": "http://127.0.0.1:1/x"}, "voice_cloning": [{"voice_id": "a-tr123"}],
}  # fmt: skip

CHAT = [ChatRequest(messages=[Message(role=ROLE_USER, content=[ContentPart(text="hi")])])]
CONSENT = Consent(speaker="a", statement="b")
CLONE = [
    CloneVoiceInput(settings=CloneVoiceSettings(principal=Principal(key_id="k"), consent=CONSENT)),
    CloneVoiceInput(sample=b"ID3" + bytes(2000)),
]
HEAD = [
    AnimateInput(settings=AnimateSettings()),
    AnimateInput(picture=b"\x89PNG" + bytes(9)),
    AnimateInput(speech=Speech24k(pcm=bytes(48000))),
]


@asynccontextmanager
async def server(answer):
    """Answers every request with `answer()`'s raw bytes, then closes."""

    async def serve(reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
            )
            await reader.readexactly(length)
            for piece in answer():
                writer.write(piece)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the caller had enough
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()
        await listening.wait_closed()


@asynccontextmanager
async def a_rung(url, modality):
    account = Account("sk-key", url)
    rung = make_rung(modality, "minimax", account, Policy(timeout_s=5.0, first_s=5.0), Spend(None))
    rung.desk.pace = Pace(first_s=0.0, longest_s=0.0, patience=2)
    yield rung
    await account.aclose()


def mutated(chance, value, depth=0):
    """A copy in which some values are odd ones."""
    if chance.random() < 0.12:
        return copy.deepcopy(chance.choice(ODD))
    if isinstance(value, dict):
        return {key: mutated(chance, each, depth + 1) for key, each in value.items() if chance.random() > 0.06}
    if isinstance(value, list):
        return [mutated(chance, each, depth + 1) for each in value for _ in range(chance.choice([0, 1, 1, 1, 2]))]
    return value


def http(body, kind="application/json", status="200 OK", headers="") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n{headers}connection: close\r\n\r\n".encode() + body


def an_answer(chance, base) -> bytes:
    bodies = [json.dumps(mutated(chance, base)).encode() for _ in range(chance.randint(1, 4))]
    stream = b"".join(b"data: " + body + b"\n\n" for body in bodies) + chance.choice(
        [b"", b"data: [DONE]\n\n", b"data:"]
    )
    noise = chance.randbytes(chance.randint(0, 300))
    return chance.choice(
        [
            http(bodies[0]),
            http(bodies[0]),
            http(stream, "text/event-stream"),
            http(stream, "text/event-stream"),
            http(stream[: chance.randint(0, len(stream))], "text/event-stream"),
            http(bodies[0], status=f"{chance.choice([201, 204, 301, 400, 401, 404, 418, 422, 429, 500, 529, 599])} No"),
            http(noise),
            http(noise, "text/event-stream"),
            http(b"", headers="content-length: 50\r\n"),
            http(gzip.compress(bodies[0]), headers="content-encoding: gzip\r\n"),
            http(b"zz\r\n" + noise, headers="transfer-encoding: chunked\r\n"),
            http(b"", status="302 Found", headers="location: http://169.254.169.254/\r\nretry-after: soon\r\n"),
            http(b"[" * 3000),
            noise,
            b"",
        ]
    )


@pytest.mark.parametrize(
    ("modality", "method", "inputs", "base"),
    [
        (Modality.TEXT, "Chat", CHAT, CHAT_EVENT),
        (Modality.TTS, "Synthesize", None, AUDIO_EVENT),
        (Modality.TTS, "CloneVoice", CLONE, VIDEO),
        (Modality.TTS, "ListVoices", [ListVoicesRequest()], VIDEO),
        (Modality.VIDEO, "Generate", [GenerateRequest(prompt="a cat")], VIDEO),
        (Modality.VIDEO, "Animate", HEAD, VIDEO),
    ],
)
async def test_answers_that_are_odd(ask, spoken, modality, method, inputs, base):  # noqa: PLR0917  # pytest's order
    chance = random.Random(f"{method}")
    inputs = inputs or spoken("Hello you.")
    ended = set()
    async with server(lambda: [an_answer(chance, base)]) as url:
        for _ in range(120):
            async with a_rung(url, modality) as rung:
                try:
                    await ask(rung, *inputs, method=method, timeout_s=5.0, commits=lambda _m: True)
                    ended.add("answered")
                except TroupeError as error:
                    ended.add(type(error).__name__)
                assert rung.desk.running == 0
    assert {"EngineFailed"} < ended
    assert not {"Internal", "Unauthenticated", "PermissionDenied", "RateLimited", "QuotaExceeded"} & ended


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
@pytest.mark.parametrize("piece", [b"0" * 65536, b"data: " + b"0" * 65530, b"\n" * 65536, b": x\n" * 16384])
async def test_an_endless_answer_is_cut_off(ask, kind, piece, monkeypatch):
    monkeypatch.setattr("gateway.providers.minimax.text.MAX_ANSWER_BYTES", 4_000_000)
    sent = []

    def endless():
        yield http(b"", kind)
        while True:
            sent.append(len(piece))
            yield piece

    async with server(endless) as url, a_rung(url, Modality.TEXT) as rung:
        with pytest.raises(EngineFailed, match="more than 4,000,000 bytes"):
            await ask(rung, *CHAT)
    assert sum(sent) < 40_000_000  # what sockets hold comes on top


async def test_an_answer_that_dribbles_is_given_up(ask, monkeypatch):
    def dribble():
        yield http(b"", "text/event-stream")
        yield b"data: "

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        for piece in dribble():
            writer.write(piece)
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    async def quietly(reader, writer):
        try:
            await serve(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(quietly, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with a_rung(f"http://127.0.0.1:{port}", Modality.TEXT) as rung:
        with pytest.raises(TroupeError, match="not finished"):
            await ask(rung, *CHAT, timeout_s=0.5)
    listening.close()
    await listening.wait_closed()
