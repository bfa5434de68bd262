"""Whether SadTalker can run here, asked before anything is loaded (its files, torch), and what it may be used for."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from svc_video.engines.sadtalker import files
from troupe.wire.errors import EngineMissing

LICENCE = "Apache-2.0, weights disputed"
LICENCE_NOTE = (
    "SadTalker's code and release are Apache-2.0. Its weights were trained with Deep3DFaceRecon and Wav2Lip, and its"
    " coefficients are in the basis of the Basel Face Model: those allow no commercial use. Ask a lawyer before one"
)


def require(folder: Path) -> None:
    """Raise `CheckpointNotFound` or `EngineMissing`, with what to do, where SadTalker cannot run."""
    files.require(folder)
    if find_spec("torch") is None or find_spec("safetensors") is None:
        raise EngineMissing(
            "SadTalker needs PyTorch and safetensors, which are not installed",
            remedy="make torch (or your platform's own wheel)",
        )
