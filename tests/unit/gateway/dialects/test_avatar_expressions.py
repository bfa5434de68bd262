from types import SimpleNamespace

import pytest

from gateway.dialects.avatar import FACE_OF, _animate_settings
from gateway.dialects.avatar_request import AvatarRequest, Order
from gateway.providers.minimax.sound import EMOTIONS
from troupe.v1.engine_pb2 import Principal
from troupe.v1.video_pb2 import Framing


def worn(**told: str) -> str:
    visit = SimpleNamespace(principal=Principal())
    return _animate_settings(Order(AvatarRequest(text="Hello.", **told)), "ada", Framing(), visit).expression


@pytest.mark.parametrize(
    ("told", "expression"),
    [
        ({}, ""),
        ({"emotion": " Sad "}, "sad"),
        ({"emotion": "whisper"}, "whisper"),
        ({"emotion": "cheerful"}, "happy"),
        ({"emotion": "neutral"}, ""),
        ({"emotion": "unheard of"}, ""),
        ({"emotion": "sad", "expression": "serious"}, "serious"),
    ],
)
def test_a_face_goes_with_its_voice_unless_another_is_asked_for(told, expression) -> None:
    assert worn(**told) == expression


def test_every_emotion_a_voice_can_have_has_a_face() -> None:
    assert set(EMOTIONS) <= set(FACE_OF)
