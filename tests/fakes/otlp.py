"""A collector of traces: takes what parts export by OTLP over gRPC, and keeps it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc


@dataclass(frozen=True)
class Told:
    """A span, flattened."""

    service: str
    name: str
    trace: str
    span: str
    parent: str  # empty = none
    attributes: dict[str, Any]
    events: tuple[str, ...]


@dataclass
class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    spans: list[Told] = field(default_factory=list)
    raw: bytes = b""
    endpoint: str = ""
    lock: Any = field(default_factory=threading.Lock)

    def Export(self, request: trace_service_pb2.ExportTraceServiceRequest, context: object) -> Any:
        with self.lock:
            self.raw += request.SerializeToString()
            for resource in request.resource_spans:
                service = _plain(resource.resource.attributes)["service.name"]
                for scope in resource.scope_spans:
                    self.spans += [_told(service, span) for span in scope.spans]
        return trace_service_pb2.ExportTraceServiceResponse()

    def until(self, enough: Callable[[list[Told]], bool], within_s: float = 30.0) -> list[Told]:
        """The spans once there are enough; whatever came, when it is too late."""
        end = time.monotonic() + within_s
        while time.monotonic() < end and not enough(self.spans):
            time.sleep(0.05)
        return self.spans


@contextmanager
def collector() -> Iterator[Collector]:
    server, taken = grpc.server(ThreadPoolExecutor(2)), Collector()
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(taken, server)
    taken.endpoint = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield taken
    finally:
        server.stop(None)


def _told(service: str, span: Any) -> Told:
    return Told(
        service,
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        _plain(span.attributes),
        tuple(event.name for event in span.events),
    )


def _plain(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
