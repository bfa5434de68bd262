from __future__ import annotations

import pytest

from svc_tts.engines.piper.licence import UNKNOWN, licence_of

CARD = """# Model card for lessac (medium)

* Language: en_US (English, United States)

## Dataset

* URL: https://example.org/data
* License: {}

## Training
"""


@pytest.mark.parametrize(
    ("licence", "commercial"),
    [
        ("CC0", True),
        ("Public domain", True),
        ("CC BY 4.0", True),
        ("CC-BY-SA 4.0", True),
        ("https://creativecommons.org/licenses/by/4.0/", True),
        ("Apache 2.0", True),
        ("MIT", True),
        ("CC BY-NC 4.0", False),
        ("CC BY-NC-SA 4.0", False),
        ("https://creativecommons.org/licenses/by-nc-sa/4.0/", False),
        ("https://www.cstr.ed.ac.uk/projects/blizzard/2013/lessac_blizzard2013/license.html", False),
        ("See URL", False),
        ("free for non-commercial use", False),
        ("Apache, for research only", False),
    ],
)
def test_only_what_is_known_to_allow_it_is_for_commercial_use(licence: str, commercial: bool) -> None:
    told = licence_of(CARD.format(licence))
    assert (told.name, told.commercial_use) == (licence, commercial)


def test_the_json_tells_where_no_card_does() -> None:
    assert licence_of("", "CC0").commercial_use
    assert licence_of("# a card without that line\n", "").name == UNKNOWN
    assert not licence_of("", "").commercial_use
    assert licence_of(CARD.format("CC BY-NC 4.0"), "CC0").name == "CC BY-NC 4.0"


def test_a_line_without_a_licence_tells_none() -> None:
    assert licence_of(CARD.format("")).name == UNKNOWN  # not the heading that follows
