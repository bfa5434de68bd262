from __future__ import annotations

import json
from fractions import Fraction

import pytest

from svc_video.engines.sadtalker.options import SadTalkerOptions
from svc_video.engines.sadtalker.orders import Acting, FilmOrder, Finish, source_data, source_message, to_source
from svc_video.engines.sadtalker.pace import LOOK_BACK_MS, SAMPLES_PER_FRAME, drawn, sound_for


@pytest.mark.parametrize("mode", ["crop", "resize", "full"])
def test_a_source_travels(source_of, picture, mode) -> None:
    source = source_of(picture, mode=mode)
    back = to_source(json.loads(json.dumps(source_message(source))), source_data(source))
    assert (back.image == source.image).all()
    assert (back.coefficients == source.coefficients).all()
    assert (back.mode, back.cut, back.crop, back.notes) == (source.mode, source.cut, source.crop, source.notes)


def test_a_film_travels(source_of, picture) -> None:
    acting = Acting(seed=2**60, style=45, still=True, blink_rate=None, yaw=(0.0, 30.0), follow="pose")
    finish = Finish("sharp", (128, 64), (360, 400), "poisson")
    for order in (
        FilmOrder(acting, (30_000, 1_001), first_index=7, sound_from=240, room=16),
        FilmOrder(acting, finish=finish),
    ):
        told = json.loads(json.dumps(order.message(source_of(picture), [9, 0, 7])))
        assert FilmOrder.of(told) == order
        assert told["sizes"] == [9, 0, 7]


def test_what_nobody_asked_for_is_as_usual() -> None:
    assert SadTalkerOptions.of({"size": 0, "seam": "", "expression_scale": 0.0}) == SadTalkerOptions()
    acting = SadTalkerOptions().acting(5)
    assert acting == Acting(seed=5)
    assert acting.blink_rate is None


def test_zero_is_a_wish_where_it_may_be_one() -> None:
    asked = SadTalkerOptions.of({"pose_scale": 0.0, "blink_rate": 0.0, "still": True, "yaw": (10.0,)})
    assert (asked.pose_scale, asked.blink_rate, asked.still, asked.yaw) == (0.0, 0.0, True, (10.0,))


def test_a_reference_film_is_followed_as_asked_and_in_both_where_nothing_was() -> None:
    assert SadTalkerOptions.of({"reference": b"film"}).acting(0).follow == "both"
    assert SadTalkerOptions.of({"reference": b"film", "reference_for": "blink"}).acting(0).follow == "blink"


@pytest.mark.parametrize("rate", [Fraction(5), Fraction(24), Fraction(25), Fraction(30_000, 1_001), Fraction(60)])
def test_the_frame_shown_is_the_one_of_that_moment(rate) -> None:
    for index in range(300):
        middle = (index + Fraction(1, 2)) / rate
        assert Fraction(drawn(index, rate), 25) <= middle < Fraction(drawn(index, rate) + 1, 25)
    if rate == 25:
        assert [drawn(index, rate) for index in range(5)] == [0, 1, 2, 3, 4]


def test_how_much_sound_a_frame_needs() -> None:
    ahead = [sound_for(number) - (number + 1) * SAMPLES_PER_FRAME for number in range(500)]
    assert 0 < min(ahead) < max(ahead) <= 2_100 * 24
    still = [sound_for(number, still=True) - (number + 1) * SAMPLES_PER_FRAME for number in range(5)]
    assert set(still) == {725 * 24}
    assert LOOK_BACK_MS > 2_000
