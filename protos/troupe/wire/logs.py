"""One line per event, the same in every process: time, level, service, message, and whose request it was.

What callers wrote is in no line, nor are keys and voices. That goes for tracebacks too: an exception that quotes what
it was given (`ValueError`, `LookupError` and their kind) is told by its name and where it happened, without its words.

`TROUPE_LOG_FORMAT=json` writes objects: `time` (UTC), `level`, `service`, `logger`, `message`, and where they are known
`request_id` (the gateway's, in every part that worked for it) and `error` (the traceback).
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal

from troupe.wire.errors import RequestError, TroupeError

LINE = "%(asctime)s.%(msecs)03d %(levelname)-7s {service}: %(message)s"
TIME = "%H:%M:%S"
REQUEST_ID = "x-request-id"
"""The metadata that carries the gateway's request id to the services."""
HEAD = "Traceback (most recent call last):"  # Python's own words, which people and programs look for
LONGEST_ID = 64
MOST_CAUSES = 8  # of one exception by another
QUOTING = (ValueError, LookupError, SyntaxError, RequestError)
"""Whose words may be a caller's: `invalid literal for int() with base 10: 'my secret'`; vLLM quotes what it refuses."""

Format = Literal["text", "json"]
Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
# Of the request that the running task works for; a task's children inherit it.
_request_id: ContextVar[str] = ContextVar("request_id", default="")

log = logging.getLogger(__name__)


def configure(service: str, level: str = "INFO", form: Format = "text") -> None:
    """Send the log of this process to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(service) if form == "json" else Lines(service))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in ("asyncio", "httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    for reader in ("grpc._common", "grpc._cython.cygrpc"):
        logging.getLogger(reader).addFilter(_not_unreadable)
    logging.getLogger("asyncio").addFilter(_without_what_was_given)
    threading.excepthook = _of_thread
    sys.excepthook = _of_process


def about(request_id: str) -> None:
    """What this task logs from now on is about that request; what could be no id of ours is none."""
    plain = request_id.replace("_", "").replace("-", "")
    _request_id.set(request_id if len(request_id) <= LONGEST_ID and plain.isascii() and plain.isalnum() else "")


class Lines(logging.Formatter):
    """For people: the request's id comes last, where the line does not name it anyway."""

    def __init__(self, service: str) -> None:
        super().__init__(LINE.format(service=service), TIME)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's own name
        """The line, without what follows of an exception."""
        # What is quoted of others makes no line of its own.
        line = " ".join(super().formatMessage(record).splitlines())
        request_id = _request_id.get()
        return f"{line} request_id={request_id}" if request_id and request_id not in line else line

    def formatException(self, ei: Raised) -> str:  # noqa: N802  # logging's own name
        """The traceback."""
        return unquoted(ei[1])


class JsonLines(logging.Formatter):
    """For programs: an object a line."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The whole line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told = {"time": at, "level": record.levelname, "service": self._service, "logger": record.name}
        told["message"] = record.getMessage()
        if request_id := _request_id.get():
            told["request_id"] = request_id
        if record.exc_info and record.exc_info[1] is not None:
            told["error"] = unquoted(record.exc_info[1])
        return json.dumps(told, ensure_ascii=False)


def unquoted(error: BaseException | None) -> str:
    """The traceback of an exception and of what led to it, without words that may be a caller's."""
    blocks: list[str] = []
    while error is not None and len(blocks) < MOST_CAUSES:
        words = "" if isinstance(error, QUOTING) else f": {error}"
        frames = "".join(traceback.format_tb(error.__traceback__))
        blocks.append(f"{HEAD}\n{frames}{type(error).__qualname__}{words}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nand that because of\n".join(blocks)


def in_words(error: TroupeError) -> str:
    """Its code, and its message unless that may be a caller's words; whoever asked hears it anyway."""
    return error.code if isinstance(error, QUOTING) else f"{error.code}: {error.message}"


def _not_unreadable(record: logging.LogRecord) -> bool:
    """A traceback of gRPC for bytes it cannot read says little; who called hears of it too, and says it in words."""
    return not record.getMessage().startswith(("Exception deserializing", "Invalid encoding"))


def _without_what_was_given(record: logging.LogRecord) -> bool:
    """Of a defect asyncio tells the words, and what its callback was given; where it is, the traceback says."""
    record.msg, record.args = record.getMessage().partition("\n")[0].partition("(")[0], None
    return True


def _of_thread(told: threading.ExceptHookArgs) -> None:
    name = told.thread.name if told.thread is not None else "a thread"
    log.error("a defect ended %s", name.partition(" (")[0], exc_info=told.exc_value)


def _of_process(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if isinstance(error, Exception):
        log.critical("a defect ended the process", exc_info=error)
    else:
        sys.__excepthook__(kind, error, trace)
