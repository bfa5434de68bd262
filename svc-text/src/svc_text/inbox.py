"""A page as it arrives: settings first, then its bytes in pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator

from svc_text.extraction.page import MAX_PAGE_BYTES, PageSource
from troupe.v1 import text_pb2
from troupe.wire.errors import InvalidArgument, MediaTooLarge


async def received(inputs: AsyncIterator[text_pb2.ExtractInput]) -> tuple[str, PageSource]:
    """The engine that is asked, and the page; no more than one page is ever held."""
    settings = text_pb2.ExtractSettings()
    page = bytearray()
    first = True
    async for each in inputs:
        if (each.WhichOneof("input") == "settings") != first:
            raise InvalidArgument("Extract takes its settings once and first, then the page in pieces.")
        if first:
            settings = each.settings
            first = False
            continue
        page += each.page
        if len(page) > MAX_PAGE_BYTES:
            message = (
                f"The page has more than {MAX_PAGE_BYTES} bytes; that is the most that is read. Send its beginning."
            )
            raise MediaTooLarge(message, max_bytes=MAX_PAGE_BYTES)
    return settings.engine, PageSource(bytes(page), settings.url, settings.content_type)
