from __future__ import annotations

import numpy as np
import pytest
from tests.bench.sadtalker.front_questions import noise

from svc_video.engines.sadtalker.kept import load, save
from svc_video.engines.sadtalker.source import Crop, Source


@pytest.fixture
def source():
    crop = Crop((400, 300), (10, 20, 210, 220), (5.5, 6.5, 190.25, 180.75))
    coefficients = np.random.default_rng(1).standard_normal(73).astype(np.float32)
    return Source(
        noise(256, 256, 3), coefficients, "extfull", (200, 200), crop, ("2 faces found, the largest is used",)
    )


def test_it_comes_back(tmp_path, source):
    save(tmp_path / "a.kept", source, "abc")
    read = load(tmp_path / "a.kept", "abc")
    np.testing.assert_array_equal(read.image, source.image)
    np.testing.assert_array_equal(read.coefficients, source.coefficients)
    assert (read.mode, read.cut, read.crop, read.notes) == (source.mode, source.cut, source.crop, source.notes)
    assert [path.name for path in tmp_path.iterdir()] == ["a.kept"]


def test_one_without_a_crop_comes_back(tmp_path, source):
    save(tmp_path / "a.kept", Source(source.image, source.coefficients, "resize", (9, 8)), "abc")
    assert load(tmp_path / "a.kept", "abc").crop is None


def test_what_another_checkpoint_measured_is_not_taken(tmp_path, source):
    save(tmp_path / "a.kept", source, "abc")
    assert load(tmp_path / "a.kept", "xyz") is None


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"not a file of arrays"])
def test_a_damaged_file_is_as_none(tmp_path, source, damage):
    path = tmp_path / "a.kept"
    path.write_bytes(damage)
    assert load(path, "abc") is None
    save(path, source, "abc")
    path.write_bytes(path.read_bytes()[:1000])
    assert load(path, "abc") is None
    assert load(tmp_path / "absent.kept", "abc") is None


def test_arrays_of_another_shape_are_as_none(tmp_path, source):
    save(tmp_path / "a.kept", Source(source.image[:100], source.coefficients, "crop", (9, 8)), "abc")
    assert load(tmp_path / "a.kept", "abc") is None
