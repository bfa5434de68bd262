"""Reads SadTalker's pickles (.pth, .pth.tar) without running what is in them.

PyTorch's restricted unpickler builds tensors and plain containers. What training left beside the networks (numbers of
numpy, the arguments of a command line) becomes hollow objects; whatever else a pickle names is refused before it is
called. Both formats of torch.save are read, that of before PyTorch 1.6 too.
"""

from __future__ import annotations

import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import torch

from troupe.wire.errors import CheckpointBroken

Tensors = dict[str, torch.Tensor]


class Hollow:
    """Stands for what training left: takes whatever state it is given, and does nothing."""

    def __new__(cls, *_: object, **__: object) -> Self:
        """Take the arguments of any constructor."""
        return super().__new__(cls)

    def __setstate__(self, state: object) -> None:
        """Forget it: nothing of it is wanted."""


LEFT_BY_TRAINING = (
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "numpy.dtype",
    "_codecs.encode",
    "argparse.Namespace",
)
DAMAGE = (
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
)
"""What `torch.load` raises for files with wrong bits, seen in thousands of them; it promises nothing."""


def read(path: Path) -> Any:
    """What the pickle holds, tensors on the CPU and mapped from the file where its format allows that.

    Raises `CheckpointBroken` where it is damaged or names what is not allowed.
    """
    try:
        with torch.serialization.safe_globals([(Hollow, name) for name in LEFT_BY_TRAINING]):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except pickle.UnpicklingError as error:
        raise CheckpointBroken(
            f"{path} is refused: {_reason(error)}. Only tensors and plain values may be in it; remove it and fetch it "
            "anew: make sadtalker"
        ) from error
    except DAMAGE as error:
        raise CheckpointBroken(
            f"{path} cannot be read ({_reason(error)}). Remove it and fetch it anew: make sadtalker"
        ) from error


def network(path: Path, content: Any, *keys: str) -> Tensors:
    """The tensors of the network that the container keeps under the first of these keys that it has.

    Without a key the container itself is the network. Other keys (optimizers, epochs) are left alone.
    Raises `CheckpointBroken`.
    """
    if not isinstance(content, Mapping):
        raise CheckpointBroken(f"{path} holds no networks by name. Remove it and fetch it anew: make sadtalker")
    found = next((content[key] for key in keys if key in content), None if keys else content)
    if not isinstance(found, Mapping):
        shown = ", ".join(sorted(map(str, content))[:6])
        raise CheckpointBroken(f"{path} lacks the network {' or '.join(keys)}; it holds {shown or 'nothing'}.")
    return {str(name): tensor for name, tensor in found.items() if isinstance(tensor, torch.Tensor)}


def _reason(error: Exception) -> str:
    """The line that says it, without PyTorch's advice to switch the check off."""
    lines = [line.strip() for line in str(error).splitlines()]
    said = next((line for line in lines if "nsupported" in line or "GLOBAL" in line), lines[0] if lines else "")
    return said.split(". Please use")[0].split(". In PyTorch")[0] or type(error).__name__
