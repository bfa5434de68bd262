"""How a stretch of marked-up text is said: speed, pitch, volume, language and voice, on top of the request's own."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from math import log2

from troupe.wire.errors import InvalidArgument

_RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.33, "x-fast": 1.75}
_PITCHES = {"x-low": -6.0, "low": -3.0, "medium": 0.0, "default": 0.0, "high": 3.0, "x-high": 6.0}  # semitones
_VOLUMES = {"silent": 0.0, "x-soft": 0.35, "soft": 0.6, "medium": 1.0, "default": 1.0, "loud": 1.5, "x-loud": 2.0}
_EMPHASES = {"strong": (0.85, 1.3), "moderate": (0.93, 1.15), "none": (1.0, 1.0), "reduced": (1.08, 0.8)}
"""Level -> speed and volume."""
_NUMBER = re.compile(r"(?P<sign>[+-]?)(?P<number>\d{1,6}(?:\.\d{1,6})?)(?P<unit>%|st|dB|)")


@dataclass(frozen=True, slots=True)
class Style:
    """Factors and shifts relative to the request."""

    speed: float = 1.0  # a factor
    pitch: float = 0.0  # semitones
    volume: float = 1.0  # a factor
    language: str = ""  # BCP 47; empty = the request's
    voice: str = ""  # empty = the request's

    def prosody(self, rate: str, pitch: str, volume: str) -> Style:
        """As inside `<prosody>` with these values; empty = as it is. Raises `InvalidArgument`."""
        return replace(
            self,
            speed=self.speed * (_rate(rate) if rate else 1.0),
            pitch=self.pitch + (_pitch(pitch) if pitch else 0.0),
            volume=self.volume * (_volume(volume) if volume else 1.0),
        )

    def emphasis(self, level: str) -> Style:
        """As inside `<emphasis>`. Raises `InvalidArgument`."""
        if level not in _EMPHASES:
            raise _wrong("emphasis level", level, ", ".join(_EMPHASES))
        speed, volume = _EMPHASES[level]
        return replace(self, speed=self.speed * speed, volume=self.volume * volume)


def _rate(value: str) -> float:
    match = _NUMBER.fullmatch(value)
    if value in _RATES:
        return _RATES[value]
    if match and match["unit"] in {"", "%"} and not (match["sign"] and not match["unit"]):
        return max(0.01, _share(match) if match["unit"] else float(match["number"]))
    raise _wrong("prosody rate", value, f'{", ".join(_RATES)}, "80%", "+20%" or "1.2"')


def _pitch(value: str) -> float:
    match = _NUMBER.fullmatch(value)
    if value in _PITCHES:
        return _PITCHES[value]
    if match and match["unit"] == "st":
        return float(match["sign"] + match["number"])
    if match and match["unit"] == "%":
        return 12 * log2(max(0.01, _share(match)))
    raise _wrong("prosody pitch", value, f'{", ".join(_PITCHES)}, "+2st" or "-10%"')


def _volume(value: str) -> float:
    match = _NUMBER.fullmatch(value)
    if value in _VOLUMES:
        return _VOLUMES[value]
    if match and match["unit"] == "dB":
        return float(10 ** (float(match["sign"] + match["number"]) / 20))
    if match and match["unit"] == "%":
        return max(0.0, _share(match))
    raise _wrong("prosody volume", value, f'{", ".join(_VOLUMES)}, "-6dB" or "+20%"')


def _share(match: re.Match[str]) -> float:
    """`80%` = 0.8, `+20%` = 1.2, `-20%` = 0.8."""
    number = float(match["number"]) / 100
    return {"": number, "+": 1 + number, "-": 1 - number}[match["sign"]]


def _wrong(what: str, value: str, allowed: str) -> InvalidArgument:
    return InvalidArgument(f'The SSML has the {what} "{value[:40]}"; allowed: {allowed}.', field="text")
