"""Word timings -> subtitles: cues that a person can read, of the text as it is written.

A cue has at most two lines of 42 columns (a Chinese or Japanese character is two columns wide) and seven seconds. It
ends where a sentence ends, else at a clause or a pause, else at a word. It stands from its first word on, until its
last one ends or, where there is room before the next cue, until it can have been read.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from gateway.scenes.captions import as_written
from gateway.scenes.markup import text_of, without_tags
from troupe.v1.media_pb2 import WordTiming

LINE_COLUMNS = 42
LONGEST_MS, SHORTEST_MS = 7_000, 1_000
READING_MS = 59  # per column: 17 columns a second
PAUSE_MS = 700  # between two words, after which a new cue begins
_NEAR_MS = 300  # cues so near to each other may be joined
_SENTENCE_ENDS = frozenset(".!?…。！？।؟")
_CLAUSE_ENDS = frozenset(",;:–—、，；：،")
_UNSHOWN = frozenset("*_`~#|")  # marks of markdown
_LONGEST_SIGN = 3  # characters
_CLOSERS = "\"'”’»)]}」』）"


@dataclass(frozen=True, slots=True)
class Token:
    """A word as it is written, signs and all."""

    text: str
    spaced: bool  # white space stands before it
    text_start: int  # code points of the input
    text_end: int
    start_ms: int
    end_ms: int

    def ends(self, signs: frozenset[str]) -> bool:
        """Whether one of these signs stands at its end."""
        return self.text.rstrip(_CLOSERS)[-1:] in signs


@dataclass(frozen=True, slots=True)
class Subtitle:
    """What is shown from `start_ms` to `end_ms`."""

    tokens: tuple[Token, ...]
    start_ms: int
    end_ms: int

    @property
    def text(self) -> str:
        """On one line."""
        return _joined(self.tokens)

    @property
    def lines(self) -> tuple[str, ...]:
        """As shown: one or two, the two about as long."""
        return _lines(self.tokens) or (self.text,)


def subtitles(words: Iterable[WordTiming], text: str, *, marked_up: bool = False) -> list[Subtitle]:
    """The cues of what was spoken of `text`, in order; `marked_up`: it is SSML."""
    tokens = _tokens(words, text, marked_up=marked_up)
    groups: list[list[Token]] = []
    at = 0
    while at < len(tokens):
        length = _length(tokens[at : at + _MOST_TOKENS])
        groups.append(tokens[at : at + length])
        at += length
    return _timed(_joined_where_short(groups))


_MOST_TOKENS = 2 * LINE_COLUMNS  # no cue has more


def _tokens(words: Iterable[WordTiming], text: str, *, marked_up: bool) -> list[Token]:
    plain = without_tags(text) if marked_up else text
    tokens: list[Token] = []
    for told in words:
        word = as_written(told, plain)
        last = tokens[-1] if tokens else None
        if last is not None and word.text_start < last.text_end:  # several words said for one written
            tokens[-1] = replace(last, end_ms=word.end_ms)
            continue
        between = plain[last.text_end if last else 0 : word.text_start]
        written = text[word.text_start : word.text_end]
        shown = " ".join((text_of(written) if marked_up else written).split()) or word.word
        spaced = any(character.isspace() for character in between)
        if last is not None and (sign := _sign(between)):
            tokens[-1] = replace(last, text=f"{last.text} {sign}")
        tokens.append(Token(shown, spaced, word.text_start, word.text_end, word.start_ms, word.end_ms))
    return tokens


def _sign(between: str) -> str:
    """A dash or the like that stands alone between two words; nothing where something else does."""
    sign = html.unescape(between.strip())
    shown = all(unicodedata.category(character)[0] in "PS" and character not in _UNSHOWN for character in sign)
    return sign if shown and len(sign) <= _LONGEST_SIGN else ""


def _length(tokens: list[Token]) -> int:
    """How many of these the next cue has."""
    fitting = 1
    while fitting < len(tokens) and not _must_end(tokens[fitting - 1], tokens[fitting]):
        if not _fits(tokens[: fitting + 1]):
            return _best_cut(tokens[:fitting])
        fitting += 1
    return fitting


def _must_end(last: Token, following: Token) -> bool:
    return last.ends(_SENTENCE_ENDS) or following.start_ms - last.end_ms > PAUSE_MS


def _fits(tokens: list[Token]) -> bool:
    return tokens[-1].end_ms - tokens[0].start_ms <= LONGEST_MS and bool(_lines(tuple(tokens)))


def _best_cut(tokens: list[Token]) -> int:
    """After the last clause of the second half, else as late as may be."""
    clauses = [at for at, token in enumerate(tokens, 1) if token.ends(_CLAUSE_ENDS) and at > len(tokens) / 2]
    return clauses[-1] if clauses else len(tokens)


def _joined_where_short(groups: list[list[Token]]) -> list[list[Token]]:
    """Neighbours one of which would be too short to be read, as one, where that fits."""
    joined: list[list[Token]] = []
    for group in groups:
        both = [*joined[-1], *group] if joined else group
        near = bool(joined) and group[0].start_ms - joined[-1][-1].end_ms <= _NEAR_MS
        short = any(part[-1].end_ms - part[0].start_ms < SHORTEST_MS for part in (*joined[-1:], group))
        if near and short and _fits(both):
            joined[-1] = both
        else:
            joined.append(group)
    return joined


def _timed(groups: list[list[Token]]) -> list[Subtitle]:
    nexts = [following[0].start_ms for _, following in pairwise(groups)]
    timed = []
    for group, next_ms in zip(groups, [*nexts, None], strict=False):
        start_ms, end_ms = group[0].start_ms, group[-1].end_ms
        readable_ms = start_ms + max(SHORTEST_MS, READING_MS * _columns(_joined(group)))
        until_ms = max(end_ms, min(readable_ms, start_ms + LONGEST_MS))
        timed.append(Subtitle(tuple(group), start_ms, until_ms if next_ms is None else min(until_ms, next_ms)))
    return timed


def _lines(tokens: tuple[Token, ...]) -> tuple[str, ...]:
    """The text on one line, else on two as equal as may be; nothing where it does not fit."""
    whole = _joined(tokens)
    if _columns(whole) <= LINE_COLUMNS or len(tokens) == 1:
        return (whole,)
    pairs = [(_joined(tokens[:at]), _joined(tokens[at:])) for at in range(1, len(tokens))]
    fitting = [pair for pair in pairs if max(map(_columns, pair)) <= LINE_COLUMNS]
    return min(fitting, key=_unevenness) if fitting else ()


def _unevenness(pair: tuple[str, ...]) -> float:
    first, second = map(_columns, pair)
    return abs(first - second) - (LINE_COLUMNS / 4 if pair[0][-1] in _CLAUSE_ENDS | _SENTENCE_ENDS else 0)


def _joined(tokens: Iterable[Token]) -> str:
    return "".join(f" {token.text}" if token.spaced else token.text for token in tokens).strip()


def _columns(text: str) -> int:
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def as_vtt(cues: Iterable[Subtitle], *, estimated: bool) -> str:
    """A WebVTT file (W3C); where times are reckoned, a NOTE says so."""
    note = ["NOTE timing: estimated from the text and the sound"] if estimated else []
    blocks = [
        f"{_clock(cue.start_ms, '.')} --> {_clock(cue.end_ms, '.')}\n" + html.escape("\n".join(cue.lines), quote=False)
        for cue in cues
    ]
    return "\n\n".join(["WEBVTT", *note, *blocks]) + "\n"


def as_srt(cues: Iterable[Subtitle], *, estimated: bool) -> str:
    """A SubRip file, which has no place to say that times are reckoned."""
    del estimated
    return "".join(
        f"{number}\n{_clock(cue.start_ms, ',')} --> {_clock(cue.end_ms, ',')}\n" + "\n".join(cue.lines) + "\n\n"
        for number, cue in enumerate(cues, 1)
    )


def as_segments(cues: Iterable[Subtitle]) -> list[dict[str, object]]:
    """MiniMax's subtitle file: segments with their words; what is pronounced counts as what is written."""
    listed = list(cues)
    return [
        {
            "text": cue.text,
            "pronounce_text": cue.text,
            "time_begin": cue.start_ms,
            "time_end": cue.end_ms,
            "text_begin": cue.tokens[0].text_start,
            "text_end": cue.tokens[-1].text_end,
            "pronounce_text_begin": cue.tokens[0].text_start,
            "pronounce_text_end": cue.tokens[-1].text_end,
            "is_final_segment": cue is listed[-1],
            "timestamped_words": [_word(token) for token in cue.tokens],
        }
        for cue in listed
    ]


FILES: dict[str, Callable[..., str]] = {"vtt": as_vtt, "srt": as_srt}
"""Kind -> how it is written."""


def _word(token: Token) -> dict[str, object]:
    return {
        "word": token.text,
        "word_begin": token.text_start,
        "word_end": token.text_end,
        "time_begin": token.start_ms,
        "time_end": token.end_ms,
    }


def _clock(ms: int, mark: str) -> str:
    seconds, rest = divmod(ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{mark}{rest:03}"
