"""Which files of SadTalker there are, and what can be rendered with them. Cheap, and without torch.

The release v0.0.2-rc is one safetensors file for each size and a mapping network for each way to frame. The set before
it, v0.0.2, is read too: it holds the same networks as pickles, for the size 256 only. Names are upstream's own
(its `src/utils/init_path.py`, misspelling included).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from svc_video.engines.sadtalker.source import SIZES
from troupe.wire.errors import CheckpointBroken, CheckpointNotFound

SETTING = "PROVIDER_SADTALKER_CHECKPOINT"
COMMAND = "make sadtalker"

CROP_MAPPING = "mapping_00229-model.pth.tar"  # the picture is the head
FULL_MAPPING = "mapping_00109-model.pth.tar"  # the head is set back into the picture
MAPPINGS = (CROP_MAPPING, FULL_MAPPING)
OLD_RENDERER = "facevid2vid_00189-model.pth.tar"
OLD_AUDIO2EXP = "auido2exp_00300-model.pth"
OLD_AUDIO2POSE = "auido2pose_00140-model.pth"
OLD_RECON = "epoch_20.pth"
OLD_SET = (OLD_RENDERER, OLD_AUDIO2EXP, OLD_AUDIO2POSE, OLD_RECON)
OLD_SIZE = 256  # pixels: what the old renderer was trained for
RETINAFACE = "detection_Resnet50_Final.pth"
FAN = "alignment_WFLW_4HG.pth"
FACE_FILES = (RETINAFACE, FAN)
PACKAGE_DETECTOR = "s3fd-619a316812.pth"  # the package face-alignment's own
PACKAGE_FAN = "2DFAN4-11f355bf06.pth.tar"
MEAN_FACE = "similarity_Lm3D_all.mat"

WITHIN = ("", "checkpoints", "gfpgan/weights", "src/config")
BESIDE = ("gfpgan/weights", "src/config")
"""Where files are looked for: `make sadtalker` puts all of them into one folder, upstream's scripts into these."""
HEAD = 512  # bytes
POINTER = b"version https://git-lfs.github.com/spec/"
PAGES = (b"<!doctype html", b"<html", b"<?xml")


@dataclass(frozen=True, slots=True)
class Inventory:
    """What lies in a folder of checkpoints."""

    folder: Path
    sizes: tuple[int, ...]  # pixels that can be rendered
    lacking: tuple[str, ...]  # names without which nothing can be rendered
    lacking_awing: tuple[str, ...]  # names without which upstream's own face detection does not work

    @property
    def whole(self) -> bool:
        """Whether films can be made, by one or the other detection of faces."""
        return bool(self.sizes) and not self.lacking


def release_file(size: int) -> str:
    """The name of the release's file for that size."""
    return f"SadTalker_V0.0.2_{size}.safetensors"


def mapping_file(*, full: bool) -> str:
    """The name of the mapping network for that way to frame."""
    return FULL_MAPPING if full else CROP_MAPPING


def find(folder: Path, name: str) -> Path | None:
    """Where that file is, in the folder or where upstream's scripts put it; none = nowhere."""
    places = (*(folder / place for place in WITHIN), *(folder.parent / place for place in BESIDE))
    return next((place / name for place in places if (place / name).is_file()), None)


def look(folder: Path) -> Inventory:
    """What is there. Names only: nothing is opened."""
    here = {name for name in (*OLD_SET, *MAPPINGS, *FACE_FILES, MEAN_FACE) if find(folder, name)}
    sizes = tuple(size for size in SIZES if find(folder, release_file(size)))
    if not sizes and here.issuperset(OLD_SET):
        sizes = (OLD_SIZE,)
    lacking = [name for name in (*MAPPINGS, MEAN_FACE) if name not in here]
    if not sizes:
        lacking.insert(0, " or ".join(release_file(size) for size in SIZES))
    return Inventory(folder, sizes, tuple(lacking), tuple(name for name in FACE_FILES if name not in here))


def require(folder: Path) -> Inventory:
    """What is there, where that is enough to make films; raises `CheckpointNotFound`."""
    inventory = look(folder)
    if not inventory.whole:
        raise not_found(folder, *inventory.lacking)
    return inventory


def file(folder: Path, name: str) -> Path:
    """Where that file is. Raises `CheckpointNotFound`, and `CheckpointBroken` for what only bears its name."""
    path = find(folder, name)
    if path is None:
        raise not_found(folder, name)
    if reason := stands_in(path):
        raise CheckpointBroken(f"{path} cannot be used: {reason}. Remove it and fetch it anew: {COMMAND}")
    return path


def not_found(folder: Path, *names: str) -> CheckpointNotFound:
    """The error that names what is missing, where, and the command that brings it."""
    return CheckpointNotFound(
        f"SadTalker checkpoint not found in {folder} ({SETTING}): {', '.join(names)} missing. `{COMMAND}` fetches it.",
        remedy=COMMAND,
    )


def stands_in(path: Path) -> str:
    """Why a file is only something in the place of one, as its head tells; empty = it is not."""
    with path.open("rb") as opened:
        head = opened.read(HEAD)
    if not head:
        return "it is empty"
    if head.startswith(POINTER):
        return "it is a pointer of Git LFS, not the file itself (git lfs pull would bring that)"
    if head.lstrip().lower().startswith(PAGES):
        return "it is a web page that was saved under this name"
    return ""
