from __future__ import annotations

import socket

import grpc
import grpc.aio
import pytest
from grpc_status import rpc_status

from troupe.wire import errors
from troupe.wire.errors import (
    TABLE,
    AccessError,
    CannotConnect,
    Internal,
    NoFace,
    Overloaded,
    RequestError,
    ServingError,
    TroupeError,
    from_rpc_error,
    nearest,
    revive,
    row,
    to_status,
)

BRANCHES = (RequestError, AccessError, ServingError)


def leaves() -> list[type[TroupeError]]:
    return [leaf for branch in BRANCHES for leaf in branch.__subclasses__()]


def rpc_error(error: TroupeError) -> grpc.aio.AioRpcError:
    status = rpc_status.to_status(to_status(error))
    trailing = grpc.aio.Metadata(*status.trailing_metadata)
    return grpc.aio.AioRpcError(status.code, grpc.aio.Metadata(), trailing, details=status.details)


def test_every_leaf_has_exactly_one_row_and_every_row_a_leaf() -> None:
    assert set(TABLE) == set(leaves())


def test_the_docstring_draws_every_leaf() -> None:
    drawn = errors.__doc__ or ""
    assert [leaf.__name__ for leaf in leaves() if leaf.__name__ not in drawn] == []


@pytest.mark.parametrize("leaf", leaves())
def test_a_leaf_crosses_grpc_unchanged(leaf: type[TroupeError]) -> None:
    sent = leaf("What was wrong. What to do.", voice="ada", retry_after_s=1.5)
    came = from_rpc_error(rpc_error(sent))
    assert type(came) is leaf
    assert (came.message, came.details) == (sent.message, sent.details)
    assert came.retry_after_s == 1.5


def test_codes_are_the_snake_case_of_the_names() -> None:
    assert NoFace.code == "no_face"
    assert errors.UnsupportedLanguage.code == "unsupported_language"


def test_an_unreachable_peer_is_named_with_what_to_do() -> None:
    bare = grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), "refused")
    error = from_rpc_error(bare, "127.0.0.1:1")
    assert isinstance(error, CannotConnect)
    assert "127.0.0.1:1" in error.message
    assert "Start that service" in error.message


def test_a_status_of_an_unknown_server_becomes_the_nearest_leaf() -> None:
    bare = grpc.aio.AioRpcError(grpc.StatusCode.DATA_LOSS, grpc.aio.Metadata(), grpc.aio.Metadata(), "odd")
    assert type(from_rpc_error(bare)) is Internal


def test_a_code_of_a_newer_version_is_internal() -> None:
    assert type(revive("not_known_yet", "m", {})) is Internal


def test_a_retry_delay_travels_as_retry_info_too() -> None:
    status = to_status(Overloaded("Full.", retry_after_s=2))
    assert [detail.TypeName() for detail in status.details] == ["google.rpc.ErrorInfo", "google.rpc.RetryInfo"]


def test_http_statuses_are_errors_and_grpc_is_never_ok() -> None:
    for leaf in TABLE:
        assert 400 <= row(leaf("x")).http < 600
        assert row(leaf("x")).grpc is not grpc.StatusCode.OK


@pytest.mark.parametrize(
    ("word", "hint"),
    [("en-US-AriaNeutral", ' Did you mean "en-US-AriaNeural"?'), ("ARIA", ""), ("EN-us-arianeural", "?")],
)
def test_nearest_names_the_nearest_or_nothing(word: str, hint: str) -> None:
    said = nearest(word, ["en-US-AriaNeural", "en-GB-RyanNeural"])
    assert said == hint or (hint == "?" and "en-US-AriaNeural" in said)


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
