"""What an answer leaves behind in a trace: its chain, and each attempt with how it ended."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gateway.routing.need import Modality
from gateway.routing.trail import Trail
from troupe.wire.traces import LEFT, OK, Traces, current, within


@pytest.fixture
def exporter():
    """The spans of a request that began in this task."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    with within(None):
        Traces(provider).begin("POST")
        yield kept
    provider.shutdown()


def told(exporter) -> list[tuple[str, str, str]]:
    spans = exporter.get_finished_spans()
    return [(span.name, span.attributes.get("server.address", ""), span.attributes["troupe.code"]) for span in spans]


def asked(trail: Trail, rung: str, address: str) -> str:
    """The trace that is told to the replica."""
    with trail.asking(rung, "echo", address):
        return current().traceparent


def test_each_attempt_is_told_apart(exporter) -> None:
    request, trail = current(), Trail(Modality.TEXT)
    first = asked(trail, "echo", "10.0.0.1:1")
    trail.ended("cannot_connect")
    second = asked(trail, "echo", "10.0.0.2:1")
    trail.answered("echo")
    trail.over(OK)
    trail.over("internal")  # too late
    assert current() is request
    assert told(exporter) == [
        ("attempt echo", "10.0.0.1:1", "cannot_connect"),
        ("attempt echo", "10.0.0.2:1", "ok"),
        ("chain text", "", "ok"),
    ]
    spans = exporter.get_finished_spans()
    assert [f"{span.context.span_id:016x}" for span in spans[:2]] == [first.split("-")[2], second.split("-")[2]]
    assert {span.parent.span_id for span in spans[:2]} == {spans[2].context.span_id}
    assert [len(span.events) for span in spans] == [0, 1, 1]
    assert spans[2].attributes["troupe.rung"] == "echo"


def test_who_leaves_ends_what_runs(exporter) -> None:
    trail = Trail(Modality.VIDEO)
    asked(trail, "portrait", "10.0.0.1:1")
    trail.over(LEFT)
    assert [code for _, _, code in told(exporter)] == [LEFT, LEFT]
    assert all(span.status.is_ok for span in exporter.get_finished_spans())


def test_where_nothing_is_traced_nothing_is_left() -> None:
    trail = Trail(Modality.TTS)
    with trail.asking("flite", "flite", "10.0.0.1:1"):
        assert current() is None
    trail.answered("flite")
    trail.ended("internal")
    trail.over(OK)
