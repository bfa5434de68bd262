"""The profile of a company as JSON: what the documents do not say is an empty string or list."""

from __future__ import annotations

import json
from collections.abc import Iterator

from svc_text.engines.extractive.claims import audience, differentiators
from svc_text.engines.extractive.facts import facts
from svc_text.engines.extractive.lead import lead
from svc_text.engines.extractive.material import Material
from svc_text.engines.extractive.offers import products, sections
from svc_text.engines.extractive.rank import points_back, repeats
from svc_text.engines.extractive.spoken import joined
from svc_text.engines.extractive.tone import tone

PROFILE = "company_profile"
"""The name of the one schema that is answered."""
SUMMARY_SENTENCES = 4
MOST_ONE_LINER_CHARS = 200


def profile_pieces(material: Material, name: str) -> Iterator[str]:
    """The JSON in pieces, a field each; joined they are one object."""
    fields: dict[str, object] = {
        "name": name,
        "one_liner": one_liner(material, name),
        "summary": summary(material, name),
        "products": products(material, name),
        "audience": audience(material),
        "differentiators": differentiators(material, lead(material, name)),
        "tone": tone(material),
        "facts": [{"fact": each.fact, "sentence": each.sentence, "page": each.page} for each in facts(material)],
    }
    for number, (key, value) in enumerate(fields.items()):
        yield ("{" if not number else ", ") + f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
    yield "}"


def one_liner(material: Material, name: str) -> str:
    """The sentence that says who it is."""
    first = lead(material, name)
    return first.text if first is not None and len(first.text) <= MOST_ONE_LINER_CHARS else ""


def summary(material: Material, name: str) -> str:
    """Three to five sentences, in order."""
    first = lead(material, name)
    chosen = [first] if first is not None else []
    below = material.captions | {each.order for section in sections(material) for each in section.prose}
    for sentence in sorted(material.best(), key=lambda each: each.order in below):
        if len(chosen) == SUMMARY_SENTENCES:
            break
        if sentence not in chosen and not repeats(sentence, chosen) and not points_back(sentence):
            chosen.append(sentence)
    ordered = chosen[:1] + sorted(chosen[1:], key=lambda each: each.order)
    return "".join(joined([each.text for each in ordered]))
