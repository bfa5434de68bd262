"""Does a model fit in memory, and with how many chats at once: asked before llama.cpp takes it."""

from __future__ import annotations

from svc_text.models.inspect import ModelCard
from troupe.weights.memory import available
from troupe.wire.errors import EngineMissing

MEBIBYTE = 1 << 20
GIBIBYTE = 1 << 30
OVERHEAD = 150 * MEBIBYTE  # Python, llama.cpp and its compute buffers (measured 90 to 130 with 0.2 B parameters)
SHARE = 0.5  # of what is free, that more than the fewest chats may take: faces and voices need some too


def needed(card: ModelCard, slots: int, context: int, cache: int) -> int:
    """Bytes that the model takes when it is loaded for so many chats of so many tokens each."""
    weights = card.size * card.parts
    return weights + card.kv_cache(slots * context) + cache + OVERHEAD


def fitting_slots(card: ModelCard, most: int, least: int, context: int, cache: int) -> int:
    """How many chats at once fit, from `most` down to `least`; raises `EngineMissing` where none does.

    The context of a chat is never made smaller for it.
    """
    there = available()
    for slots in range(most, least - 1, -1):
        room = there if slots == least else there * SHARE
        if needed(card, slots, context, cache) <= room:
            return slots
    short = needed(card, least, context, cache)
    raise EngineMissing(
        f"{card.name} needs about {short / GIBIBYTE:.1f} GiB of memory ({least} chats at once, {context} tokens each), "
        f"and {there / GIBIBYTE:.1f} GiB are free",
        remedy="make model (choose a smaller one), or lower TROUPE_TEXT_LLAMACPP_CONTEXT or _SLOTS",
    )
