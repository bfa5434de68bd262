"""svc-text as a real process: pages in pieces come back as text, and documents as a script or a profile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import grpc.aio
import pytest

from troupe.v1 import engine_pb2, text_pb2, text_pb2_grpc
from troupe.wire.channels import open_channel
from troupe.wire.errors import (
    EmptyText,
    MediaTooLarge,
    NotSupported,
    UnsupportedMedia,
)
from troupe.wire.statuses import from_rpc_error

COMPANIES = Path(__file__).parents[1] / "fakes" / "companies"
PIECE = 700  # bytes
SETTINGS = text_pb2.ExtractSettings(
    engine="extractive", url="https://www.brunnhuber-pumpen.de/", content_type="text/html"
)


@pytest.fixture(scope="module")
def service(start_service_once):
    return start_service_once("svc_text", TROUPE_TEXT_ENGINES="extractive,echo")


@pytest.fixture
async def stub(service) -> AsyncIterator[text_pb2_grpc.TextStub]:
    async with open_channel(service.grpc) as channel, asyncio.timeout(50):
        stub = text_pb2_grpc.TextStub(channel)
        while (await described(stub)).state != engine_pb2.ENGINE_STATE_READY:
            await asyncio.sleep(0.05)
        yield stub


async def described(stub: text_pb2_grpc.TextStub) -> engine_pb2.EngineInfo:
    reply = await stub.Describe(engine_pb2.DescribeRequest(), timeout=5)
    return reply.engines[0]


async def sent(data: bytes, settings: text_pb2.ExtractSettings = SETTINGS) -> AsyncIterator[text_pb2.ExtractInput]:
    yield text_pb2.ExtractInput(settings=settings)
    for start in range(0, len(data), PIECE):
        yield text_pb2.ExtractInput(page=data[start : start + PIECE])


async def extracted(stub: text_pb2_grpc.TextStub, name: str = "pumps_de") -> text_pb2.ExtractResponse:
    return await stub.Extract(sent((COMPANIES / f"{name}.html").read_bytes()), timeout=20)


def asking(page: text_pb2.ExtractResponse, **more: object) -> text_pb2.ChatRequest:
    request = text_pb2.ChatRequest(engine="extractive", **more)
    request.messages.add(role=text_pb2.ROLE_USER).content.add(text="Who are they?")
    request.documents.add(url=SETTINGS.url, title=page.title, text=page.text)
    return request


async def test_a_page_comes_back_as_what_it_says(stub) -> None:
    page = await extracted(stub)
    assert page.title.endswith("Brunnhuber Pumpenbau GmbH")
    assert page.text.startswith("# Pumpen, die Strom sparen\nBrunnhuber entwickelt")
    assert (page.language, page.site_name) == ("de", "Brunnhuber Pumpenbau")
    assert page.links[0] == "https://www.brunnhuber-pumpen.de/produkte"


async def test_the_first_engine_that_reads_pages_reads_those_that_name_none(stub) -> None:
    page = await stub.Extract(sent(b"<p>Words of a page.</p>", text_pb2.ExtractSettings()), timeout=20)
    assert page.text == "Words of a page."


@pytest.mark.parametrize(
    ("data", "engine", "leaf"),
    [
        (b"", "extractive", EmptyText),
        (b"%PDF-1.7", "extractive", UnsupportedMedia),
        (b"<p>x</p>" * (300 * 1024), "extractive", MediaTooLarge),
        (b"<p>x</p>", "echo", NotSupported),
    ],
)
async def test_what_cannot_be_read_is_a_typed_error(stub, data: bytes, engine: str, leaf: type) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.Extract(sent(data, text_pb2.ExtractSettings(engine=engine)), timeout=20)
    assert isinstance(from_rpc_error(caught.value), leaf)


async def test_many_pages_at_once(stub) -> None:
    names = [path.stem for path in COMPANIES.glob("*.html")]
    pages = await asyncio.gather(*(extracted(stub, name) for name in names))
    assert all(len(page.text) > 200 for page in pages)
    assert (await described(stub)).outstanding == 0


async def test_a_chat_about_a_page_is_a_script_sentence_by_sentence(stub) -> None:
    deltas = [delta async for delta in stub.Chat(asking(await extracted(stub)), timeout=20)]
    spoken = [delta.content for delta in deltas if delta.content]
    assert spoken[0].startswith("Brunnhuber entwickelt und fertigt")
    assert 5 <= len(spoken) <= 12
    assert deltas[-1].finish_reason == text_pb2.FINISH_REASON_STOP
    assert deltas[-1].usage.completion_tokens >= 75


async def test_a_profile_is_json(stub) -> None:
    form = text_pb2.ResponseFormat(type="json_schema", name="company_profile", json_schema="{}")
    request = asking(await extracted(stub), response_format=form)
    profile = json.loads("".join([delta.content async for delta in stub.Chat(request, timeout=20)]))
    assert profile["name"] == "Brunnhuber Pumpenbau GmbH"
    assert {fact["page"] for fact in profile["facts"]} == {SETTINGS.url}


async def test_another_schema_and_a_chat_without_documents_are_refused(stub) -> None:
    other = asking(
        text_pb2.ExtractResponse(text="x"), response_format=text_pb2.ResponseFormat(type="json_schema", name="x")
    )
    bare = text_pb2.ChatRequest(engine="extractive")
    bare.messages.add(role=text_pb2.ROLE_USER).content.add(text="Hello")
    for request in (other, bare):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Chat(request, timeout=20).read()
        assert isinstance(from_rpc_error(caught.value), NotSupported)


async def test_it_says_what_it_can(stub) -> None:
    info = await described(stub)
    assert set(info.tasks) == {engine_pb2.TASK_CHAT, engine_pb2.TASK_COUNT_TOKENS, engine_pb2.TASK_EXTRACT}
    assert {"documents", "documents_only", "json_schema:company_profile"} <= set(info.features)
    assert (info.licence.name, info.device) == ("Apache-2.0", "cpu")
    counted = await stub.CountTokens(text_pb2.CountTokensRequest(request=asking(await extracted(stub))), timeout=20)
    assert counted.tokens > 100
