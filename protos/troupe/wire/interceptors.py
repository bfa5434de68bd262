"""What surrounds every RPC of troupe.v1: errors of the tree become rich statuses, calls are counted and timed.

An exception that is not of the tree is a defect of ours: it is logged with an id, and the caller is told the id.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from typing import Any

import grpc
import grpc.aio
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from troupe.wire.callers import check_caller
from troupe.wire.errors import Cancelled, Internal, TroupeError
from troupe.wire.logs import REQUEST_ID, about
from troupe.wire.statuses import abort
from troupe.wire.traces import TRACEPARENT, Span, Traces

OURS = "/troupe."
UNTRACED = frozenset({"Describe", "Connect"})
"""A look each second, and a stream that carries chats: those are traced one by one."""
HEAR_OUT_S = 0.3  # how long a refused caller may go on sending
Context = grpc.aio.ServicerContext[Any, Any]
Handler = Any  # grpc's handler classes are not public

log = logging.getLogger(__name__)


class RpcMetrics:
    """Counters of one process's RPCs."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.traces: Traces | None = None
        self.handled = Counter("troupe_rpc_total", "RPCs ended", ["method", "code"], registry=registry)
        self.seconds = Histogram("troupe_rpc_seconds", "From acceptance to the end", ["method"], registry=registry)
        self.outstanding = Gauge("troupe_rpc_outstanding", "RPCs being worked on", ["method"], registry=registry)

    @contextmanager
    def call(self, method: str, traceparent: str = "") -> Iterator[Span | None]:
        """Count one RPC, and trace it; the error that leaves the block names its code."""
        started, code = time.monotonic(), "ok"
        span = self.traces.begin(method, traceparent) if self.traces is not None and method not in UNTRACED else None
        self.outstanding.labels(method).inc()
        try:
            yield span
        except TroupeError as error:
            code = error.code
            raise
        except (asyncio.CancelledError, GeneratorExit):
            code = Cancelled.code
            raise
        except BaseException:
            code = Internal.code
            raise
        finally:
            seconds = time.monotonic() - started
            self.outstanding.labels(method).dec()
            self.handled.labels(method, code).inc()
            self.seconds.labels(method).observe(seconds)
            if span is not None:
                span.end(code)
            log.debug("%s ended after %.3f s: %s", method, seconds, code)


class TroupeInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in the stubs only
    """Wraps the handlers of troupe.v1; the standard services are left as they are."""

    def __init__(self, metrics: RpcMetrics, callers: frozenset[str] = frozenset()) -> None:
        """`callers`: the names of which one must be in a caller's certificate; none = everybody may call."""
        self._metrics = metrics
        self._callers = callers

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """The handler of this method, surrounded."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or not method.startswith(OURS):
            return handler
        metadata = handler_call_details.invocation_metadata
        about(_told(metadata, REQUEST_ID))
        traceparent = _told(metadata, TRACEPARENT) if self._metrics.traces is not None else ""
        return self._surrounded(handler, method.rpartition("/")[2], traceparent)

    def _surrounded(self, handler: Any, method: str, traceparent: str) -> Any:
        if handler.response_streaming:
            inner = handler.stream_stream or handler.unary_stream
            make = (
                grpc.stream_stream_rpc_method_handler
                if handler.request_streaming
                else grpc.unary_stream_rpc_method_handler
            )
            outer: Any = self._streaming(inner, method, traceparent, heard=handler.request_streaming)
        else:
            inner = handler.stream_unary or handler.unary_unary
            make = (
                grpc.stream_unary_rpc_method_handler
                if handler.request_streaming
                else grpc.unary_unary_rpc_method_handler
            )
            outer = self._unary(inner, method, traceparent, heard=handler.request_streaming)
        return make(outer, handler.request_deserializer, handler.response_serializer)

    def _unary(
        self, inner: Callable[[Any, Context], Awaitable[Any]], method: str, traceparent: str, *, heard: bool
    ) -> Callable[..., Awaitable[Any]]:
        async def handle(request: Any, context: Context) -> Any:
            try:
                with self._metrics.call(method, traceparent):
                    check_caller(context, self._callers)
                    return await inner(request, context)
            except TroupeError as error:
                await _refuse(context, error, request if heard else None)
            except Exception as error:  # noqa: BLE001  # the process boundary: nothing else may reach the caller
                await _refuse(context, defect(error, method), request if heard else None)

        return handle

    def _streaming(
        self, inner: Callable[[Any, Context], AsyncIterator[Any]], method: str, traceparent: str, *, heard: bool
    ) -> Callable[..., AsyncIterator[Any]]:
        async def handle(request: Any, context: Context) -> AsyncIterator[Any]:
            try:
                with self._metrics.call(method, traceparent) as span:
                    check_caller(context, self._callers)
                    silent = span
                    async with aclosing(inner(request, context)) as messages:  # type: ignore[type-var]
                        async for message in messages:
                            if silent is not None and not is_tick(message):
                                silent.event()
                                silent = None  # the rest is no news
                            yield message
            except TroupeError as error:
                await _refuse(context, error, request if heard else None)
            except Exception as error:  # noqa: BLE001  # the process boundary: nothing else may reach the caller
                await _refuse(context, defect(error, method), request if heard else None)

        return handle


def _told(metadata: Any, name: str) -> str:
    """What the caller's metadata has under that name; empty for nothing."""
    return next((str(value) for key, value in metadata or () if key == name), "")


def is_tick(message: Any) -> bool:
    """Whether a message of a stream only says that the work goes on."""
    return "tick" in message.DESCRIPTOR.fields_by_name and bool(message.HasField("tick"))


async def _refuse(context: Context, error: TroupeError, unread: AsyncIterator[Any] | None) -> None:
    """End the RPC with that error, unless its caller has left: nobody is there to be told."""
    if unread is not None:
        await _hear_out(unread)
    if not context.cancelled():
        await abort(context, error)


async def _hear_out(unread: AsyncIterator[Any]) -> None:
    """Read what a refused caller still sends, for a moment, before the refusal goes out.

    A grpc.aio client whose write fails because the call has just ended loses the status it was sent and reports
    "Internal error from Core" in its place (grpc/grpc#36066).
    """
    with suppress(TimeoutError, grpc.aio.BaseError):
        async with asyncio.timeout(HEAR_OUT_S):
            async for _ in unread:
                pass


def defect(error: BaseException, doing: str) -> Internal:
    """Log a defect with an id, and the error that tells the caller this id and nothing else."""
    error_id = secrets.token_hex(4)
    log.error("defect %s in %s", error_id, doing, exc_info=error)
    return Internal(f"Something broke on our side. The log has it under {error_id}.", error_id=error_id)
