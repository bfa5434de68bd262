from __future__ import annotations

import pytest

from svc_tts.engines.xtts import loading
from svc_tts.engines.xtts.config import XttsConfig
from svc_tts.engines.xtts.loading import Place, fitting_slots
from svc_tts.engines.xtts.memory import GIBIBYTE
from svc_tts.engines.xtts.orders import Load
from troupe.wire.errors import EngineMissing


def load(device: str = "auto", precision: str = "auto", streams: int = 0) -> Load:
    return Load("models/xtts", device, precision, streams)


def test_by_itself_it_takes_the_processor_in_int8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading.torch.cuda, "is_available", lambda: False)
    place = Place.of(load())
    assert (place.device.type, place.precision) == ("cpu", "int8")


def test_by_itself_it_takes_the_card_in_bf16_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading.torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(loading.torch.cuda, "device_count", lambda: 2)
    assert [str(Place.of(load(name)).device) for name in ("auto", "cuda", "cuda:1")] == ["cuda:0", "cuda:0", "cuda:1"]
    assert Place.of(load()).precision == "bf16"
    with pytest.raises(EngineMissing, match="was to run on cuda:2"):
        Place.of(load("cuda:2"))


@pytest.mark.parametrize("wrong", [load(device="tpu"), load(device="cuda:x"), load(precision="fp8")])
def test_settings_it_does_not_know_are_said_so(wrong: Load) -> None:
    with pytest.raises(EngineMissing, match="XTTS cannot run on") as caught:
        Place.of(wrong)
    assert "auto" in caught.value.details["remedy"]


def test_slots_follow_the_settings_the_device_and_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place.of(load("cpu"))
    monkeypatch.setattr(loading, "available", lambda: 64 * GIBIBYTE)
    assert fitting_slots(XttsConfig(), place, 0) == loading.SLOTS_CPU
    assert fitting_slots(XttsConfig(), place, 20) == 20
    monkeypatch.setattr(loading, "available", lambda: 5 * GIBIBYTE)
    assert 1 <= fitting_slots(XttsConfig(), place, 0) < loading.SLOTS_CPU
