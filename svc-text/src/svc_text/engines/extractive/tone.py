"""The tone of the documents, from what can be counted in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from svc_text.engines.extractive.material import Material
from svc_text.lexicon import lexicon

LEAST_PROSE = 4  # sentences; of fewer nothing can be told
LEAST_SHARE = 0.25  # of the sentences must have a sign of it
_TECHNICAL = re.compile(
    r"\b(?:[A-Z]{2,}\d*|ISO|API)\b|\b\d+(?:[.,]\d+)?\s?(?:mm|cm|kW|MW|kWh|V|A|Hz|kHz|GHz|bar|rpm|°C|ms|GB|TB|nm|µm|kg|t|l)\b"
)


def tone(material: Material) -> str:
    """One of technical, friendly and formal; empty where nothing tells."""
    texts = [each.text for each in material.prose]
    if len(texts) < LEAST_PROSE:
        return ""
    words = lexicon(material.language)
    signs: Mapping[str, Callable[[str], object]] = {
        "technical": _TECHNICAL.search,
        "formal": words.formal.search,
        "friendly": lambda text: text.endswith(("!", "！")) or words.friendly.search(text),
    }
    shares = {label: sum(bool(shows(text)) for text in texts) / len(texts) for label, shows in signs.items()}
    best = max(shares, key=lambda label: shares[label])
    return best if shares[best] >= LEAST_SHARE else ""
