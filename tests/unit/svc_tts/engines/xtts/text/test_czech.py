from __future__ import annotations

from svc_tts.engines.xtts.text.czech import czech_ordinal
from svc_tts.engines.xtts.text.numbers import expand_numbers


def test_czech_ordinals() -> None:
    assert [czech_ordinal(n) for n in (0, 1, 12, 20, 31, 99, 100, 1000)] == [
        "nultý",
        "první",
        "dvanáctý",
        "dvacátý",
        "třicátý první",
        "devadesátý devátý",
        "stý",
        "tisící",
    ]
    assert czech_ordinal(2024) == ""
    assert expand_numbers("2024. den", "cs") == "dva tisíce dvacet čtyři den"
