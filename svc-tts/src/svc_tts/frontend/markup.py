"""SSML as it arrives in any pieces -> elements and text, with the place of every character in the input.

expat reads it (from the standard library). A document type and with it every entity of one's own is refused, so that
nothing grows and nothing is fetched; what is left is the five entities of XML and characters by number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn, Protocol
from xml.parsers import expat

from svc_tts.frontend.aligned import AlignedText
from troupe.wire.errors import InvalidArgument

MAX_DEPTH = 32  # elements in elements
_LONGEST_REFERENCE = 16  # bytes of "&#x10ffff;" and the like


class Listener(Protocol):
    """Who is told."""

    def begin(self, name: str, attributes: Mapping[str, str], place: int) -> None:
        """An element begins at that code point."""

    def text(self, text: AlignedText) -> None:
        """Some text."""

    def end(self, name: str, place: int) -> None:
        """An element's end begins at that code point."""


class Markup:
    """One document."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._parser = expat.ParserCreate("UTF-8")
        _at_once(self._parser)
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = _no_doctype
        self._depth = 0
        self._bytes = bytearray()  # of the input that is not passed yet
        self._passed = 0  # bytes before them
        self._place = 0  # code points before them
        self.read = 0  # code points given in

    def feed(self, text: str) -> None:
        """More of it; raises `InvalidArgument` where it is not well-formed, or not allowed."""
        data = text.encode(errors="replace")
        self._bytes += data
        self.read += len(text)
        self._parse(data, last=False)

    def close(self) -> None:
        """There is no more; raises `InvalidArgument` where some element has no end."""
        self._parse(b"", last=True)

    def _parse(self, data: bytes, *, last: bool) -> None:
        try:
            self._parser.Parse(data, last)
        except expat.ExpatError as error:
            place = self._place_of(max(self._passed, self._parser.ErrorByteIndex))
            what = expat.ErrorString(error.code)
            raise InvalidArgument(
                f"The SSML is not well-formed at character {place}: {what}. Send <speak>...</speak> in which every "
                'element is closed, with "&amp;" for "&" and "&lt;" for "<"; or send the text as plain text.',
                field="text",
            ) from error

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise InvalidArgument(f"The SSML has more than {MAX_DEPTH} elements inside each other.", field="text")
        self._listener.begin(_local(name), {_local(key): value for key, value in attributes.items()}, self._here())

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._listener.end(_local(name), self._here())

    def _text(self, text: str) -> None:
        place = self._here()
        if self._bytes.startswith(b"&") and len(text) == 1:  # one character, written as several
            span = (place, place + max(1, self._bytes.find(b";", 0, _LONGEST_REFERENCE) + 1))
            self._listener.text(AlignedText(text, (span,)))
        else:
            self._listener.text(AlignedText.of(text, place))

    def _here(self) -> int:
        return self._place_of(self._parser.CurrentByteIndex)

    def _place_of(self, index: int) -> int:
        """The code point at a byte of the input, which is never before the last one asked for."""
        step = index - self._passed
        self._place += len(self._bytes[:step].decode(errors="replace"))
        del self._bytes[:step]
        self._passed = index
        return self._place


def _local(name: str) -> str:
    """Of `xml:lang` the `lang`."""
    return name.rpartition(":")[2]


def _at_once(parser: expat.XMLParserType) -> None:
    """Text is told as it comes: newer expats hold back what might be half a token, which in a pipe is a wait."""
    set_deferral: Callable[[bool], None] | None = getattr(parser, "SetReparseDeferralEnabled", None)
    if set_deferral is not None:
        set_deferral(False)


def _no_doctype(*_: object) -> NoReturn:
    raise InvalidArgument(
        "The SSML has a document type (<!DOCTYPE ...>), which is not taken: leave it out.", field="text"
    )
