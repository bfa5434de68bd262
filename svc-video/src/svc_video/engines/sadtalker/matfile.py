"""Reads one array of numbers out of a MATLAB file of version 5, as `similarity_Lm3D_all.mat` is.

The format is that of MathWorks' "MAT-File Format": a header of 128 bytes, then elements of a tag (kind, bytes) and
data in steps of 8 bytes; short data stands in the tag itself. Of it only what is needed is read: plain real arrays,
little-endian, packed by zlib or not.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from troupe.wire.errors import CheckpointBroken

HEADER = 128  # bytes
ORDER = b"IM"  # at byte 126: little-endian
STEP = 8  # bytes that each element begins at a multiple of
MAX_BYTES = 1 << 20  # of an array when it is unpacked: the face's has 872
MATRIX, COMPRESSED = 14, 15
SINGLE = 7  # the class of an array of float32, in its flags; any other is given as float64
NUMBERS = {1: "<i1", 2: "<u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8", 12: "<i8", 13: "<u8"}
"""Kinds of data; an array of floats may be kept in whole numbers where that loses nothing."""
Element = tuple[int, bytes]  # its kind and its data
Array = npt.NDArray[np.float32] | npt.NDArray[np.float64]


def read_array(path: Path, name: str) -> Array:
    """The real array of that name, in the shape and the precision it has there.

    Raises `CheckpointBroken` where the file is no such file or has no such array.
    """
    data = path.read_bytes()
    if len(data) < HEADER or data[126:128] != ORDER:
        raise _broken(path, "it is no MATLAB file of version 5")
    try:
        for kind, content in _elements(data[HEADER:]):
            element = _unpacked(content) if kind == COMPRESSED else (kind, content)
            if element[0] == MATRIX and (array := _array(element[1], name)) is not None:
                return array
    except (struct.error, zlib.error, ValueError, IndexError, KeyError) as error:
        raise _broken(path, f"it is damaged ({error})") from error
    raise _broken(path, f'it has no array "{name}"')


def _elements(data: bytes) -> Iterator[Element]:
    position = 0
    while position + STEP <= len(data):
        kind, size = struct.unpack_from("<II", data, position)
        if kind >> 16:  # short: the size stands in the upper half, the data in the place of the size
            yield kind & 0xFFFF, data[position + 4 : position + 4 + (kind >> 16)]
            position += STEP
            continue
        if position + STEP + size > len(data):
            raise ValueError("it ends in the middle of an element")
        yield kind, data[position + STEP : position + STEP + size]
        position += STEP + size + (0 if kind == COMPRESSED else -size % STEP)


def _unpacked(content: bytes) -> Element:
    packer = zlib.decompressobj()
    data = packer.decompress(content, MAX_BYTES)
    if packer.unconsumed_tail:
        raise ValueError(f"an array has more than {MAX_BYTES} bytes")
    return next(_elements(data))


def _array(content: bytes, name: str) -> Array | None:
    """The array in a matrix element: its flags, shape, name and numbers; none where it has another name."""
    (_, flags), (_, shape), (_, called), (kind, numbers) = list(_elements(content))[:4]
    if called.decode("latin-1") != name:
        return None
    values = np.frombuffer(numbers, NUMBERS[kind]).astype(np.float32 if flags[0] == SINGLE else np.float64)
    return values.reshape(np.frombuffer(shape, "<i4").tolist(), order="F")


def _broken(path: Path, reason: str) -> CheckpointBroken:
    return CheckpointBroken(f"{path} cannot be used: {reason}. Remove it and fetch it anew: make sadtalker")
