"""How large a request may be: judged by Content-Length before anything is read, and again while it comes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from troupe.wire.errors import BodyTooLarge, InvalidArgument

JSON_BYTES = 1024 * 1024
FORM_OVERHEAD_BYTES = 1024 * 1024  # the parts of a form besides its files
BODY_STALL_S = 20.0
"""A body that sends nothing for so long is given up."""

Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest bodies, in bytes."""

    upload_bytes: int
    json_bytes: int = JSON_BYTES
    upload_paths: frozenset[str] = frozenset({"/api/avatar", "/api/portraits", "/api/clone", "/clone"})

    def of(self, path: str, headers: Headers) -> int:
        """The limit for one request."""
        kind = header(headers, b"content-type").casefold()
        if path in self.upload_paths and kind.startswith("multipart/form-data"):
            # A picture and a sound file may come together.
            return 2 * self.upload_bytes + FORM_OVERHEAD_BYTES
        return self.json_bytes

    def check_announced(self, path: str, headers: Headers) -> None:
        """Raise `BodyTooLarge` for a Content-Length beyond the limit, `InvalidArgument` for one that is no number."""
        announced = header(headers, b"content-length")
        if not announced:
            return
        if not announced.isdecimal():
            raise InvalidArgument(f"Content-Length {announced!r} is not a number.")
        limit = self.of(path, headers)
        if int(announced) > limit:
            raise too_large(limit, int(announced))


def too_large(limit: int, size: int | None = None) -> BodyTooLarge:
    """The error for a body of `size` bytes (None = not known, it still comes)."""
    of = f"of {size:,} bytes " if size is not None else ""
    return BodyTooLarge(
        f"The request's body {of}is too large: at most {limit:,} bytes are taken here. Send less at once.",
        limit_bytes=limit,
    )


def header(headers: Headers, name: bytes) -> str:
    """The first header of that (lower-case) name, or an empty string."""
    return next((value.decode("latin-1").strip() for key, value in headers if key == name), "")
