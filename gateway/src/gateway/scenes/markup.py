"""A text in SSML that goes on at another rung: from the first character not heard, inside the elements open there."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from gateway.scenes.recital import Script
from troupe.v1.speech_pb2 import SpeechInput

_CDATA = "<![CDATA["
_TAG = re.compile(
    r"<!--.*?(?:-->|(?P<comment>\Z))|<!\[CDATA\[.*?(?:\]\]>|(?P<literal>\Z))|<\?.*?\?>"
    r"|<(?P<ends>/?)(?P<name>[\w:.-]+)(?:[^<>\"']|\"[^\"]*\"|'[^']*')*?(?P<empty>/?)>",
    re.DOTALL,
)

_BREAK = re.compile(r"""<break\s+time\s*=\s*["']\+?(\d{1,5}(?:\.\d{1,6})?)(ms|s)["']""")


@dataclass(frozen=True, slots=True)
class OpenTags:
    """The begin tags of the elements that are open after some text, as they were written."""

    tags: tuple[str, ...] = ()
    rest: str = ""  # of the text, from a "<" on that has no end yet

    def after(self, text: str) -> OpenTags:
        """Those open after more of it. What is not well-formed is left to the service to refuse."""
        text, tags, at = self.rest + text, list(self.tags), 0
        for match in _TAG.finditer(text):
            if match.lastgroup in {"comment", "literal"}:  # it has no end yet
                break
            at = match.end()
            if match["ends"]:
                del tags[-1:]
            elif match["name"] and not match["empty"]:
                tags.append(match.group())
        begun = text.find("<", at)
        return OpenTags(tuple(tags), text[begun:] if begun >= 0 else "")

    @property
    def opening(self) -> str:
        """What must stand before the text that follows."""
        return "".join(self.tags) + (_CDATA if self.rest.startswith(_CDATA) else "")


@dataclass(slots=True)
class Marked:
    """A script whose text is SSML."""

    inner: Script
    _open: OpenTags = field(default_factory=OpenTags)
    _read: int = 0  # code points that `_open` knows

    def total(self) -> int | None:
        """Its length."""
        return self.inner.total()

    def after(self, place: int) -> str:
        """What is known of it beyond that place, with blanks for tags, and breaks as a plain text has them."""
        return without_tags(self.inner.after(place))

    def keeps(self, place: int) -> bool:
        """Whether it can be sent again from there."""
        return place >= self._read and self.inner.keeps(place)

    def lead(self, place: int) -> int:
        """Code points that are sent before it from there on."""
        return len(self._opening(place))

    def heard(self, place: int) -> None:
        """It will not be asked for from before that place; what is open there is remembered."""
        if place > self._read:
            self._open = self._open.after(self.inner.after(self._read)[: place - self._read])
            self._read = place
        self.inner.heard(place)

    async def messages(self, place: int) -> AsyncGenerator[SpeechInput]:
        """It, from that place on, as a document of its own."""
        if opening := self._opening(place):
            yield SpeechInput(text=opening)
        async for message in self.inner.messages(place):
            yield message

    def _opening(self, place: int) -> str:
        return self._open.after(self.inner.after(self._read)[: place - self._read]).opening


def without_tags(text: str) -> str:
    """The text with a pause for each break and blanks for other tags, as long as they, so that places stay true."""
    return _TAG.sub(lambda match: _plain(match.group()), text)


def text_of(text: str) -> str:
    """The characters that the markup stands for."""
    return html.unescape(_TAG.sub("", text))


def _plain(tag: str) -> str:
    if tag.startswith(_CDATA):
        return tag.replace(_CDATA, " " * len(_CDATA)).replace("]]>", "   ")
    return _pause(tag) or " " * len(tag)


def _pause(tag: str) -> str:
    """`<#0.5#>`, as long as the tag; empty where that tells no time."""
    match = _BREAK.match(tag)
    if match is None:
        return ""
    seconds = float(match[1]) / (1000 if match[2] == "ms" else 1)
    return f"<#{seconds:.{len(tag) - len('<#00.#>')}f}".ljust(len(tag) - 2, "0") + "#>"
