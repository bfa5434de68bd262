"""Does XTTS fit, and with how many utterances at once: asked before anything is loaded."""

from __future__ import annotations

import os
from dataclasses import dataclass
from math import prod
from pathlib import Path

from svc_tts.engines.xtts import layout
from svc_tts.engines.xtts.config import XttsConfig
from troupe.wire.errors import EngineMissing

MEBIBYTE = 1 << 20
GIBIBYTE = 1 << 30
OVERHEAD = 600 * MEBIBYTE  # Python, torch, text tables and what a window of the vocoder needs
SHARE = 0.5  # of what is free, that more than one utterance at once may take: other engines need some too
WEIGHT_BYTES = {"fp32": 4, "bf16": 2, "int8": 1}
CPU_STATE_BYTES = 4  # fp32, whatever the weights are
TEXT_MARKS = 3  # start and stop of the text, start of the sound


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes that a release takes."""

    weights: int
    slot: int  # keys and values of one utterance
    loading: int = 0  # beside the weights, while they are read

    @classmethod
    def of(cls, config: XttsConfig, precision: str, *, cuda: bool) -> Need:
        """By the sizes in its config.json: the language model in that precision, the other networks in fp32."""
        sizes = config.gpt
        gpt = rest = 0
        for name, shape in layout.tensors(config).items():
            if name.startswith("gpt.gpt."):
                gpt += prod(shape)
            else:
                rest += prod(shape)
        state = WEIGHT_BYTES["fp32" if precision == "fp32" else "bf16"] if cuda else CPU_STATE_BYTES
        longest = sizes.max_prompt + sizes.max_text + TEXT_MARKS + sizes.max_codes
        return cls(
            weights=gpt * WEIGHT_BYTES[precision] + rest * WEIGHT_BYTES["fp32"],
            loading=gpt * WEIGHT_BYTES["fp32"] if precision == "int8" else 0,
            slot=sizes.layers * 2 * sizes.width * longest * state,
        )

    def total(self, slots: int) -> int:
        """With so many utterances at once; less while it is loaded, unless that needs more."""
        return self.weights + max(slots * self.slot, self.loading) + OVERHEAD


def fitting_slots(need: Need, most: int, there: int) -> int:
    """How many utterances at once fit into `there` bytes, from `most` down to one; raises `EngineMissing`."""
    for slots in range(most, 1, -1):
        if need.total(slots) <= there * SHARE:
            return slots
    if need.total(1) <= there:
        return 1
    raise EngineMissing(
        f"XTTS needs about {need.total(1) / GIBIBYTE:.1f} GiB of memory, and {there / GIBIBYTE:.1f} GiB are free",
        remedy="TROUPE_SPEECH_XTTS_PRECISION=int8, TROUPE_SPEECH_XTTS_DEVICE=cpu, or a machine with more memory",
    )


def resident() -> int:
    """Bytes of this process that are in memory."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
