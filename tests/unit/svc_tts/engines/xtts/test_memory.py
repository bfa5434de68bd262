from __future__ import annotations

import pytest

from svc_tts.engines.xtts import memory
from svc_tts.engines.xtts.config import XttsConfig
from svc_tts.engines.xtts.memory import GIBIBYTE, MEBIBYTE, Need, fitting_slots
from troupe.wire.errors import EngineMissing

RELEASE = XttsConfig()


def test_the_release_needs_what_it_was_measured_to_need() -> None:
    need = Need.of(RELEASE, "fp32", cuda=False)
    assert need.weights / 4e6 == pytest.approx(466.9, abs=15)  # million parameters; two tables are not loaded
    assert need.slot / MEBIBYTE == pytest.approx(252, abs=15)


@pytest.mark.parametrize(
    ("precision", "cuda", "gib"), [("int8", False, 0.9), ("fp32", False, 1.8), ("bf16", True, 1.1)]
)
def test_fewer_bits_need_less(precision: str, cuda: bool, gib: float) -> None:
    assert Need.of(RELEASE, precision, cuda=cuda).weights / GIBIBYTE == pytest.approx(gib, abs=0.25)


def test_slots_are_as_many_as_fit_into_half_of_what_is_free() -> None:
    need = Need(weights=1000 * MEBIBYTE, slot=100 * MEBIBYTE)
    assert fitting_slots(need, 8, 100 * GIBIBYTE) == 8
    assert fitting_slots(need, 8, 2 * (need.total(3) + 50 * MEBIBYTE)) == 3
    assert fitting_slots(need, 8, need.total(1)) == 1


def test_too_little_memory_is_said_before_anything_is_loaded() -> None:
    need = Need(weights=2 * GIBIBYTE, slot=100 * MEBIBYTE, loading=GIBIBYTE)
    with pytest.raises(EngineMissing, match=r"needs about 3\.6 GiB of memory, and 2\.0 GiB are free") as caught:
        fitting_slots(need, 8, 2 * GIBIBYTE)
    assert "int8" in caught.value.details["remedy"]


def test_this_process_is_in_memory() -> None:
    assert MEBIBYTE < memory.resident() < 100 * GIBIBYTE
