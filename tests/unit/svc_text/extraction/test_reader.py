"""The reading processes, as the service uses them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest

from svc_text.extraction import reader as reader_module
from svc_text.extraction.page import MAX_PAGE_BYTES, PageSource
from svc_text.extraction.reader import Reader
from troupe.wire.errors import DeadlineExceeded, EmptyText, EngineFailed, MediaTooLarge, Overloaded, UnsupportedMedia

PAGE = PageSource(b"<html><title>T</title><body><p>Acme builds pumps for the whole valley.</p></body></html>")


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    reader = Reader()
    await reader.start()
    yield reader
    await reader.stop()


async def test_a_page_is_read_in_a_process_of_its_own(reader: Reader) -> None:
    assert (await reader.read(PAGE)).text == "Acme builds pumps for the whole valley."


async def test_many_at_once_are_read(reader: Reader) -> None:
    pages = await asyncio.gather(*(reader.read(PAGE) for _ in range(12)))
    assert {page.title for page in pages} == {"T"}


async def test_errors_come_back_as_leaves(reader: Reader) -> None:
    for data, leaf in ((b" ", EmptyText), (b"%PDF-1.4", UnsupportedMedia), (bytes(MAX_PAGE_BYTES + 1), MediaTooLarge)):
        with pytest.raises(leaf):
            await reader.read(PageSource(data))
    assert (await reader.read(PAGE)).title == "T"


async def test_a_page_that_takes_too_long_is_given_up_and_the_next_one_is_read(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = reader._idle[0]._process.pid
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(reader_module, "PAGE_S", 0.2)
    with pytest.raises(DeadlineExceeded):
        await reader.read(PAGE)
    monkeypatch.undo()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert (await reader.read(PAGE)).title == "T"


async def test_a_killed_process_is_replaced(reader: Reader) -> None:
    process = reader._idle[0]._process
    os.kill(process.pid, signal.SIGSTOP)
    reading = asyncio.create_task(reader.read(PAGE))
    await asyncio.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(EngineFailed, match="Send the page again"):
        await reading
    assert (await reader.read(PAGE)).title == "T"


async def test_a_process_that_died_while_idle_is_not_asked(reader: Reader) -> None:
    process = reader._idle[0]._process
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    assert (await reader.read(PAGE)).title == "T"


async def test_a_caller_that_leaves_ends_its_process(reader: Reader) -> None:
    process = reader._idle[0]._process
    os.kill(process.pid, signal.SIGSTOP)
    reading = asyncio.create_task(reader.read(PAGE))
    await asyncio.sleep(0.05)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert process.returncode == -signal.SIGKILL


async def test_too_many_waiting_pages_are_refused(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "MOST_WAITING", 1)
    first = asyncio.create_task(reader.read(PAGE))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await reader.read(PAGE)
    await first


async def test_stopping_leaves_no_process(reader: Reader) -> None:
    pid = reader._idle[0]._process.pid
    await reader.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
