from __future__ import annotations

import math

import pytest

from troupe.v1.video_pb2 import SadtalkerSettings
from troupe.wire.errors import InvalidArgument, MediaTooLarge
from troupe.wire.sadtalker import (
    FOLLOWED,
    MAX_ANGLES,
    MAX_REFERENCE_BYTES,
    PREPROCESSES,
    SEAMS,
    SIZES,
    check_sadtalker,
    known_name,
)


def checked(reference: bytes = b"", beside_bytes: int = 0, **told: object) -> None:
    check_sadtalker(SadtalkerSettings(**told), reference, beside_bytes)


def test_nothing_said_and_every_allowed_value_pass() -> None:
    checked()
    for name in PREPROCESSES:
        checked(preprocess=name.upper())
    for name in SEAMS:
        checked(seam=f" {name} ")
    for size in SIZES:
        checked(size=size)
    checked(pose_style=45, expression_scale=3, pose_scale=0, blink_rate=0, yaw=[-90, 0, 90], still=True)
    for name in FOLLOWED:
        checked(b"film", reference_for=name)
    checked(bytes(2_000_000), beside_bytes=1_500_000)
    checked(beside_bytes=MAX_REFERENCE_BYTES)


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"preprocess": "ful"}, 'sadtalker.preprocess is "ful"; allowed: "crop", "extcrop".* Did you mean "full"'),
        ({"seam": "poison"}, 'Did you mean "poisson"'),
        ({"pose_style": 46}, "sadtalker.pose_style is 46; allowed: 0 to 45"),
        ({"size": 300}, "sadtalker.size is 300; allowed: 256, 512; 0 = 256"),
        ({"expression_scale": 3.5}, "sadtalker.expression_scale is 3.5; allowed: 0 to 3, 0 = 1"),
        ({"pose_scale": -1}, "sadtalker.pose_scale is -1; allowed: 0 to 3"),
        ({"blink_rate": 1.5}, "allowed: 0 to 1"),
        ({"expression_scale": math.nan}, "is nan"),
        ({"yaw": [10, 91]}, "sadtalker.yaw is 91 degrees; allowed: -90 to 90"),
        ({"roll": [math.inf]}, "sadtalker.roll is inf"),
        ({"pitch": [0] * (MAX_ANGLES + 1)}, "a list of 65 angles; allowed: at most 64"),
        ({"enhancer": "x" * 65}, "65 characters long"),
        ({"reference_for": "pose"}, "no film to follow: send it as `reference`"),
        ({"reference_for": "eyes"}, 'allowed: "pose", "blink", "both"'),
    ],
)
def test_what_is_wrong_is_told_with_what_is_allowed(told, says) -> None:
    with pytest.raises(InvalidArgument, match=says) as caught:
        checked(**told)
    assert caught.value.details["field"].startswith("sadtalker.")


def test_a_film_must_fit_into_a_message_with_what_travels_beside_it() -> None:
    with pytest.raises(MediaTooLarge, match="3,500,001 bytes; at most 3,500,000"):
        checked(bytes(MAX_REFERENCE_BYTES + 1))
    with pytest.raises(MediaTooLarge, match="the background picture 2"):
        checked(bytes(MAX_REFERENCE_BYTES - 1), beside_bytes=2)


def test_a_name_is_given_as_it_is_written() -> None:
    assert known_name("seam", " Poisson ", SEAMS) == "poisson"
    assert known_name("seam", "", SEAMS) == ""
