"""Writes MATLAB files of version 5, so that none of anybody's has to be in this repository."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

INT8, INT32, UINT32, SINGLE, DOUBLE, MATRIX, COMPRESSED = 1, 5, 6, 7, 9, 14, 15
CLASSES = {SINGLE: 7, DOUBLE: 6}


def element(kind: int, data: bytes) -> bytes:
    """A tag and its data; four bytes and fewer stand in the tag."""
    if 0 < len(data) <= 4:
        return struct.pack("<HH", kind, len(data)) + data.ljust(4, b"\0")
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def matrix(name: str, array: npt.NDArray[np.floating]) -> bytes:
    """What is in the element of an array of float32 or float64."""
    kind = SINGLE if array.dtype == np.float32 else DOUBLE
    flags = element(UINT32, struct.pack("<II", CLASSES[kind], 0))
    shape = element(INT32, struct.pack(f"<{array.ndim}i", *array.shape))
    return flags + shape + element(INT8, name.encode()) + element(kind, array.tobytes(order="F"))


def write(path: Path, arrays: Mapping[str, npt.NDArray[np.floating]], *, packed: bool = True) -> Path:
    """A file with these arrays."""
    data = b"MATLAB 5.0 MAT-file, made up for a test".ljust(124) + b"\x00\x01IM"
    for name, array in arrays.items():
        whole = element(MATRIX, matrix(name, array))
        squeezed = zlib.compress(whole)
        data += struct.pack("<II", COMPRESSED, len(squeezed)) + squeezed if packed else whole
    path.write_bytes(data)
    return path
