"""The text to be spoken, as a caller sent it: bounded, and free of what no voice can say."""

from __future__ import annotations

import unicodedata

from troupe.wire.errors import EmptyText, TextTooLong

KEPT_CONTROLS = "\t\n\r"
PIECE_CHARS = 16 * 1024  # of text per message: far below gRPC's limit in any script


def clean_text(text: str, max_chars: int) -> str:
    """The text with control characters blanked, each by one space so that positions in it stay true.

    Raises `EmptyText` or `TextTooLong`.
    """
    if len(text) > max_chars:
        raise TextTooLong(
            f"The text has {len(text):,} characters; at most {max_chars:,} are taken at once. Send it in parts, or "
            "raise TROUPE_MAX_TEXT_CHARS.",
            limit_chars=max_chars,
        )
    cleaned = blank_controls(text)
    if not cleaned.strip():
        raise EmptyText("There is nothing to say: the text is empty. Send some words in `text`.")
    return cleaned


def blank_controls(text: str) -> str:
    """Each control character becomes one space, each half of a surrogate pair the replacement character."""
    return "".join(_printable(character) for character in text)


def text_pieces(text: str) -> list[str]:
    """The text in pieces that fit a message."""
    return [text[start : start + PIECE_CHARS] for start in range(0, len(text), PIECE_CHARS)]


def _printable(character: str) -> str:
    if character in KEPT_CONTROLS:
        return character
    category = unicodedata.category(character)
    if category == "Cs":  # half of a surrogate pair: JSON can hold it, UTF-8 cannot
        return "\ufffd"
    return " " if category == "Cc" else character
