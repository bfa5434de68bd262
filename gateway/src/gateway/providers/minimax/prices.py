"""What a call may cost, in USD: an estimate for the daily cap, no invoice (docs/MINIMAX.md has the prices).

Where a model is not in the table the dearest of its kind is assumed, so that a cap errs on the side of spending less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from gateway.routing.need import Modality

T = TypeVar("T")
MILLION = 1_000_000
CHARS_PER_TOKEN = 2.0  # cautious: English has four, Chinese about one and a half
DEAREST_TEXT = (0.60, 2.40)
DEAREST_SPEECH = 100.0
DEAREST_VIDEO_S = 0.15


@dataclass(frozen=True, slots=True)
class Prices:
    """List prices by the beginning of a model's name, lower case; the longest beginning wins."""

    text: Mapping[str, tuple[float, float]] = field(  # per million tokens in, out
        default_factory=lambda: {
            "minimax-m2": (0.30, 1.20),
            "minimax-m1": (0.40, 2.20),
            "minimax-text-01": (0.20, 1.10),
        }
    )
    speech: Mapping[str, float] = field(  # per million characters
        default_factory=lambda: {
            "speech-01-turbo": 60.0, "speech-02-turbo": 60.0, "speech-2.5-turbo": 60.0, "speech-2.6-turbo": 60.0,
            "speech-2.8-turbo": 60.0, "speech-": 100.0,
        }
    )  # fmt: skip
    video_s: Mapping[str, float] = field(  # per second of the clip
        default_factory=lambda: {"t2v-01": 0.072, "i2v-01": 0.072, "s2v-01": 0.109, "minimax-hailuo": 0.082}
    )
    clone: float = 3.0  # per voice

    def chat(self, model: str, tokens_in: int, tokens_out: int) -> float:
        """Of a chat of so many tokens."""
        per_in, per_out = _best(self.text, model, DEAREST_TEXT)
        return (tokens_in * per_in + tokens_out * per_out) / MILLION

    def spoken(self, model: str, chars: int) -> float:
        """Of so many characters said."""
        return chars * _best(self.speech, model, DEAREST_SPEECH) / MILLION

    def clip(self, model: str, seconds: float) -> float:
        """Of a clip of that length."""
        return seconds * _best(self.video_s, model, DEAREST_VIDEO_S)

    def least(self, modality: Modality, text_chars: int, model: str) -> float:
        """The least a request of that much text will cost, before more is known of it."""
        if modality is Modality.TEXT:
            return self.chat(model, max(1, round(text_chars / CHARS_PER_TOKEN)), 1)
        if modality is Modality.TTS:
            return self.spoken(model, max(1, text_chars))
        return self.clip(model, 4.0)


def _best(table: Mapping[str, T], model: str, dearest: T) -> T:
    name = model.casefold()
    fitting = [key for key in table if name.startswith(key)]
    return table[max(fitting, key=len)] if fitting else dearest
