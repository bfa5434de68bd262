"""The marks of a chat template, kept out of what people and pages say.

A prompt is one text to llama.cpp, and whatever in it is spelt like a control token becomes that token: a page with
"<|im_end|>" in it could end its own quotation and speak as the system. So a blank is put into such words first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from svc_text.models.gguf import Array, Header, read_header

TOKENS, TYPES = "tokenizer.ggml.tokens", "tokenizer.ggml.token_type"
UNKNOWN, CONTROL = 2, 3  # llama.cpp's kinds of tokens that are no text
LIKE_A_MARK = re.compile(r"<\|[^|\s]+\|>")  # llama.cpp takes such ones for control tokens whatever the file says


def defuser(path: Path) -> Callable[[str], str]:
    """A function that puts a blank into every mark of that model; reads the vocabulary: 0.2 s for 150 000 tokens.

    Raises what `read_header` raises.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        marks = _marks(read_header(file, size, frozenset({TOKENS, TYPES})))
    return blanking(marks)


def blanking(marks: Iterable[str]) -> Callable[[str], str]:
    """A function that puts a blank into each of these marks."""
    longest_first = sorted(set(marks), key=len, reverse=True)
    if not longest_first:
        return str
    pattern = re.compile("|".join(re.escape(mark) for mark in longest_first))
    return lambda text: pattern.sub(_blanked, text)


def _blanked(mark: re.Match[str]) -> str:
    return f"{mark[0][0]} {mark[0][1:]}"


def _marks(header: Header) -> set[str]:
    tokens, types = (_items(header, key) for key in (TOKENS, TYPES))
    told = {str(token) for token, kind in zip(tokens, types, strict=False) if kind in {UNKNOWN, CONTROL}}
    looks = {token for token in map(str, tokens) if LIKE_A_MARK.fullmatch(token)}
    return {mark for mark in told | looks if len(mark) > 1}


def _items(header: Header, key: str) -> tuple[float | str, ...]:
    value = header.values.get(key)
    return value.items if isinstance(value, Array) else ()
