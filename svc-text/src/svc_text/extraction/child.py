"""The process that reads pages of strangers: `python -m svc_text.extraction.child`.

It loads what it needs once and then forks for each page, so that a page gets a process with limits of its own on
memory, processor time and files, and leaves nothing behind. A request is a frame of JSON (url, content type) and bytes
on standard input; the answer is a frame of JSON on standard output. The end of the input ends it.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import resource
import signal
import sys
from typing import BinaryIO

from svc_text.extraction.framing import ANSWER, REQUEST
from svc_text.extraction.page import Page, PageSource
from svc_text.extraction.reading import read
from svc_text.extraction.unreadable import Unreadable

MEMORY = 1 << 30  # bytes of address space
CPU_S = 4  # for one page
FILES = 32
EXIT_TOO_MUCH = 3
WARMING = b"<html><body><p>The first page compiles patterns and loads tables, once for all forks.</p></body></html>"


def main() -> int:
    """Serve until the input ends."""
    logging.disable(logging.CRITICAL)  # a page must not write the service's log
    pages, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    read(PageSource(WARMING))
    _send(answers, {"hello": True})
    while (source := _next(pages)) is not None:
        child = os.fork()
        if child == 0:
            os._exit(_answer(source, answers))
        _, status = os.waitpid(child, 0)
        if status:
            _send(answers, _broken(status))
    return 0


def _next(pages: BinaryIO) -> PageSource | None:
    head = pages.read(REQUEST.size)
    if len(head) < REQUEST.size:
        return None
    said, size = REQUEST.unpack(head)
    about = json.loads(pages.read(said))
    return PageSource(pages.read(size), about["url"], about["content_type"])


def _answer(source: PageSource, answers: BinaryIO) -> int:
    """Read one page within the limits; the status is not zero where nothing was sent."""
    _limit()
    try:
        message: dict[str, object] = {"page": _fields(read(source))}
    except Unreadable as error:
        message = {"code": error.code, "message": error.message}
    except (MemoryError, RecursionError):
        return EXIT_TOO_MUCH
    _send(answers, message)
    return 0


def _fields(page: Page) -> dict[str, object]:
    return dataclasses.asdict(page)


def _broken(status: int) -> dict[str, object]:
    killed_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if killed_by in {signal.SIGXCPU, signal.SIGKILL}:
        why = f"it takes more than {CPU_S} s of work"
    elif killed_by or os.WEXITSTATUS(status) == EXIT_TOO_MUCH:
        why = "it is nested too deep or takes too much memory"
    else:
        return {"code": "internal", "message": "Reading the page failed; svc-text's log says where."}
    return {"code": "unsupported_media", "message": f"The page cannot be read: {why}. Send a simpler one."}


def _send(answers: BinaryIO, message: dict[str, object]) -> None:
    body = json.dumps(message).encode()
    answers.write(ANSWER.pack(len(body)) + body)
    answers.flush()


def _limit() -> None:
    for kind, soft, hard in (
        (resource.RLIMIT_AS, MEMORY, MEMORY),
        (resource.RLIMIT_CPU, CPU_S, CPU_S + 1),
        (resource.RLIMIT_NOFILE, FILES, FILES),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        resource.setrlimit(kind, (soft, hard))


if __name__ == "__main__":
    sys.exit(main())
