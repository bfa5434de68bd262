"""The engine on fake servers of every kind: what each is, what it can do, and how it answers."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import TracerProvider
from tests.fakes.openai_server import CONTEXT, MODEL, Manners, serving
from tests.unit.svc_text.engines.openai.asking import answer, asking, said, started

from svc_text.engine import ResponseFormat, Tool, Turn
from troupe.wire.errors import (
    EngineMissing,
    NotSupported,
)
from troupe.wire.traces import Traces, within

ALL = tuple(Manners)


@pytest.mark.parametrize("manners", ALL)
async def test_each_kind_is_known_and_answers(manners: Manners) -> None:
    names = {
        Manners.VLLM: "vLLM 0.33.0",
        Manners.SGLANG: "SGLang",
        Manners.OLLAMA: "Ollama 0.12.1",
        Manners.NIM: "NIM 1.13.0",
        Manners.NOBODY: "OpenAI-compatible server",
    }
    async with serving(manners) as server, started(server.url) as engine:
        deltas = await answer(engine, asking(max_tokens=2))
        assert engine.facts.version == names[manners]
        assert engine.facts.models == (MODEL, "thinks")
        assert said(deltas) == "one two"
        last = deltas[-1]
        assert (last.finish, last.completion_tokens) == ("length", 2)
        assert last.prompt_tokens == (0 if manners is Manners.NOBODY else 3)
        assert server.asked[-1]["model"] == MODEL


@pytest.mark.parametrize(
    ("manners", "has", "lacks"),
    [
        (Manners.VLLM, {"continue", "n", "logprobs", "tools", "tool_choice", "json_schema", "few_stops"}, {"grammar"}),
        (Manners.SGLANG, {"continue", "n", "logprobs"}, {"few_stops"}),
        (Manners.OLLAMA, {"tools", "json_schema", "seed"}, {"n", "logprobs", "tool_choice", "continue", "logit_bias"}),
        (Manners.NIM, {"logprobs", "tools"}, {"continue", "n", "reasoning"}),
        (Manners.NOBODY, {"stop", "max_tokens"}, {"continue", "n", "reasoning", "few_stops"}),
    ],
)
async def test_what_each_can_do_is_declared(manners: Manners, has: set[str], lacks: set[str]) -> None:
    async with serving(manners) as server, started(server.url) as engine:
        features = set(engine.facts.features)
    assert has <= features
    assert not lacks & features


async def test_what_a_server_was_not_started_for_is_found_out_at_the_start() -> None:
    async with serving(auto_tools=False) as server, started(server.url) as engine:
        assert not {"tools", "tool_choice"} & set(engine.facts.features)
        assert "json_schema" in engine.facts.features
        before = len(server.asked)
        await answer(engine, asking())
        assert len(server.asked) == before + 1


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
async def test_the_address_may_be_written_in_every_usual_way(suffix: str) -> None:
    async with serving() as server, started(server.url + suffix) as engine:
        assert said(await answer(engine, asking())) == "one two three"
        async with started(server.url.removeprefix("http://")) as bare:
            assert said(await answer(bare, asking())) == "one two three"


async def test_limits_come_from_the_server() -> None:
    async with serving() as server, started(server.url, concurrency=7) as engine:
        facts = engine.facts
    assert (facts.max_input_tokens, facts.max_output_tokens, facts.max_concurrency) == (CONTEXT, CONTEXT, 7)
    assert (facts.licence, facts.commercial_use) == ("unknown", False)


@pytest.mark.parametrize(("wanted", "asked"), [("", MODEL), ("thinks", "thinks"), ("gpt-9", MODEL)])
async def test_a_chat_names_a_model_or_gets_the_default_one(wanted: str, asked: str) -> None:
    async with serving() as server, started(server.url) as engine:
        await answer(engine, asking(model=wanted, reasoning="off"))
        assert server.asked[-1]["model"] == asked


async def test_the_default_model_is_a_setting() -> None:
    async with serving(Manners.OLLAMA, models=["a:latest", "b:latest"]) as server:
        async with started(server.url, model="b") as engine:
            assert engine.facts.model == "b:latest"
        with pytest.raises(EngineMissing, match="has no model 'c'; it has: a:latest, b:latest") as raised:
            async with started(server.url, model="c"):
                pass
        assert raised.value.details["remedy"] == "set PROVIDER_VLLM_MODEL=a:latest"


async def test_without_an_address_it_says_what_to_set() -> None:
    with pytest.raises(EngineMissing, match="PROVIDER_VLLM_BASE_URL is not set") as raised:
        async with started(""):
            pass
    assert raised.value.details["remedy"] == "set PROVIDER_VLLM_BASE_URL=http://localhost:8001"


@pytest.mark.parametrize(("manners", "tokens"), [(Manners.VLLM, 3), (Manners.SGLANG, 3)])
async def test_tokens_of_a_prompt_are_counted_by_the_server(manners: Manners, tokens: int) -> None:
    async with serving(manners) as server, started(server.url) as engine:
        assert await engine.count(asking()) == tokens
        assert "count_tokens" in engine.facts.tasks


async def test_a_server_that_does_not_count_says_so() -> None:
    async with serving(Manners.OLLAMA) as server, started(server.url) as engine:
        assert engine.facts.tasks == ("chat",)
        with pytest.raises(NotSupported, match="does not count"):
            await engine.count(asking())


@pytest.mark.parametrize("manners", [Manners.VLLM, Manners.SGLANG, Manners.OLLAMA])
async def test_thoughts_tools_and_json_in_each_ones_manners(manners: Manners) -> None:
    async with serving(manners) as server, started(server.url) as engine:
        thought = await answer(engine, asking(model="thinks"))
        assert "".join(delta.reasoning for delta in thought) == "Hm, hm."
        assert said(thought) == "one two three"
        called = await answer(engine, asking(tools=(Tool("f"), Tool("g"))))
        pieces = [piece for delta in called for piece in delta.tool_calls]
        assert (pieces[0].name, "".join(piece.arguments for piece in pieces)) == ("f", "{}")
        assert called[-1].finish == "tool_calls"
        schema = '{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}'
        assert said(await answer(engine, asking(response=ResponseFormat("json_schema", "x", schema))))


async def test_a_begun_answer_goes_on() -> None:
    async with serving() as server, started(server.url) as engine:
        deltas = await answer(engine, asking("one two three", Turn("assistant", "one"), continue_final=True))
    assert said(deltas) == " two three"


async def test_a_chat_that_is_traced_tells_its_server_of_which_trace_it_is() -> None:
    traces = Traces(TracerProvider(shutdown_on_exit=False))
    async with serving() as server, started(server.url) as engine:
        await answer(engine, asking())
        assert "traceparent" not in server.headers[-1]
        with within(None):
            span = traces.begin("Chat")
            await answer(engine, asking())
        assert server.headers[-1]["traceparent"] == span.traceparent
    traces.close()
