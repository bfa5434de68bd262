"""Traces: how one request went through the parts, told to a collector by OTLP. Off where no endpoint is set.

    request (gateway)  POST /api/text, or an RPC of the gateway's own gRPC
      chain            text, speech or video; ends with who served
        attempt        one replica of one rung: its first output is an event, its end has the error's code
          call         (a service) the RPC, or a chat on `Connect`; first output, end
            engine     (a service) the engine's own time

A `traceparent` (W3C Trace Context) of the caller is taken up, and passed on in gRPC's metadata and in `StartChat`. No
attribute holds what callers wrote: names of rungs and engines, addresses, codes and the request's id are all there is.
Without an endpoint no span is ever made: what asks whether there is one reads a variable of its task.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal
from urllib.parse import urlsplit

from troupe.wire.errors import Cancelled, Internal, InvalidArgument, TroupeError

TRACEPARENT = "traceparent"
"""The header, and the key of gRPC's metadata."""
LONGEST_TRACEPARENT = 128
FIRST_OUTPUT = "first output"
OK = "ok"
LEFT = "left"
"""Who read it stopped reading: he had enough, or has gone."""
NO_ERRORS = frozenset({OK, LEFT, Cancelled.code})
CODE = "troupe.code"
FLUSH_S = 2.0
SETTING = "OTEL_EXPORTER_OTLP_ENDPOINT"

Kind = Literal["SERVER", "CLIENT", "INTERNAL"]


class Span:
    """A step of a request: begun when it is made, told to the collector when it has ended."""

    def __init__(self, tracer: Any, name: str, kind: Kind, context: Any, attributes: dict[str, str]) -> None:
        from opentelemetry.trace import SpanKind  # noqa: PLC0415  # an extra, needed where there is an endpoint

        self._tracer = tracer
        self._span = tracer.start_span(name, context=context, kind=SpanKind[kind], attributes=attributes)

    @property
    def traceparent(self) -> str:
        """What makes a step of another process part of this one."""
        own = self._span.get_span_context()
        return f"00-{own.trace_id:032x}-{own.span_id:016x}-{int(own.trace_flags):02x}"

    def child(self, name: str, kind: Kind = "INTERNAL", **attributes: str) -> Span:
        """A step within this one; dots of attributes' names are written as underscores."""
        from opentelemetry.trace import set_span_in_context  # noqa: PLC0415  # as above

        return Span(self._tracer, name, kind, set_span_in_context(self._span), _dotted(attributes))

    def event(self, name: str = FIRST_OUTPUT) -> None:
        """Something happened now."""
        self._span.add_event(name)

    def tell(self, name: str = "", **attributes: str | int) -> None:
        """What is known only now; `name`: a better one."""
        self._span.set_attributes(_dotted(attributes))
        if name:
            self._span.update_name(name)

    def end(self, code: str = OK) -> None:
        """It is over: well, or by the error of that code. Ending it again changes nothing."""
        from opentelemetry.trace import StatusCode  # noqa: PLC0415  # as above

        if self._span.is_recording():
            self._span.set_attribute(CODE, code)
            if code not in NO_ERRORS:
                self._span.set_status(StatusCode.ERROR, code)
            self._span.end()


# Of what the running task does; a task's children inherit it.
_current: ContextVar[Span | None] = ContextVar("span", default=None)


class Traces:
    """Makes the first span of each request that this process takes, and sends all of them in the background."""

    def __init__(self, provider: Any, exporter: Any = None) -> None:
        self._provider = provider
        self._exporter = exporter  # that sends; None = one that cannot be late
        self._tracer = provider.get_tracer("troupe")

    @classmethod
    def of(cls, endpoint: str, service: str) -> Traces | None:
        """For the collector at `http://host:4317`; None where there is none. Raises `InvalidArgument`."""
        if not endpoint:
            return None
        _check(endpoint)
        try:
            from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
            from opentelemetry.sdk.resources import Resource  # noqa: PLC0415  # an extra
            from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
            from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        except ImportError as error:
            raise InvalidArgument(
                f"{SETTING} is set, and {error.name} is missing: pip install 'troupe-protos[tracing]', or unset it.",
                setting=SETTING,
            ) from error
        provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=endpoint)
        provider.add_span_processor(BatchSpanProcessor(exporter))
        logging.getLogger("opentelemetry.exporter").setLevel(logging.ERROR)  # else each try in vain is a line
        return cls(provider, exporter)

    def begin(self, name: str, traceparent: str = "", **attributes: str) -> Span:
        """The span of a request, part of the caller's trace where he has one; it is the task's from now on."""
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        carrier = {TRACEPARENT: traceparent} if 0 < len(traceparent) <= LONGEST_TRACEPARENT else {}
        context = TraceContextTextMapPropagator().extract(carrier)
        span = Span(self._tracer, name, "SERVER", context, _dotted(attributes))
        _current.set(span)
        return span

    def close(self) -> None:
        """Send what is left; waits two seconds at most."""
        # The SDK's own flush knows no limit (opentelemetry-python#4568): a collector that hangs takes 30 s of a drain.
        sending = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        sending.start()
        sending.join(FLUSH_S)
        if sending.is_alive() and self._exporter is not None:
            self._exporter.shutdown()  # it tries no more


def current() -> Span | None:
    """The step that this task is in; None where nothing is traced."""
    return _current.get()


@contextmanager
def within(span: Span | None) -> Iterator[None]:
    """What is begun in the block is a part of that step."""
    before = _current.get()
    _current.set(span)
    try:
        yield
    finally:
        _current.set(before)


@contextmanager
def step(name: str, **attributes: str) -> Iterator[None]:
    """The block is a step of what this task does, where that is traced."""
    parent = _current.get()
    if parent is None:
        yield
        return
    span = parent.child(name, "INTERNAL", **attributes)
    try:
        yield
    except TroupeError as error:
        span.end(error.code)
        raise
    except Exception:
        span.end(Internal.code)
        raise
    except BaseException:  # cancelled, or not read to its end
        span.end(LEFT)
        raise
    span.end()


def _check(endpoint: str) -> None:
    """What the exporter would take for a host that never answers. Raises `InvalidArgument`."""
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InvalidArgument(f"{SETTING}={endpoint}: http://host:port is needed, or nothing.", setting=SETTING)


def _dotted(attributes: dict[str, Any]) -> dict[str, Any]:
    """`http_response_status__code` -> `http.response.status_code`."""
    return {name.replace("_", ".").replace("..", "_"): value for name, value in attributes.items()}
