"""The tone of the documents, from what can be counted in them."""

from __future__ import annotations

import re

from svc_text.engines.extractive.material import Material

LEAST_PROSE = 4  # sentences; of fewer nothing can be told
_FRIENDLY = re.compile(
    r"!|\b(?:you|your|du|dein\w*|euch|eure?|tu|ton|ta|tes|tú|ti|tuo|tua|você|je|jouw|ty|twój|sen)\b", re.I
)
_FORMAL = re.compile(r"\b(?:Sie|Ihnen|Ihre[mnrs]?|vous|votre|vos|usted|ustedes|Lei|Państwa|pursuant|herewith|accordance|"
                     r"hereby|Вы|Ваш\w*|siz|sizin)\b|です|ます|您|貴社")  # fmt: skip
_TECHNICAL = re.compile(
    r"\b[A-Z]{2,}\d*\b|\b\d+(?:[.,]\d+)?\s?(?:mm|cm|kW|MW|kWh|V|A|Hz|kHz|GHz|bar|rpm|°C|ms|GB|TB|nm|µm|kg|t|l)\b|\bISO\b|\bAPI\b"
)


def tone(material: Material) -> str:
    """ "technical", "friendly" or "formal"; empty where nothing tells."""
    count = len(material.prose)
    if count < LEAST_PROSE:
        return ""
    shares = {
        label: sum(bool(pattern.search(each.text)) for each in material.prose) / count
        for label, pattern in (("technical", _TECHNICAL), ("friendly", _FRIENDLY), ("formal", _FORMAL))
    }
    best = max(shares, key=lambda label: shares[label])
    return best if shares[best] >= 0.25 else ""
