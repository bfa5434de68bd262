from __future__ import annotations

from dataclasses import asdict

import pytest

from svc_video.engines.portrait.expressions import EXPRESSIONS, NEUTRAL, eased, expression_named, smile_while

OF_MINIMAX = ["happy", "sad", "angry", "fearful", "disgusted", "surprised", "calm", "fluent", "whisper", "neutral"]
STRENGTHS = ("smile", "brow", "brow_inner", "brow_outer", "squint", "lid", "jaw", "press", "upper")


def test_there_is_a_face_for_every_emotion_of_minimax() -> None:
    assert {*OF_MINIMAX, "serious", "friendly", "warm", "joyful"} <= set(EXPRESSIONS)
    assert len({tuple(asdict(worn).values()) for worn in EXPRESSIONS.values()}) == len(EXPRESSIONS)


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_they_are_within_range(name) -> None:
    worn = asdict(EXPRESSIONS[name])
    assert all(-1 <= worn[strength] <= 1 for strength in STRENGTHS)
    assert all(worn[strength] >= 0 for strength in ("squint", "jaw", "press", "upper"))
    assert abs(worn["pitch"]) <= 1.5
    assert (0.5 <= worn["tempo"] <= 1.5, 0.5 <= worn["reach"] <= 1.5) == (True, True)


def test_they_are_told_apart_by_what_people_look_at() -> None:
    happy, sad, angry, afraid = (EXPRESSIONS[name] for name in ("happy", "sad", "angry", "fearful"))
    assert happy.smile > 0.3 > 0 > sad.smile
    assert sad.brow_inner > 0 > angry.brow_inner
    assert afraid.lid < 0 < sad.lid


def test_names_are_read_kindly_and_unknown_ones_are_neutral() -> None:
    assert expression_named(" Happy ") is EXPRESSIONS["happy"]
    assert expression_named("") is expression_named("unheard of") is NEUTRAL


def test_an_expression_eases_in() -> None:
    assert (eased(0.0), eased(0.3), eased(0.6), eased(60.0)) == (0, pytest.approx(0.5), 1, 1)


def test_a_smile_gives_way_to_words_and_more_to_round_ones() -> None:
    idle, spoken, rounded = (smile_while(0.5, *told) for told in ((0.0, 0.0), (1.0, 0.0), (1.0, 0.8)))
    assert idle == 0.5 > spoken > 0.2 > rounded > 0.05
