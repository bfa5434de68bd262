"""What cannot be spoken is taken out: control and format characters, emoji, marks of writing direction."""

from __future__ import annotations

import re
import unicodedata

from svc_tts.frontend.aligned import AlignedText

_SPOKEN_SYMBOLS = frozenset("&%@#+=$€£¥°<>")
_EMOJI = (
    "\U0001f000-\U0001faff"  # pictographs, flags, cards, ...
    "\U000e0000-\U000e0fff"  # tags and variation selectors
    "\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff\ufe00-\ufe0f\u20e3"
)
_UNSPEAKABLE = re.compile(rf"[{_EMOJI}](?:\u200d?[{_EMOJI}])*")
_MARKUP = re.compile(r"(?<![\w*_`~])[*_`~]{1,3}(?=\S)|(?<=\S)[*_`~]{1,3}(?![\w*_`~])|^#{1,6}\s+", re.MULTILINE)
_SPACES = re.compile(r"\s+")
_CONTROL = ("Cc", "Cf", "Cs", "Co", "Cn")
_JOINERS = frozenset("\u200c\u200d")  # they shape Persian and Indic words, so they stay inside words


def clean(text: AlignedText) -> AlignedText:
    """`text` without what cannot be spoken, its white space single, stripped."""
    text = text.sub(_UNSPEAKABLE, lambda _: " ")
    text = text.sub(_controls(text.text), lambda match: "" if _invisible(match.group()) else " ")
    text = text.sub(_MARKUP, lambda _: "")
    return text.sub(_SPACES, lambda _: " ").strip()


def speakable(text: str) -> bool:
    """Whether there is anything to say in it."""
    return any(character in _SPOKEN_SYMBOLS or unicodedata.category(character)[0] in "LN" for character in text)


def _controls(text: str) -> re.Pattern[str]:
    found = {c for c in text if not c.isspace() and c not in _JOINERS and unicodedata.category(c) in _CONTROL}
    return re.compile(f"[{re.escape(''.join(sorted(found)))}]" if found else r"(?!)")


def _invisible(character: str) -> bool:
    """Format characters (direction marks, zero width) stand inside words; control characters between them."""
    return unicodedata.category(character) == "Cf"
