"""A body as it comes: unpacked piece by piece, never more than is allowed, whatever its headers said."""

from __future__ import annotations

import zlib

from troupe.wire.errors import FetchFailed

PAGE_BYTES = 2 * 1024 * 1024  # unpacked
RATIO = 20  # of a page's unpacked bytes to those that came; text reaches 10
RATIO_FLOOR = 64 * 1024  # a small page may be as repetitive as it likes
GZIP = 16 + zlib.MAX_WBITS


class Body:
    """Gathers one body. `encoding` is the header Content-Encoding; only gzip was asked for."""

    def __init__(self, encoding: str, limit: int = PAGE_BYTES) -> None:
        named = encoding.strip().casefold()
        if named not in {"", "identity", "gzip", "x-gzip"}:
            raise FetchFailed(f'The page came packed as "{named[:32]}", which was not asked for.')
        self._unpacker = zlib.decompressobj(GZIP) if named.endswith("gzip") else None
        self._limit = limit
        self._came = 0
        self._data = bytearray()

    def feed(self, piece: bytes) -> None:
        """Take in the next piece. Raises `FetchFailed` for a page that is too large, broken or a bomb."""
        self._came += len(piece)
        if self._came > self._limit:
            raise self._too_large()
        if self._unpacker is None:
            self._data += piece
        else:
            self._unpack(piece)

    def whole(self) -> bytes:
        """All of it. Raises `FetchFailed` for one that ended too early."""
        if self._unpacker is not None and self._came and not self._unpacker.eof:
            raise FetchFailed("The page ended in the middle of its packed body.")
        return bytes(self._data)

    def _unpack(self, packed: bytes) -> None:
        while packed and self._unpacker is not None:
            if self._unpacker.eof:  # gzip files may follow one another
                self._unpacker = zlib.decompressobj(GZIP)
            try:
                self._data += self._unpacker.decompress(packed, self._limit - len(self._data) + 1)
            except zlib.error:
                raise FetchFailed("The page's packed body is broken.") from None
            self._check()
            packed = self._unpacker.unused_data if self._unpacker.eof else self._unpacker.unconsumed_tail

    def _check(self) -> None:
        size = len(self._data)
        if size > self._limit:
            raise self._too_large()
        if size > RATIO_FLOOR and size > RATIO * self._came:
            raise FetchFailed(f"The page unpacks to more than {RATIO} times its size; such a one is not read.")

    def _too_large(self) -> FetchFailed:
        return FetchFailed(f"The page has more than {self._limit:,} bytes; larger ones are not read.")
