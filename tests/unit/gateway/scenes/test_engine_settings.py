from __future__ import annotations

import pytest

from gateway.scenes.engine_settings import check_engine_settings, keep_own_settings
from troupe.v1.video_pb2 import AnimateSettings, Framing, PortraitSettings, SadtalkerSettings
from troupe.wire.errors import InvalidArgument, MediaTooLarge

SADTALKER = SadtalkerSettings(preprocess="full")


@pytest.mark.parametrize("engine", ["portrait", "still", "minimax"])
def test_another_engine_gets_none_and_the_caller_is_told(engine) -> None:
    settings = AnimateSettings(engine=engine, sadtalker=SADTALKER)
    assert keep_own_settings(settings) == f"the settings for sadtalker had no effect: {engine} made the film"
    assert settings == AnimateSettings(engine=engine)


@pytest.mark.parametrize(
    "settings",
    [
        AnimateSettings(engine="sadtalker", sadtalker=SADTALKER),
        AnimateSettings(engine="portrait", portrait=PortraitSettings(blink_rate=0)),
        AnimateSettings(engine="one.of:MyOwn", sadtalker=SADTALKER),
        AnimateSettings(engine="portrait"),
    ],
)
def test_an_engine_gets_its_own_and_one_of_somebodys_own_gets_all(settings) -> None:
    before = AnimateSettings.FromString(settings.SerializeToString())
    assert keep_own_settings(settings) == ""
    assert settings == before


def test_what_a_service_would_refuse_is_refused_before() -> None:
    check_engine_settings(AnimateSettings(sadtalker=SADTALKER))
    check_engine_settings(AnimateSettings(portrait=PortraitSettings(blink_rate=1)))
    with pytest.raises(InvalidArgument, match=r"sadtalker\.size"):
        check_engine_settings(AnimateSettings(sadtalker=SadtalkerSettings(size=1)))
    large = AnimateSettings(
        sadtalker=SadtalkerSettings(reference=bytes(2_000_000)), framing=Framing(background_image=bytes(2_000_000))
    )
    with pytest.raises(MediaTooLarge, match="background picture"):
        check_engine_settings(large)
