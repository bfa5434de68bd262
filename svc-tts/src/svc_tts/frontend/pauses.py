"""Pauses written into the text: `<#0.5#>` is half a second of silence (0.01..99.99 s)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from svc_tts.frontend.aligned import AlignedText

MARK = re.compile(r"<#\s*(\d{1,2}(?:\.\d{1,2})?)\s*#>")


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence of that many seconds."""

    seconds: float


def split_pauses(text: AlignedText) -> list[AlignedText | Pause]:
    """The text between the marks, and the marks, in order."""
    parts: list[AlignedText | Pause] = []
    at = 0
    for match in MARK.finditer(text.text):
        parts += [text[at : match.start()], Pause(float(match.group(1)))]
        at = match.end()
    return [*parts, text[at:]]
