"""Whether SadTalker can run here, asked before anything is loaded (its files, torch), and what it may be used for."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from svc_video.engines.sadtalker.source import SIZES
from troupe.wire.errors import CheckpointNotFound, EngineMissing

LICENCE = "Apache-2.0, weights disputed"
LICENCE_NOTE = (
    "SadTalker's code and release are Apache-2.0. Its weights were trained with Deep3DFaceRecon and Wav2Lip, and its"
    " coefficients are in the basis of the Basel Face Model: those allow no commercial use. Ask a lawyer before one"
)
MAPPINGS = ("mapping_00109-model.pth.tar", "mapping_00229-model.pth.tar")
OLD_SET = ("auido2exp_00300-model.pth", "auido2pose_00140-model.pth", "facevid2vid_00189-model.pth.tar", "epoch_20.pth")
"""The first release: one file for each network, all for 256 pixels. (The spelling is theirs.)"""


def release_file(size: int) -> str:
    """The file that holds the networks of that size."""
    return f"SadTalker_V0.0.2_{size}.safetensors"


def require(folder: Path) -> None:
    """Raise `CheckpointNotFound` or `EngineMissing`, with what to do, where SadTalker cannot run."""
    if missing := missing_files(folder):
        raise CheckpointNotFound(
            f"SadTalker checkpoint not found: {folder} (PROVIDER_SADTALKER_CHECKPOINT) lacks {', '.join(missing)}",
            remedy="make sadtalker",
        )
    if find_spec("torch") is None or find_spec("safetensors") is None:
        raise EngineMissing(
            "SadTalker needs PyTorch and safetensors, which are not installed",
            remedy="make torch (or your platform's own wheel)",
        )


def sizes(folder: Path) -> tuple[int, ...]:
    """The sizes whose networks are there."""
    there = [size for size in SIZES if (folder / release_file(size)).is_file()]
    if SIZES[0] not in there and not _lacking(folder, OLD_SET):
        there.insert(0, SIZES[0])
    return tuple(there)


def missing_files(folder: Path) -> list[str]:
    """Files of a release that are not there."""
    missing = _lacking(folder, MAPPINGS)
    return missing if sizes(folder) else [release_file(SIZES[0]), *missing]


def _lacking(folder: Path, names: Sequence[str]) -> list[str]:
    return [name for name in names if not (folder / name).is_file()]
