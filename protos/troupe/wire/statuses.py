"""The error tree on gRPC: a leaf -> a rich status (google.rpc.Status), and whatever a call raised -> a leaf."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn, cast

import grpc
import grpc.aio
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from troupe.wire.errors import (
    DOMAIN,
    Cancelled,
    CannotConnect,
    DeadlineExceeded,
    Internal,
    InvalidArgument,
    NotSupported,
    Overloaded,
    PermissionDenied,
    StreamBroken,
    TroupeError,
    Unauthenticated,
    UnknownEngine,
    revive,
    row,
)

_CODE = grpc.StatusCode

_BARE: Mapping[grpc.StatusCode, type[TroupeError]] = {
    _CODE.CANCELLED: Cancelled,
    _CODE.DEADLINE_EXCEEDED: DeadlineExceeded,
    _CODE.UNAVAILABLE: CannotConnect,
    _CODE.UNIMPLEMENTED: NotSupported,
    _CODE.UNAUTHENTICATED: Unauthenticated,
    _CODE.PERMISSION_DENIED: PermissionDenied,
    _CODE.INVALID_ARGUMENT: InvalidArgument,
    _CODE.NOT_FOUND: UnknownEngine,
    _CODE.RESOURCE_EXHAUSTED: Overloaded,
    _CODE.ABORTED: StreamBroken,
}
_TLS_WORDS: Mapping[str, str] = {
    "WRONG_VERSION_NUMBER": "it speaks no TLS and this side does: TROUPE_TLS_CERT, _KEY and _CA belong on both",
    "Hostname Verification Check": "its certificate is another part's",
    "certificate has expired": "its certificate has expired, `make certs` makes another",
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not of the CA in TROUPE_TLS_CA",
    "Socket closed": "it hung up at once: TLS on one side only, or a certificate it does not take (its log says which)",
}
"""What gRPC says of a connection that was not made -> what that means; the first that is found."""
_SYSTEM_WORDS = re.compile(r"^failed to connect .*: ([A-Z][a-z' ]+?)(?: \(\d+\))?$", re.DOTALL)


def to_status(error: TroupeError) -> Status:
    """The rich status of an error."""
    info = ErrorInfo(reason=error.code, domain=DOMAIN, metadata=error.details)
    details = [_packed(info)]
    if error.retry_after_s is not None:
        retry = RetryInfo()
        retry.retry_delay.FromMilliseconds(round(error.retry_after_s * 1000))
        details.append(_packed(retry))
    return Status(code=row(error).grpc.value[0], message=error.message, details=details)


def _packed(message: ErrorInfo | RetryInfo) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(message)
    return packed


async def abort(context: grpc.aio.ServicerContext[Any, Any], error: TroupeError) -> NoReturn:
    """End an RPC with the error's rich status."""
    status = rpc_status.to_status(to_status(error))
    await context.abort(status.code, status.details, status.trailing_metadata)


def from_rpc_error(error: grpc.RpcError, target: str = "") -> TroupeError:
    """The leaf that the other side raised, or the nearest one when gRPC itself failed."""
    if isinstance(error, grpc.aio.AioRpcError) and (status := _rich_status(error)) is not None:
        for detail in status.details:
            info = ErrorInfo()
            if detail.Unpack(info) and info.domain == DOMAIN:
                return revive(info.reason, status.message, info.metadata)
    code = error.code() if hasattr(error, "code") else _CODE.UNKNOWN
    text = (error.details() if hasattr(error, "details") else str(error)) or code.name
    leaf = _BARE.get(code, Internal)
    if leaf is CannotConnect and target:
        return CannotConnect(
            f"Cannot connect to {target}: {_plainly(text)}. Start that service, or correct its address."
        )
    return leaf(text)


def _plainly(text: str) -> str:
    """The system's own words at the end of gRPC's: `... to remote host: connect: Connection refused (111)`."""
    for words, meaning in _TLS_WORDS.items():
        if words in text and "last error" in text:
            return meaning
    told = _SYSTEM_WORDS.search(text)
    return told.group(1).lower() if told else text.rstrip(".")


def is_grpcs_own(error: grpc.aio.AioRpcError) -> bool:
    """Whether gRPC itself made this status: every server of ours says more than a code."""
    return _rich_status(error) is None


def _rich_status(error: grpc.aio.AioRpcError) -> Status | None:
    metadata = cast("Iterable[tuple[str, str | bytes]]", error.trailing_metadata() or ())
    for key, value in metadata:
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            return Status.FromString(value)
    return None
