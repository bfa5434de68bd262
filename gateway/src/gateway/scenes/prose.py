"""What a model writes -> what a voice says, while it is written.

Models write markdown whatever they are told. Headings and items of lists become sentences of their own; of a link its
text is said, of a web address its host; code, pictures, footnotes, [directions] and <think> are left out.

It reads one character at a time and decides by the characters alone, so it does not matter in which pieces they come.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import Enum, auto

from gateway.scenes.spelling import ADDRESS, is_wide, spelled

MAX_LEAD = 200  # characters at the beginning of a line that may still turn out to be a mark
MAX_BRACKET = 300  # characters between [ and ], or < and >; longer ones are text
MAX_ADDRESS = 2_000  # characters of a link's address
MAX_WORD = 400
SILENT = frozenset({"think", "thinking", "thought", "reasoning", "reflection", "script", "style"})
"""Tags whose content is nothing to be said."""
BREAKS = frozenset("\n\x0b\x0c\x85\u2028\u2029")

_MARK = re.compile(r"\s*(?:#{1,6}\s|[-*+•]\s|\d{1,2}[.)]\s|>|\|)")
_MAY_BE_MARK = re.compile(r"\s*(?:#{0,6}|[-*+•_=]+|\d{0,2}[.)]?|`{1,2}|~{1,2}|`{3,}[^`]*|~{3,}[^~]*)")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_RULE = re.compile(r"\s*[-*_=]{2,}\s*|\s*")
_TAG = re.compile(r"<(/?)([a-zA-Z]*)")
_CLOSERS = "\"'”’)]»"
_ENDS = (".", "!", "?", "…")


class Hold(Enum):
    """What stands between brackets that are being read."""

    NOTHING = auto()
    BRACKET = auto()  # [text
    AFTER_BRACKET = auto()  # [text]
    ADDRESS = auto()  # [text](address
    REFERENCE = auto()  # [text][reference
    TAG = auto()  # <tag


class Prose:
    """Feed it a text in pieces; it gives back what is to be said of it, and the rest at the `end`."""

    def __init__(self, hosts: Collection[str] | None = None) -> None:
        self._hosts = hosts  # only these may be said of web addresses; None = any
        self._said: list[str] = []  # not given back yet
        self._last = ""  # the last two characters said
        self._gap = ""  # what comes before the next word: " ", ", " or "\n"
        self._lead: str | None = ""  # the line so far, while it may begin with a mark
        self._fence = ""  # what ends the block of code
        self._silent = ""  # what ends the content of a tag that is not said
        self._tail = ""  # of that content, as much as may be its end
        self._own_line = False  # a heading, an item, a row of a table
        self._row = False
        self._hold = Hold.NOTHING
        self._held = ""
        self._address_chars = 0
        self._picture = False
        self._word = ""

    def feed(self, text: str) -> str:
        """What can be said now."""
        for character in text:
            self._read(character)
        said, self._said = "".join(self._said), []
        return said

    def end(self) -> str:
        """What was held back."""
        self._read("\n")
        return self.feed("")

    def _read(self, character: str) -> None:
        if self._silent:
            self._read_silent(character)
        elif character in BREAKS:
            self._break_line()
        elif self._fence:
            self._lead = ((self._lead or "") + character)[:MAX_LEAD]
        elif self._lead is not None:
            self._read_lead(self._lead + character)
        else:
            self._read_inline(character)

    def _read_silent(self, character: str) -> None:
        self._tail = (self._tail + character.casefold())[-len(self._silent) :]
        if self._tail == self._silent:
            self._silent = self._tail = ""

    def _read_lead(self, lead: str) -> None:
        """The beginning of a line: a mark, not yet known, or text."""
        if (mark := _MARK.fullmatch(lead)) is not None:
            self._row = self._row or mark.group().endswith("|")
            if not mark.group().endswith(">"):
                self._own_line = True
            self._end_sentence()
            self._lead = None if self._row else ""  # another mark may follow
        elif len(lead) < MAX_LEAD and _MAY_BE_MARK.fullmatch(lead):
            self._lead = lead
        else:
            self._lead = None
            for each in lead:
                self._read_inline(each)

    def _break_line(self) -> None:
        lead, self._lead = self._lead, ""
        if self._fence:
            if lead and lead.strip().startswith(self._fence) and not lead.strip().strip(self._fence[0]):
                self._fence = ""
        elif lead is not None and (fence := _FENCE.match(lead)):
            self._fence = fence.group(1)
            self._end_sentence()
        elif lead is not None and _RULE.fullmatch(lead):
            self._end_sentence()
        else:
            for each in lead or "":
                self._read_inline(each)
            self._end_text_line()
        self._own_line = self._row = False

    def _end_text_line(self) -> None:
        self._let_go()
        self._end_word()
        if self._own_line:
            self._end_sentence()
        else:
            self._space(" ")

    def _read_inline(self, character: str) -> None:
        if self._hold is not Hold.NOTHING:
            self._read_held(character)
        elif character in "[<":
            self._hold = Hold.BRACKET if character == "[" else Hold.TAG
            self._held = character
            self._picture = character == "[" and self._word.endswith("!")
        else:
            self._say(character)

    def _read_held(self, character: str) -> None:
        match self._hold:
            case Hold.BRACKET:
                self._held += character
                if character == "]":
                    self._hold = Hold.AFTER_BRACKET
                elif len(self._held) > MAX_BRACKET:
                    self._let_go()
            case Hold.AFTER_BRACKET:
                self._after_bracket(character)
            case Hold.ADDRESS | Hold.REFERENCE:
                self._address_chars += 1
                ends = ")" if self._hold is Hold.ADDRESS else "]"
                if character == ends or self._address_chars > MAX_ADDRESS:
                    self._end_link()
            case _:
                self._read_tag(character)

    def _after_bracket(self, character: str) -> None:
        if character in "([":
            self._hold = Hold.ADDRESS if character == "(" else Hold.REFERENCE
            self._address_chars = 0
            return
        self._hold, self._held = Hold.NOTHING, ""  # a direction, a footnote, a box to tick
        self._read_inline(character)

    def _end_link(self) -> None:
        """Its text is said; of a picture nothing."""
        text = self._held[1:-1]
        self._hold, self._held = Hold.NOTHING, ""
        if self._picture:
            self._word = self._word[:-1]
            return
        for each in text:
            self._say(each)

    def _read_tag(self, character: str) -> None:
        if len(self._held) == 1 and not (character.isalpha() or character in "/!?#"):
            self._let_go()
            self._read_inline(character)
            return
        self._held += character
        if character == ">":
            self._end_tag(self._held)
        elif len(self._held) > MAX_BRACKET:
            self._let_go()

    def _end_tag(self, tag: str) -> None:
        self._hold, self._held = Hold.NOTHING, ""
        if ADDRESS.match(tag) or "@" in tag:
            for each in tag[1:-1]:
                self._say(each)
            return
        closes, name = _TAG.match(tag).groups() if _TAG.match(tag) else ("", "")  # type: ignore[union-attr]  # the same match
        if not closes and name.casefold() in SILENT:
            self._silent = f"</{name.casefold()}>"
        if name.casefold() in {"br", "p", "li", "div"}:
            self._say(" ")

    def _let_go(self) -> None:
        """What was held is text after all, or nothing."""
        held, hold = self._held, self._hold
        self._hold, self._held = Hold.NOTHING, ""
        if hold in {Hold.ADDRESS, Hold.REFERENCE}:
            self._held = held
            self._end_link()
        elif hold in {Hold.BRACKET, Hold.TAG}:
            for each in held:
                self._say(each)

    def _say(self, character: str) -> None:
        if character.isspace():
            self._end_word()
            self._part()
        elif is_wide(character):
            self._end_word()
            self._word = character
            self._end_word()
        elif self._row and character == "|":
            self._end_word()
            self._space(", ")
        elif len(self._word) < MAX_WORD:
            self._word += character
        elif not ADDRESS.match(self._word):
            self._end_word()
            self._word = character

    def _end_word(self) -> None:
        word, self._word = self._word, ""
        said = spelled(word, self._hosts) if word else ""
        if not said or (self._row and not said.strip("-–:")):
            return
        gap = "" if not self._last or (self._gap == " " and said[0] in ".,!?;:") else self._gap
        if gap == ", " and not self._last[-1].isalnum():
            gap = " "
        self._said.append(gap + said)
        self._last = (self._last + gap + said)[-2:]
        self._gap = ""

    def _space(self, gap: str) -> None:
        if gap != " " or not self._last.endswith(" "):
            self._gap = max(self._gap, gap, key=["", " ", ", ", "\n"].index)

    def _part(self) -> None:
        """A space: a sentence that has its end before it need not wait for the next one's first word."""
        self._space(" ")
        if self._gap == " " and self._last.rstrip(_CLOSERS).endswith(_ENDS):
            self._said.append(" ")
            self._last, self._gap = self._last[-1] + " ", ""

    def _end_sentence(self) -> None:
        """The end of a line of its own, or of a paragraph; one that ends without a sign gets one."""
        self._let_go()
        self._end_word()
        if self._gap == "\n" or not self._last:
            return
        last = self._last[0] if self._last[-1] in _CLOSERS else self._last[-1]
        if last.isalnum():
            sign = "。" if is_wide(last) else "."
            self._said.append(sign)
            self._last += sign
        self._gap = "\n"
