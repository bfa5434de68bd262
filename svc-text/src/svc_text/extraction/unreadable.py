"""Why a page cannot be read, as the process that reads it says so: the code of a leaf, and its sentence."""

from __future__ import annotations


class Unreadable(Exception):
    """Raised in the reading process, revived outside as the leaf of that code.

    The error tree itself brings gRPC along, which the reading process has no use for.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def unsupported(message: str) -> Unreadable:
    """The bytes are not what they should be."""
    return Unreadable("unsupported_media", message)


def empty(message: str) -> Unreadable:
    """There is nothing to read."""
    return Unreadable("empty_text", message)
