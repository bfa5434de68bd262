from __future__ import annotations

import socket

import grpc
import grpc.aio
import pytest
from grpc_status import rpc_status

from troupe.wire.errors import (
    AccessError,
    CannotConnect,
    Internal,
    Overloaded,
    RequestError,
    ServingError,
    TroupeError,
)
from troupe.wire.statuses import from_rpc_error, to_status

BRANCHES = (RequestError, AccessError, ServingError)


def leaves() -> list[type[TroupeError]]:
    return [leaf for branch in BRANCHES for leaf in branch.__subclasses__()]


def rpc_error(error: TroupeError) -> grpc.aio.AioRpcError:
    status = rpc_status.to_status(to_status(error))
    trailing = grpc.aio.Metadata(*status.trailing_metadata)
    return grpc.aio.AioRpcError(status.code, grpc.aio.Metadata(), trailing, details=status.details)


@pytest.mark.parametrize("leaf", leaves())
def test_a_leaf_crosses_grpc_unchanged(leaf: type[TroupeError]) -> None:
    sent = leaf("What was wrong. What to do.", voice="ada", retry_after_s=1.5)
    came = from_rpc_error(rpc_error(sent))
    assert type(came) is leaf
    assert (came.message, came.details) == (sent.message, sent.details)
    assert came.retry_after_s == 1.5


def test_an_unreachable_peer_is_named_with_what_to_do() -> None:
    bare = grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), "refused")
    error = from_rpc_error(bare, "127.0.0.1:1")
    assert isinstance(error, CannotConnect)
    assert "127.0.0.1:1" in error.message
    assert "Start that service" in error.message


def test_a_status_of_an_unknown_server_becomes_the_nearest_leaf() -> None:
    bare = grpc.aio.AioRpcError(grpc.StatusCode.DATA_LOSS, grpc.aio.Metadata(), grpc.aio.Metadata(), "odd")
    assert type(from_rpc_error(bare)) is Internal


def test_a_retry_delay_travels_as_retry_info_too() -> None:
    status = to_status(Overloaded("Full.", retry_after_s=2))
    assert [detail.TypeName() for detail in status.details] == ["google.rpc.ErrorInfo", "google.rpc.RetryInfo"]


async def test_a_service_that_is_not_there_is_told_in_plain_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    async with grpc.aio.insecure_channel(address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.unary_unary("/troupe.v1.Text/Describe")(b"", timeout=10)

    error = from_rpc_error(caught.value, address)

    assert isinstance(error, CannotConnect)
    assert error.message == (
        f"Cannot connect to {address}: connection refused. Start that service, or correct its address."
    )
