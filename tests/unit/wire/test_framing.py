from __future__ import annotations

import pytest

from troupe.wire.errors import InvalidArgument, MediaTooLarge
from troupe.wire.framing import (
    ASPECTS,
    BACKGROUNDS,
    MAX_BACKGROUND_BYTES,
    aspect_name,
    background_name,
    check_background_size,
)


def test_every_name_is_taken_as_it_is_or_shouted() -> None:
    for name in ASPECTS:
        assert aspect_name(f" {name.upper()} ") == name
    for name in BACKGROUNDS:
        assert background_name(name.title(), pictured=name == "image") == name
    assert background_name("#A0b1C2", pictured=False) == "#a0b1c2"


def test_nothing_said_is_what_goes_without_saying() -> None:
    assert aspect_name("") == ""
    assert background_name("", pictured=False) == "keep"
    assert background_name("", pictured=True) == "image"


@pytest.mark.parametrize(
    ("name", "pictured", "says"),
    [
        ("transparent", False, "green"),
        ("gren", False, 'Did you mean "green"'),
        ("#fff", False, "#rrggbb"),
        ("keep", True, "leave it out"),
        ("image", False, "background_id"),
    ],
)
def test_what_is_wrong_is_told_with_what_is_allowed(name, pictured, says) -> None:
    with pytest.raises(InvalidArgument, match=says) as caught:
        background_name(name, pictured=pictured)
    assert caught.value.details["field"] == "background"


def test_a_background_fits_into_a_message() -> None:
    check_background_size(bytes(MAX_BACKGROUND_BYTES))
    with pytest.raises(MediaTooLarge, match="3,500,001"):
        check_background_size(bytes(MAX_BACKGROUND_BYTES + 1))
