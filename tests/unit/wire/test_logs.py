from __future__ import annotations

import asyncio
import gc
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator

import grpc.aio
import pytest
from prometheus_client import CollectorRegistry

from troupe.v1 import text_pb2, text_pb2_grpc
from troupe.wire.channels import open_channel
from troupe.wire.errors import EngineFailed, Internal, InvalidArgument
from troupe.wire.health import EngineBoard
from troupe.wire.logs import REQUEST_ID, about, configure, in_words, unquoted
from troupe.wire.serving import Service, bind, make_server, parse_announcement

log = logging.getLogger("troupe.test")
SECRET = "a prompt of somebody"
Written = Callable[[], list[str]]


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Written]:
    """The lines since it was last asked; the log is as it was afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    hooks = threading.excepthook, sys.excepthook

    def lines() -> list[str]:
        return capsys.readouterr().err.splitlines()

    yield lines
    root.handlers[:], root.level = before
    threading.excepthook, sys.excepthook = hooks
    about("")


def quote() -> None:
    try:
        int(SECRET)
    except ValueError as error:
        raise RuntimeError("the engine gave up") from error


def logged_defect() -> None:
    try:
        quote()
    except RuntimeError as error:
        log.error("defect 1f", exc_info=error)  # noqa: TRY400  # as troupe.wire.interceptors does


def test_a_line_is_for_people(written: Written) -> None:
    configure("text")
    log.info("engine %s is ready", "echo")
    log.debug("not told")
    (line,) = written()
    assert line[2] == ":"
    assert line.endswith("INFO    text: engine echo is ready")


def test_the_request_is_named_once(written: Written) -> None:
    configure("text")
    about("req_7")
    log.info("the film broke")
    log.info("GET /x request_id=req_7")
    assert [line.count("req_7") for line in written()] == [1, 1]


def test_a_message_is_one_line(written: Written) -> None:
    configure("text")
    log.info("the engine said %s", "no\n12:00:00.000 INFO    text: all is well\r")
    (line,) = written()
    assert line.endswith("said no 12:00:00.000 INFO    text: all is well")


def test_an_object_a_line(written: Written) -> None:
    configure("speech", form="json")
    log.warning("%s\nsaid", "two lines")
    about("req_8")
    log.info("ü")
    first, second = map(json.loads, written())
    assert first.pop("time").endswith("+00:00")
    assert first == {"level": "WARNING", "service": "speech", "logger": "troupe.test", "message": "two lines\nsaid"}
    assert (second["message"], second["request_id"]) == ("ü", "req_8")


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_an_exception_quotes_is_left_out(written: Written, form: str) -> None:
    configure("text", form=form)
    logged_defect()
    text = "\n".join(written())
    assert SECRET not in text.replace("int(SECRET)", "")
    for told in (
        "RuntimeError: the engine gave up",
        "ValueError",
        "in quote",
        "defect 1f",
        "because of",
        "Traceback (most",
    ):
        assert told in text


async def forgotten() -> None:
    int(SECRET)


@pytest.mark.parametrize("form", ["text", "json"])
async def test_what_nobody_caught_quotes_nothing_either(written: Written, form: str) -> None:
    """Else asyncio tells a forgotten task's exception and a callback's arguments, and Python prints a thread's."""
    configure("text", form=form)
    task = asyncio.create_task(forgotten())
    await asyncio.wait([task])
    del task
    gc.collect()
    asyncio.get_running_loop().call_soon(int, SECRET)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    thread = threading.Thread(target=quote, name="drawing")
    thread.start()
    thread.join()
    sys.excepthook(ValueError, ValueError(SECRET), None)
    text = "\n".join(written())
    assert SECRET not in text
    for told in (
        "Task exception was never retrieved",
        "Exception in callback int",
        "a defect ended drawing",
        "a defect ended the process",
        "in forgotten",
    ):
        assert told in text


def test_an_error_is_told_in_words_where_they_are_no_callers() -> None:
    assert in_words(EngineFailed("out of memory")) == "engine_failed: out of memory"
    assert in_words(InvalidArgument(SECRET)) == "invalid_argument"
    assert SECRET not in unquoted(InvalidArgument(SECRET))


def test_a_chain_of_exceptions_ends(written: Written) -> None:
    configure("text", form="json")
    first, second = RuntimeError("first"), RuntimeError("second")
    first.__cause__, second.__cause__ = second, first
    log.error("round", exc_info=first)
    assert json.loads(written()[0])["error"].count("RuntimeError") == 8


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_announcement_is_read_back_from_either(written: Written, form: str) -> None:
    configure("speech", form=form)
    log.info("listening service=speech grpc=127.0.0.1:1 http=127.0.0.1:2")
    assert parse_announcement(written()[0]) == {"service": "speech", "grpc": "127.0.0.1:1", "http": "127.0.0.1:2"}


@pytest.mark.parametrize("wrong", ["a b", "x\ny", "é", "x" * 65, "{}"])
def test_what_is_no_id_is_not_written(written: Written, wrong: str) -> None:
    configure("text", form="json")
    about(wrong)
    log.info("a line")
    assert "request_id" not in json.loads(written()[0])


class Telling(text_pb2_grpc.TextServicer):
    async def CountTokens(self, request: text_pb2.CountTokensRequest, context: object) -> None:
        log.info("counting")
        await asyncio.sleep(0.05)
        raise ValueError(SECRET)


async def test_calls_at_once_are_told_apart(written: Written) -> None:
    configure("text", "DEBUG", "json")
    service = Service("troupe.v1.Text", lambda s: text_pb2_grpc.add_TextServicer_to_server(Telling(), s))
    server = make_server([service], EngineBoard("troupe.v1.Text", []), CollectorRegistry())
    port = bind(server, "127.0.0.1", 0, "PORT")
    await server.start()
    channel = open_channel(f"127.0.0.1:{port}")

    async def ask(request_id: str) -> None:
        with pytest.raises(grpc.aio.AioRpcError):
            await text_pb2_grpc.TextStub(channel).CountTokens(
                text_pb2.CountTokensRequest(), metadata=((REQUEST_ID, request_id),)
            )

    await asyncio.gather(*(ask(f"req_{number}") for number in range(4)))
    await channel.close()
    await server.stop(None)
    lines = [json.loads(line) for line in written() if line.startswith("{")]
    ours = [line for line in lines if line["logger"].startswith("troupe")]
    for number in range(4):
        own = [line["message"] for line in ours if line.get("request_id") == f"req_{number}"]
        assert own[0] == "counting"
        assert f": {Internal.code}" in own[1]
        assert own[2].startswith("defect")
    assert SECRET not in str(ours)
