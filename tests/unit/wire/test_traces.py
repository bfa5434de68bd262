from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator

import grpc.aio
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from troupe.v1 import text_pb2, text_pb2_grpc
from troupe.wire.channels import open_channel
from troupe.wire.errors import InvalidArgument, NoFace
from troupe.wire.health import EngineBoard
from troupe.wire.interceptors import RpcMetrics
from troupe.wire.serving import Service, bind, make_server
from troupe.wire.traces import LEFT, TRACEPARENT, Traces, current, step, within

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Kept:
    """Traces, and what has been told of them so far."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.traces = Traces(provider)

    def told(self) -> dict[str, dict]:
        """Name -> attributes, of the spans that have ended."""
        return {span.name: dict(span.attributes) for span in self.exporter.get_finished_spans()}


@pytest.fixture
def kept() -> Iterator[Kept]:
    with within(None):
        kept = Kept()
        yield kept
        kept.traces.close()


def test_without_an_endpoint_there_is_nothing() -> None:
    assert Traces.of("", "gateway") is None
    assert current() is None
    with step("engine"):
        assert current() is None


def test_nothing_of_opentelemetrys_sdk_is_loaded_where_it_is_off() -> None:
    program = (
        "import sys; from troupe.wire.traces import Traces, step; Traces.of('', 'x'); step('a').__enter__(); "
        "import svc_text.__main__, svc_tts.__main__, svc_video.process; "
        "sys.exit(any(name.startswith('opentelemetry.') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_where_the_extra_is_missing_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("opentelemetry.sdk.trace", "opentelemetry.sdk.resources"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InvalidArgument, match=r"OTEL_EXPORTER_OTLP_ENDPOINT is set.*troupe-protos\[tracing\]"):
        Traces.of("http://127.0.0.1:4317", "gateway")


@pytest.mark.parametrize("wrong", ["collector:4317", "nonsense", "http://", "grpc://collector:4317"])
def test_what_is_no_address_of_a_collector_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidArgument, match=f"OTEL_EXPORTER_OTLP_ENDPOINT={wrong}: http://host:port"):
        Traces.of(wrong, "gateway")


def test_a_collector_that_hangs_holds_up_no_end() -> None:
    """It takes connections and says nothing: a process that ends waits two seconds, and its own end ends the thread."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        program = (
            "import sys, time; from troupe.wire.traces import Traces; traces = Traces.of(sys.argv[1], 'x')\n"
            "for _ in range(1500): traces.begin('a').end()\n"
            "time.sleep(0.2); began = time.monotonic(); traces.close(); sys.stdout.write(str(time.monotonic() - began))"
        )
        command = [sys.executable, "-c", program, f"http://127.0.0.1:{silent.getsockname()[1]}"]
        began = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        assert float(done.stdout) < 5
        assert time.monotonic() - began < 15


def test_a_request_is_part_of_its_callers_trace(kept: Kept) -> None:
    span = kept.traces.begin("POST", PARENT, troupe_request="req_1")
    assert current() is span
    assert span.traceparent.split("-")[1] == PARENT.split("-")[1]
    assert span.traceparent.split("-")[2] != PARENT.split("-")[2]
    span.tell("POST /api/text", http_response_status__code=200)
    span.end()
    span.end("internal")  # too late
    assert kept.told() == {
        "POST /api/text": {"troupe.request": "req_1", "http.response.status_code": 200, "troupe.code": "ok"}
    }


@pytest.mark.parametrize("wrong", ["", "?", "00-0-0-0", PARENT + "-" + "x" * 200])
def test_what_is_no_traceparent_begins_a_trace(kept: Kept, wrong: str) -> None:
    assert kept.traces.begin("Chat", wrong).traceparent.split("-")[1] != PARENT.split("-")[1]


def test_steps_end_with_what_ended_them(kept: Kept) -> None:
    kept.traces.begin("Chat")
    with step("good", troupe_engine="echo"):
        pass
    with pytest.raises(NoFace), step("refused"):
        raise NoFace("No face.")
    with pytest.raises(KeyboardInterrupt), step("gone"):
        raise KeyboardInterrupt
    with pytest.raises(RuntimeError), step("broken"):
        raise RuntimeError("a defect")
    told = kept.told()
    assert told["good"] == {"troupe.engine": "echo", "troupe.code": "ok"}
    assert told["refused"] == {"troupe.code": NoFace.code}
    assert told["gone"] == {"troupe.code": LEFT}
    assert told["broken"] == {"troupe.code": "internal"}
    status = {span.name: span.status.is_ok for span in kept.exporter.get_finished_spans()}
    assert status == {"good": True, "refused": False, "gone": True, "broken": False}


class Answering(text_pb2_grpc.TextServicer):
    async def Chat(self, request: text_pb2.ChatRequest, context: object) -> AsyncIterator[text_pb2.ChatDelta]:
        delta = text_pb2.ChatDelta()
        delta.tick.SetInParent()
        yield delta
        await asyncio.sleep(0.05)
        with step("engine", troupe_engine="echo"):
            yield text_pb2.ChatDelta(content="1")
        yield text_pb2.ChatDelta(content="2")

    async def CountTokens(self, request: text_pb2.CountTokensRequest, context: object) -> None:
        raise NoFace("No face.")


async def test_calls_are_traced_up_to_their_first_output_and_their_end(kept: Kept) -> None:
    metrics = RpcMetrics(CollectorRegistry())
    metrics.traces = kept.traces
    service = Service("troupe.v1.Text", lambda s: text_pb2_grpc.add_TextServicer_to_server(Answering(), s))
    server = make_server([service], EngineBoard("troupe.v1.Text", []), CollectorRegistry(), metrics=metrics)
    port = bind(server, "127.0.0.1", 0, "PORT")
    await server.start()
    async with open_channel(f"127.0.0.1:{port}") as channel:
        stub, metadata = text_pb2_grpc.TextStub(channel), ((TRACEPARENT, PARENT),)
        assert len([delta async for delta in stub.Chat(text_pb2.ChatRequest(), metadata=metadata)]) == 3
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.CountTokens(text_pb2.CountTokensRequest(), metadata=metadata)
    await server.stop(None)
    spans = {span.name: span for span in kept.exporter.get_finished_spans()}
    assert {name: span.attributes["troupe.code"] for name, span in spans.items()} == {
        "Chat": "ok",
        "engine": "ok",
        "CountTokens": NoFace.code,
    }
    assert {f"{span.context.trace_id:032x}" for span in spans.values()} == {PARENT.split("-")[1]}
    assert spans["engine"].parent.span_id == spans["Chat"].context.span_id
    (first,) = spans["Chat"].events
    assert first.name == "first output"
    assert first.timestamp - spans["Chat"].start_time >= 0.05e9  # after the tick
