"""Czech ordinals, which num2words does not know: nominative, masculine, as one reads them out of context."""

from __future__ import annotations

_BELOW_TWENTY = (
    "nultý první druhý třetí čtvrtý pátý šestý sedmý osmý devátý "
    "desátý jedenáctý dvanáctý třináctý čtrnáctý patnáctý šestnáctý sedmnáctý osmnáctý devatenáctý"
)
_TENS = "dvacátý třicátý čtyřicátý padesátý šedesátý sedmdesátý osmdesátý devadesátý"
_ROUND = {100: "stý", 1000: "tisící"}


def czech_ordinal(number: int) -> str:
    """The ordinal of 0..100 and of 1000; empty for others."""
    small = _BELOW_TWENTY.split()
    if number < len(small):
        return small[number]
    if number >= 100:  # a hundred
        return _ROUND.get(number, "")
    tens, units = divmod(number, 10)
    ten = _TENS.split()[tens - 2]
    return f"{ten} {small[units]}" if units else ten
