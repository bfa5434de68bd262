from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

from svc_video.engines.sadtalker.enhancer import Enhancers, enhanced
from troupe.wire.errors import EngineFailed, EngineMissing, InvalidArgument

FRAMES = np.full((2, 64, 96, 3), 100, np.uint8)


class Brighter:
    made = 0

    def __init__(self) -> None:
        type(self).made += 1

    def enhanced(self, frames):
        return frames + np.uint8(20)


class Larger:
    def enhanced(self, frames):
        return np.repeat(frames, 2, 1)


@pytest.fixture
def plug_in(monkeypatch) -> None:
    module = ModuleType("my_enhancers")
    module.Brighter, module.Larger = Brighter, Larger
    monkeypatch.setitem(sys.modules, "my_enhancers", module)
    Brighter.made = 0


def test_there_is_none_unless_one_is_asked_for() -> None:
    for name in ("", "none"):
        assert Enhancers.named_in("").get(name) is None
    assert enhanced(None, FRAMES) is FRAMES


def test_a_plug_in_is_made_once_and_gets_whole_frames(plug_in) -> None:
    there = Enhancers.named_in("bright = my_enhancers:Brighter, large=my_enhancers:Larger")
    assert there.names == ("bright", "large")
    assert Brighter.made == 0
    assert np.all(enhanced(there.get("bright"), FRAMES) == 120)
    assert there.get("bright") is there.get("bright")
    assert Brighter.made == 1


def test_an_unknown_one_is_told_with_those_there_are() -> None:
    there = Enhancers.named_in("bright=my_enhancers:Brighter")
    with pytest.raises(InvalidArgument, match=r"'brigth' is not known; there are: none, bright\..*bright"):
        there.get("brigth")
    with pytest.raises(InvalidArgument, match=r"'gfpgan' is not known; this service has none\. Leave it empty"):
        Enhancers.named_in("").check("gfpgan")


def test_a_request_cannot_name_a_module() -> None:
    with pytest.raises(InvalidArgument, match="not known"):
        Enhancers.named_in("").get("os:system")


@pytest.mark.parametrize("setting", ["gfpgan", "a=b", "none=my_enhancers:Larger", "a=my enhancers:Larger"])
def test_a_setting_nobody_can_read_is_an_error(setting) -> None:
    with pytest.raises(InvalidArgument, match="given as name=module:Class"):
        Enhancers.named_in(setting)


@pytest.mark.parametrize("place", ["nowhere_to_be_found:Sharp", "my_enhancers:Sharp"])
def test_one_that_cannot_be_imported_is_missing(plug_in, place) -> None:
    with pytest.raises(EngineMissing, match=r"'sharp' .* cannot be imported"):
        Enhancers.named_in(f"sharp={place}").get("sharp")


def test_what_it_gives_must_be_frames_of_the_same_size() -> None:
    with pytest.raises(EngineFailed, match=r"Larger gave uint8 \(2, 128, 96, 3\).*must give the same"):
        enhanced(Larger(), FRAMES)
