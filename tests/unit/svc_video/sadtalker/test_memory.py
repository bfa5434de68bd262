from __future__ import annotations

import pytest

from svc_video.engines.sadtalker.memory import GIBIBYTE, Need, fitting_batch
from troupe.wire.errors import EngineMissing

NEED = Need(weights=GIBIBYTE, frame=GIBIBYTE // 2, overhead=GIBIBYTE // 2)


def test_as_many_frames_as_fit_into_half_of_what_is_free() -> None:
    assert fitting_batch(NEED, 16, 100 * GIBIBYTE, 256) == 16
    assert fitting_batch(NEED, 16, 13 * GIBIBYTE, 256) == 8
    assert fitting_batch(NEED, 16, 3 * GIBIBYTE, 256) == 1


def test_where_not_even_one_fits_both_numbers_are_told() -> None:
    with pytest.raises(EngineMissing, match=r"needs about 2\.6 GiB of memory, and 1\.0 GiB are free") as told:
        fitting_batch(NEED, 16, GIBIBYTE, 512)
    assert "512 pixels" in told.value.message
    assert told.value.details["remedy"]


def test_a_larger_release_and_wider_numbers_need_more(tmp_path) -> None:
    (tmp_path / "SadTalker_V0.0.2_256.safetensors").write_bytes(bytes(4_000))
    small = Need.of(tmp_path, 256, "cpu", "fp32")
    assert small.weights == 4_000
    (tmp_path / "mapping_00109-model.pth.tar").write_bytes(bytes(4_000))
    assert Need.of(tmp_path, 256, "cpu", "fp32").frame > small.frame
    assert Need.of(tmp_path, 256, "cuda", "auto").frame < Need.of(tmp_path, 256, "cuda", "fp32").frame
    (tmp_path / "SadTalker_V0.0.2_512.safetensors").write_bytes(bytes(4_000))
    assert Need.of(tmp_path, 512, "cpu", "fp32").frame > 2 * Need.of(tmp_path, 256, "cpu", "fp32").frame
