"""The subset of SSML 1.1 that is spoken here; docs/SPEECH.md lists it.

What is not known is no error: the text inside it is said. Places stay those of the input, tags included.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace

from svc_tts.frontend.aligned import AlignedText
from svc_tts.frontend.markup import Markup
from svc_tts.frontend.pauses import Pause
from svc_tts.frontend.say_as import said_as
from svc_tts.frontend.script import PLAIN, Sentence, Stretch
from svc_tts.frontend.sentences import SentenceSplitter
from svc_tts.frontend.style import Style
from troupe.wire.errors import InvalidArgument

MAX_BREAK_S = 99.99
_STRENGTHS = {"none": 0.0, "x-weak": 0.1, "weak": 0.25, "medium": 0.5, "strong": 0.8, "x-strong": 1.2}  # seconds
_TIME = re.compile(r"\+?(\d{1,6}(?:\.\d{1,6})?|\.\d{1,6})(ms|s)")
_BLOCKS = frozenset({"p", "s", "paragraph", "sentence"})
_UNSAID = frozenset({"desc", "metadata", "meta", "lexicon", "audio"})
_READINGS = frozenset({"sub", "say-as", "phoneme"})


@dataclass(slots=True)
class _Element:
    name: str
    style: Style
    attributes: Mapping[str, str]


class SsmlScribe:
    """Reads one document as it comes; raises `InvalidArgument`."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._markup = Markup(self)
        self._splitter = SentenceSplitter(language)
        self._open: list[_Element] = []
        self._unsaid = 0  # open elements whose text is not said
        self._read: list[AlignedText] | None = None  # inside an element with a reading of its own
        self._held: deque[Stretch | Pause] = deque()
        self._whole: list[Sentence] = []
        self._consumed = 0

    def feed(self, text: str) -> list[Sentence]:
        """The sentences that are whole now."""
        self._markup.feed(text)
        return self._taken()

    def flush(self) -> list[Sentence]:
        """What is held back, whole or not."""
        self._split(self._splitter.flush())
        return self._taken()

    def close(self) -> list[Sentence]:
        """The text has ended: what is held back. Raises `InvalidArgument` where an element is not closed."""
        self._markup.close()
        self._split(self._splitter.flush())
        self._whole.append(Sentence(tuple(self._held), self._markup.read))
        self._held.clear()
        return self._taken()

    def begin(self, name: str, attributes: Mapping[str, str], place: int) -> None:
        """`Markup` tells of an element."""
        if not self._open and name != "speak":
            raise InvalidArgument(f"SSML begins with <speak>, not with <{name[:40]}>.", field="text")
        style = self._open[-1].style if self._open else PLAIN
        self._unsaid += name in _UNSAID
        if name in _BLOCKS:
            self._split(self._splitter.flush())
        elif name == "break":
            self._break(attributes, place)
        elif name in _READINGS and self._read is None:
            self._read = []
        self._open.append(_Element(name, _inside(style, name, attributes), attributes))

    def text(self, text: AlignedText) -> None:
        """`Markup` tells of text."""
        if self._read is not None:
            self._read.append(text)
        elif not self._unsaid:
            self._say(text)

    def end(self, name: str, place: int) -> None:
        """`Markup` tells of an element's end."""
        del place
        element = self._open.pop()
        self._unsaid -= name in _UNSAID
        if name in _BLOCKS:
            self._split(self._splitter.flush())
        if self._read is not None and name in _READINGS and not any(e.name in _READINGS for e in self._open):
            written, self._read = AlignedText.join(self._read), None
            if not self._unsaid:
                self._say(self._reading(element, written))

    def _break(self, attributes: Mapping[str, str], place: int) -> None:
        seconds = _break_s(attributes)
        if self._read is not None or self._unsaid or not seconds:
            return
        self._say(AlignedText(" ", ((place, place),)))  # words on both sides of it are two
        self._held.append(Pause(seconds))

    def _reading(self, element: _Element, written: AlignedText) -> AlignedText:
        """What is said for what is written; where nothing is written, as after a break of the answer, nothing is."""
        if not written.text.strip():
            return written
        attributes = element.attributes
        match element.name:
            case "sub":
                return written.read_as(attributes.get("alias") or written.text)
            case "phoneme" if attributes.get("alphabet") == "x-pinyin" and attributes.get("ph"):
                return written.read_as("".join(f"({syllable})" for syllable in attributes["ph"].split()))
            case "say-as":
                language = element.style.language or self._language
                said = said_as(written.text, attributes.get("interpret-as", ""), language)
                return written if said == written.text else written.read_as(said)
            case _:
                return written

    def _say(self, text: AlignedText) -> None:
        if not text:
            return
        style = self._open[-1].style if self._open else PLAIN
        last = self._held[-1] if self._held else None
        if isinstance(last, Stretch) and last.style == style:
            self._held[-1] = Stretch(AlignedText.join([last.text, text]), style)
        else:
            self._held.append(Stretch(text, style))
        self._split(self._splitter.feed(text.text))

    def _split(self, sentences: list[str]) -> None:
        for sentence in sentences:
            parts = self._take(len(sentence))
            self._whole.append(Sentence(tuple(parts), self._consumed))

    def _take(self, length: int) -> list[Stretch | Pause]:
        """So many characters of what is held, and the pauses between them."""
        parts: list[Stretch | Pause] = []
        while length > 0:
            part = self._held.popleft()
            if isinstance(part, Stretch):
                if len(part.text) > length:
                    self._held.appendleft(Stretch(part.text[length:], part.style))
                    part = Stretch(part.text[:length], part.style)
                length -= len(part.text)
                self._consumed = max(self._consumed, part.text.spans[-1][1])
            parts.append(part)
        return parts

    def _taken(self) -> list[Sentence]:
        taken, self._whole = self._whole, []
        return taken


def _inside(style: Style, name: str, attributes: Mapping[str, str]) -> Style:
    match name:
        case "prosody":
            return style.prosody(*(attributes.get(key, "").strip() for key in ("rate", "pitch", "volume")))
        case "emphasis":
            return style.emphasis(attributes.get("level", "moderate").strip())
        case "voice":
            return replace(style, voice=attributes.get("name", "").strip() or style.voice)
        case "lang" | "p" | "s":
            return replace(style, language=attributes.get("lang", "").strip() or style.language)
        case _:
            return style


def _break_s(attributes: Mapping[str, str]) -> float:
    """Seconds of a `<break>`; one that says nothing is of medium strength."""
    strength, time = attributes.get("strength", "medium").strip(), attributes.get("time", "").strip()
    match = _TIME.fullmatch(time)
    seconds = float(match[1]) / (1000 if match[2] == "ms" else 1) if match else -1.0
    if time and not 0 <= seconds <= MAX_BREAK_S:
        message = f'The SSML has a break of "{time[:40]}"; allowed: "0s" to "{MAX_BREAK_S}s", or "500ms".'
        raise InvalidArgument(message, field="text")
    if strength not in _STRENGTHS:
        allowed = ", ".join(_STRENGTHS)
        raise InvalidArgument(f'The SSML has the break strength "{strength[:40]}"; allowed: {allowed}.', field="text")
    return seconds if time else _STRENGTHS[strength]
