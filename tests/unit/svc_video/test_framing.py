from __future__ import annotations

import numpy as np
import pytest

from svc_video.framing import GREEN, Background, Framing, to_aspect, to_background
from troupe.wire.errors import InvalidArgument

SQUARE, WIDE = (1000, 1000), (1500, 1000)


@pytest.mark.parametrize(
    ("aspect", "asked", "picture", "made"),
    [
        ("square", (0, 0), WIDE, (512, 512)),
        ("square", (256, 0), WIDE, (256, 256)),
        ("portrait", (0, 0), WIDE, (512, 912)),
        ("portrait", (1080, 0), WIDE, (1080, 1920)),
        ("portrait", (0, 1280), WIDE, (720, 1280)),
        ("portrait", (256, 0), WIDE, (256, 456)),
        ("landscape", (0, 0), WIDE, (912, 512)),
        ("landscape", (0, 1080), WIDE, (1920, 1080)),
        ("landscape", (640, 0), WIDE, (640, 360)),
        ("portrait", (640, 360), WIDE, (640, 360)),
        ("original", (0, 0), SQUARE, (512, 512)),
        ("original", (0, 0), WIDE, (768, 512)),
        ("original", (0, 0), (900, 1600), (512, 910)),
        ("original", (0, 0), (8000, 1000), (1920, 240)),
        ("original", (600, 0), WIDE, (600, 400)),
        ("original", (0, 600), WIDE, (900, 600)),
        ("original", (640, 640), WIDE, (640, 640)),
    ],
)
def test_sides_follow_from_the_aspect(aspect, asked, picture, made) -> None:
    assert Framing(aspect).size(*asked, picture) == made


@pytest.mark.parametrize(
    ("aspect", "asked", "says"),
    [
        ("square", (511, 0), "even numbers"),
        ("square", (0, 32), "even numbers"),
        ("square", (1922, 512), "even numbers"),
        ("square", (1600, 1600), "2,073,600"),
        ("portrait", (1200, 0), "follow from"),
        ("landscape", (0, 1200), "follow from"),
        ("original", (1800, 0), "at most|follow from"),
        ("original", (64, 0), "follow from"),
    ],
)
def test_frames_that_cannot_be_made_are_refused_saying_what_can(aspect, asked, says) -> None:
    with pytest.raises(InvalidArgument, match=says):
        Framing(aspect).size(*asked, (1500, 1000) if asked != (1800, 0) else (1000, 1500))


def test_without_an_aspect_it_is_that_of_the_sides() -> None:
    assert to_aspect("", 0, 0) == to_aspect("", 640, 600) == to_aspect("", 720, 0) == "square"
    assert to_aspect("", 720, 1280) == "portrait"
    assert to_aspect("", 1280, 720) == "landscape"
    assert to_aspect(" Original ", 720, 1280) == "original"


def test_an_unknown_aspect_names_those_there_are_and_the_nearest() -> None:
    with pytest.raises(InvalidArgument, match=r'"landscape", "original".*Did you mean "portrait"') as caught:
        to_aspect("potrait", 0, 0)
    assert caught.value.details["field"] == "aspect"


@pytest.mark.parametrize(
    ("name", "pictured", "made"),
    [
        ("", False, Background()),
        ("Keep", False, Background()),
        ("blur", False, Background("blur")),
        ("green", False, Background("colour", GREEN)),
        ("#0A0b0c", False, Background("colour", (10, 11, 12))),
        ("", True, Background("image")),
        ("image", True, Background("image")),
    ],
)
def test_backgrounds_by_name(name, pictured, made) -> None:
    assert to_background(name, pictured=pictured) == made


@pytest.mark.parametrize(
    ("name", "pictured", "says"),
    [
        ("transparent", False, "no transparency.*green"),
        ("blurr", False, 'Did you mean "blur"'),
        ("#12345", False, "#rrggbb"),
        ("red", False, '"keep", "blur", "green"'),
        ("image", False, "send the picture"),
        ("blur", True, "a picture for it came too"),
    ],
)
def test_what_cannot_stand_behind_is_refused_with_a_hint(name, pictured, says) -> None:
    with pytest.raises(InvalidArgument, match=says):
        to_background(name, pictured=pictured)


def test_names_tell_apart_what_looks_different() -> None:
    def picture() -> np.ndarray:
        return np.zeros((64, 64, 3), np.uint8)

    backgrounds = [
        Background(),
        Background("blur"),
        Background("colour", (1, 2, 3)),
        Background("colour", (1, 2, 4)),
        Background("image", key="a", picture=picture),
        Background("image", key="b", picture=picture),
    ]
    names = {Framing(aspect, each).name for aspect in ("square", "original") for each in backgrounds}
    assert len(names) == 12
    assert all(name.replace("-", "").isalnum() for name in names)  # they may stand in a file's name
    assert Background("image", key="a", picture=picture) == Background("image", key="a", picture=lambda: picture() + 0)
