from __future__ import annotations

import struct
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from tests.fakes.matfile import element, matrix, write

from svc_video.engines.sadtalker.matfile import read_array
from troupe.wire.errors import CheckpointBroken

POINTS = np.random.default_rng(3).standard_normal((68, 3))


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_an_array_comes_back_in_its_shape_and_precision(tmp_path: Path, packed: bool, precision: type) -> None:
    points = POINTS.astype(precision)
    array = read_array(write(tmp_path / "face.mat", {"lm": points}, packed=packed), "lm")
    np.testing.assert_array_equal(array, points)
    assert array.dtype == precision


def test_the_array_is_found_by_its_name(tmp_path: Path) -> None:
    path = write(tmp_path / "face.mat", {"a_long_name": POINTS[:5], "lm": POINTS})
    np.testing.assert_array_equal(read_array(path, "a_long_name"), POINTS[:5])
    np.testing.assert_array_equal(read_array(path, "lm"), POINTS)
    with pytest.raises(CheckpointBroken, match='it has no array "points"'):
        read_array(path, "points")


def test_whole_numbers_may_be_kept_in_fewer_bytes(tmp_path: Path) -> None:
    """MATLAB writes an array of doubles that are all small and whole as bytes."""
    content = matrix("lm", np.zeros((2, 2)))[: -8 - 32] + element(2, bytes([1, 2, 3, 4]))
    path = tmp_path / "face.mat"
    path.write_bytes(b" " * 126 + b"IM" + element(14, content))
    np.testing.assert_array_equal(read_array(path, "lm"), [[1, 3], [2, 4]])


def test_what_is_no_such_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "face.mat"
    for content in (b"", b"<html>" * 40, b" " * 126 + b"MI"):
        path.write_bytes(content)
        with pytest.raises(CheckpointBroken, match="no MATLAB file of version 5"):
            read_array(path, "lm")


@pytest.mark.parametrize("packed", [True, False])
def test_damage_is_told_whatever_it_is(tmp_path: Path, packed: bool) -> None:
    path = write(tmp_path / "face.mat", {"lm": POINTS[:4]}, packed=packed)
    whole = path.read_bytes()
    for end in range(128, len(whole) - 1):
        path.write_bytes(whole[:end])
        with pytest.raises(CheckpointBroken):
            read_array(path, "lm")
    random = np.random.default_rng(5)
    for _ in range(300):
        broken = bytearray(whole)
        broken[random.integers(128, len(whole))] ^= 1 << random.integers(8)
        path.write_bytes(broken)
        with suppress(CheckpointBroken):  # and nothing else
            assert read_array(path, "lm").size <= 4 * 3


def test_an_array_that_grows_without_end_is_left(tmp_path: Path) -> None:
    path = tmp_path / "face.mat"
    bomb = zlib.compress(bytes(64 << 20))
    path.write_bytes(b" " * 126 + b"IM" + struct.pack("<II", 15, len(bomb)) + bomb)
    with pytest.raises(CheckpointBroken, match="has more than"):
        read_array(path, "lm")
