"""Chinese for voices of Piper's kind "pinyin": initial, final and tone of each syllable, and full-width punctuation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from svc_tts.frontend.aligned import AlignedText, Span

ZERO_INITIAL = "Ø"
_INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw")
_PART = re.compile(r"(?P<base>[a-zü]{1,6})(?P<tone>[1-5])|(?P<stop>[.,:;?!…—。，、：；？！])")
_FULL_WIDTH = {".": "。", ",": "，", ":": "：", ";": "；", "?": "？", "!": "！"}


def syllables_of(text: AlignedText) -> Iterator[tuple[Span, tuple[str, ...], str]]:
    """Where a syllable stands in the input, its phonemes, and the punctuation where it is one instead.

    `text` holds numbered pinyin, as `frontend.readings` writes it; anything else in it is passed over.
    """
    for match in _PART.finditer(text.text):
        span = text.source(*match.span())
        if match["stop"]:
            yield span, (), _FULL_WIDTH.get(match["stop"], match["stop"])
        else:
            yield span, split(match["base"], match["tone"]), ""


def split(syllable: str, tone: str) -> tuple[str, str, str]:
    """("hang", "2") -> ("h", "ang", "2"); ü is written v."""
    plain = syllable.replace("ü", "v")
    initial = next((each for each in _INITIALS if plain.startswith(each) and plain != each), "")
    return initial or ZERO_INITIAL, plain.removeprefix(initial), tone
