"""Whether a file that came is of the kind its engine reads, judged from its head: no torch.

Each is pinned by its sha256 besides, and the engine reads pickles with an unpickler that runs nothing.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

from svc_video.engines.sadtalker import files
from svc_video.engines.sadtalker.matfile import read_array
from troupe.wire.errors import CheckpointBroken

ARCHIVE, PICKLE = b"PK\x03\x04", b"\x80"  # torch.save since PyTorch 1.6, and before
LENGTH = struct.Struct("<Q")  # of the header in JSON that a safetensors file begins with
MAX_HEADER = 100_000_000  # bytes, the format's own bound


def judge(file: Path) -> None:
    """Raise `CheckpointBroken` for what SadTalker could not use; `file` may bear the name of a part of one."""
    if reason := files.stands_in(file):
        raise CheckpointBroken(reason)
    if files.MEAN_FACE in file.name:
        read_array(file, "lm")
    elif ".safetensors" in file.name:
        _judge_safetensors(file)
    elif not _head(file, len(ARCHIVE)).startswith((ARCHIVE, PICKLE)):
        raise CheckpointBroken("it is no checkpoint of PyTorch")


def _judge_safetensors(file: Path) -> None:
    """The header alone: names, kinds, shapes and places of the tensors."""
    with file.open("rb") as opened:
        head = opened.read(LENGTH.size)
        length = LENGTH.unpack(head)[0] if len(head) == LENGTH.size else 0
        if not 2 <= length <= min(MAX_HEADER, file.stat().st_size):
            raise CheckpointBroken("it is no safetensors file")
        try:
            told = json.loads(opened.read(length))
        except ValueError as error:
            raise CheckpointBroken(f"it is no safetensors file ({error})") from None
    if not isinstance(told, dict) or not any(name.startswith("generator.") for name in told):
        raise CheckpointBroken("it is a safetensors file without the networks of SadTalker")


def _head(file: Path, size: int) -> bytes:
    with file.open("rb") as opened:
        return opened.read(size)
