"""Reads the pickles of a release without running what is in them.

model.pth of the release is {"model": tensors, "config": an object of coqui-tts}. PyTorch's restricted unpickler builds
tensors and plain containers; the few classes of coqui-tts that a config consists of become hollow objects, so that
coqui-tts need not be installed. Whatever else a pickle names (os.system, say) is refused before anything is called.
"""

from __future__ import annotations

import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any, Self

import torch

from troupe.wire.errors import CheckpointBroken, CheckpointNotFound


class Hollow:
    """Stands for an object of coqui-tts: takes whatever state it is given, and does nothing."""

    def __new__(cls, *_: object) -> Self:
        """Take the arguments of any constructor."""
        return super().__new__(cls)

    def __setstate__(self, state: object) -> None:
        """Forget it: nothing of it is wanted."""


CONFIG_CLASSES = (
    "TTS.tts.configs.xtts_config.XttsConfig",
    "TTS.tts.configs.xtts_config.XttsArgs",
    "TTS.tts.configs.xtts_config.XttsAudioConfig",
    "TTS.tts.models.xtts.XttsArgs",  # where the two stood when the release was made
    "TTS.tts.models.xtts.XttsAudioConfig",
    "TTS.config.shared_configs.BaseDatasetConfig",
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

    Raises `CheckpointNotFound`, or `CheckpointBroken` where it is damaged or names what is not allowed.
    """
    try:
        with torch.serialization.safe_globals([(Hollow, name) for name in CONFIG_CLASSES]):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except FileNotFoundError:
        raise CheckpointNotFound(f"There is no {path}. It comes with the XTTS v2 release.") from None
    except pickle.UnpicklingError as error:
        raise CheckpointBroken(
            f"{path} is refused: {_reason(error)}. Only tensors and coqui-tts's config may be in it; "
            "fetch the release anew."
        ) from error
    except DAMAGE as error:
        raise CheckpointBroken(f"{path} cannot be read ({_reason(error)}). Fetch it anew.") from error


def _reason(error: Exception) -> str:
    """The line that says it, without PyTorch's advice to switch the check off."""
    lines = [line.strip() for line in str(error).splitlines()]
    said = next((line for line in lines if "nsupported" in line or "GLOBAL" in line), lines[0] if lines else "")
    return said.split(". Please use")[0].split(". In PyTorch")[0] or type(error).__name__
