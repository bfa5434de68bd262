from __future__ import annotations

import json

import pytest

from gateway.app import create_app
from gateway.dialects.avatar_request import _fields
from gateway.dialects.sadtalker import settings_of, unfolded
from gateway.settings import Settings
from troupe.v1.video_pb2 import SadtalkerSettings
from troupe.wire.errors import InvalidArgument, UnsupportedMedia

MP4 = b"\x00\x00\x00\x18ftypisom" + bytes(40)


def told(reference: bytes = b"", **fields: object) -> SadtalkerSettings | None:
    body = json.dumps({"text": "Hello.", "sadtalker": fields}).encode()
    return settings_of(_fields(body).sadtalker, reference)


def of_form(**texts: str) -> SadtalkerSettings | None:
    dotted = {name.replace("__", "."): text for name, text in texts.items()}
    return settings_of(_fields(unfolded({"text": "Hello."} | dotted)).sadtalker, b"")


def test_nothing_asked_for_is_nothing_sent() -> None:
    assert settings_of(_fields(b'{"text": "Hello."}').sadtalker, b"") is None


def test_only_what_was_told_is_sent() -> None:
    assert told(preprocess=" Full ", size=512) == SadtalkerSettings(preprocess="full", size=512)
    assert told() == SadtalkerSettings()


def test_a_rate_of_nothing_is_not_the_usual_one() -> None:
    assert told(blink_rate=0).HasField("blink_rate")
    assert not told(still=True).HasField("blink_rate")
    assert not told(blink_rate=None).HasField("blink_rate")


def test_an_angle_is_a_number_or_a_list() -> None:
    assert list(told(yaw=20).yaw) == [20]
    assert list(told(yaw=[0, -20.5]).yaw) == [0, -20.5]


def test_a_form_holds_an_object_or_flat_names_or_both() -> None:
    wanted = SadtalkerSettings(preprocess="full", still=True, pose_style=3, yaw=[0, 20, 0])
    assert of_form(sadtalker='{"preprocess": "full", "still": true, "pose_style": 3, "yaw": [0, 20, 0]}') == wanted
    flat = {"sadtalker__still": "true", "sadtalker__pose_style": "3", "sadtalker__yaw": "0, 20,0"}
    assert of_form(sadtalker__preprocess="full", **flat) == wanted
    assert of_form(sadtalker='{"preprocess": "full"}', **flat) == wanted


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ({"sadtalker": "full"}, "sadtalker.preprocess=full"),
        ({"sadtalker": '["full"]'}, "no JSON object"),
        ({"sadtalker": '{"still": true}', "sadtalker__still": "true"}, "told twice"),
        ({"sadtalker__prepocess": "full"}, 'no such field. Did you mean "sadtalker.preprocess"'),
        ({"sadtalker__pose_style": "many"}, "sadtalker.pose_style"),
        ({"sadtalker__yaw": "left"}, "sadtalker.yaw"),
    ],
)
def test_a_slip_in_a_form_is_told(texts, says) -> None:
    with pytest.raises(InvalidArgument, match=says):
        of_form(**texts)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"pose_style": -1}, "is -1; allowed: 0 to 45"),
        ({"size": -256}, "is -256; allowed: 256, 512"),
        ({"preprocess": "everything"}, '"extfull"'),
        ({"reference_for": "both"}, "no film to follow"),
        ({"expression_scale": 9}, "is 9; allowed: 0 to 3"),
    ],
)
def test_a_value_is_refused_with_what_is_allowed(fields, says) -> None:
    with pytest.raises(InvalidArgument, match=says):
        told(**fields)


def test_a_film_alone_is_followed() -> None:
    assert settings_of(None, MP4) == SadtalkerSettings(reference=MP4)
    assert told(MP4, reference_for="blink") == SadtalkerSettings(reference=MP4, reference_for="blink")


def test_what_is_no_film_is_refused() -> None:
    with pytest.raises(UnsupportedMedia, match="The film is a PNG file; send an MP4, WebM or MOV"):
        settings_of(None, b"\x89PNG\r\n\x1a\n" + bytes(20))


def test_the_documents_of_the_api_tell_the_settings_and_point_nowhere() -> None:
    document = create_app(Settings.load({})).openapi()
    body = document["paths"]["/api/avatar"]["post"]["requestBody"]["content"]
    assert "$defs" not in json.dumps(body)
    for kind in ("application/json", "multipart/form-data"):
        taken = body[kind]["schema"]["properties"]["sadtalker"]["anyOf"][0]["properties"]
        assert taken.keys() >= {"preprocess", "size", "yaw", "reference_for"}
        assert taken["pose_style"]["maximum"] == 45
    assert body["multipart/form-data"]["schema"]["properties"]["reference"]["format"] == "binary"
