from __future__ import annotations

import pytest
from grpc_health.v1 import health_pb2

from troupe.wire.errors import EngineFailed, EngineMissing, UnknownEngine
from troupe.wire.health import LIVENESS, EngineBoard

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def check(board: EngineBoard, service: str) -> int:
    request = health_pb2.HealthCheckRequest(service=service)
    return int((await board.servicer.Check(request, None)).status)  # type: ignore[arg-type]


async def states(board: EngineBoard) -> tuple[int, int, int]:
    return await check(board, ""), await check(board, "troupe.v1.Text/a"), await check(board, LIVENESS)


async def test_readiness_follows_the_engines_and_liveness_does_not() -> None:
    board = EngineBoard("troupe.v1.Text", ["a", "b"])
    await board.start()
    assert await states(board) == (NOT_SERVING, NOT_SERVING, SERVING)
    await board.ready("a")
    assert await states(board) == (SERVING, SERVING, SERVING)
    await board.broken("a", "its library is gone")
    assert await states(board) == (NOT_SERVING, NOT_SERVING, SERVING)
    await board.ready("b")
    assert await states(board) == (SERVING, NOT_SERVING, SERVING)


async def test_draining_stays_not_serving_whatever_comes() -> None:
    board = EngineBoard("troupe.v1.Text", ["a"])
    await board.ready("a")
    await board.drain()
    await board.ready("a")
    assert await check(board, "") == NOT_SERVING


async def test_require_says_why_and_what_mends_it() -> None:
    board = EngineBoard("troupe.v1.Speech", ["flite"])
    with pytest.raises(EngineMissing, match="loading"):
        board.require("flite")
    await board.missing("flite", "the program flite is not here", "apt-get install flite")
    with pytest.raises(EngineMissing, match="Run: apt-get install flite"):
        board.require("flite")
    await board.broken("flite", "it crashed")
    with pytest.raises(EngineFailed, match="it crashed"):
        board.require("flite")
    await board.ready("flite")
    board.require("flite")


async def test_an_unknown_engine_is_answered_with_the_known_ones() -> None:
    board = EngineBoard("troupe.v1.Speech", ["flite", "espeak"])
    with pytest.raises(UnknownEngine, match=r"flite, espeak\. Did you mean"):
        board.require("espeek")
