"""Subtitle files: per sentence or word what was said, and when."""

from __future__ import annotations

import re
from typing import Any

from .sound import Speech, Word

SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？\n]*")


def subtitles(text: str, speech: Speech, kind: str) -> list[dict[str, Any]]:
    """The rows of the file: one a sentence; with `word` their words timed, too."""
    rows = []
    for sentence in SENTENCE.finditer(text):
        words = [word for word in speech.words if sentence.start() <= word.begin < sentence.end()]
        if words:
            rows.append(_row(sentence.group().strip(), sentence.start(), words, timed=kind != "sentence"))
    if rows:
        rows[-1]["is_final_segment"] = True
    return rows


def _row(text: str, begin: int, words: list[Word], *, timed: bool) -> dict[str, Any]:
    span = {"text_begin": begin, "text_end": begin + len(text)}
    row: dict[str, Any] = {
        "text": text,
        "pronounce_text": text,
        "time_begin": words[0].begin_ms,
        "time_end": words[-1].end_ms,
        **span,
        **{f"pronounce_{name}": value for name, value in span.items()},
        "is_final_segment": False,
    }
    if timed:
        row["timestamped_words"] = [_word(word) for word in words]
    return row


def _word(word: Word) -> dict[str, Any]:
    return {
        "word": word.text,
        "word_begin": word.begin,
        "word_end": word.end,
        "pronounce_word": word.text,
        "pronounce_word_begin": word.begin,
        "pronounce_word_end": word.end,
        "time_begin": word.begin_ms,
        "time_end": word.end_ms,
    }
