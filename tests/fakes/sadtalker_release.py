"""A random release of SadTalker: every file, name and shape of the official one, at any width, with nothing learnt.

make(folder)                          an eighth of the channels: 12 MB, written in a second
make(folder, 1.0)                     as the release: 181 M parameters, 725 MB
make(folder, sizes=(256, 512))        both renderers
make(folder, saved_as="pth")          the older set of files that upstream still reads
make(folder, face=True)               with the face's files: detector, landmarks, mean face
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from tests.fakes.sadtalker_faces import bright_patch_detector, mean_face_landmarks
from tests.fakes.sadtalker_shapes import entries
from tests.fakes.sadtalker_weights import Array, Arrays, weights

NARROW = 1 / 8
SAVED = ("safetensors", "pth")
PARTS = ("kp_extractor", "generator", "audio2exp", "audio2pose", "face_3drecon")
MAPPINGS = {"mapping_00229-model.pth.tar": "mapping_crop", "mapping_00109-model.pth.tar": "mapping_full"}
EPOCH = 20
MEAN_FACE = "similarity_Lm3D_all.mat"
SEED_OF_512 = 512  # the official files of 256 and 512 differ in all weights


def make(
    folder: Path,
    width: float = NARROW,
    *,
    seed: int = 0,
    sizes: Iterable[int] = (256,),
    saved_as: str = "safetensors",
    face: bool = False,
) -> Path:
    """Write the files into that folder."""
    if saved_as not in SAVED:
        raise ValueError(f"{saved_as!r} is none of {SAVED}")
    folder.mkdir(parents=True, exist_ok=True)
    if saved_as == "pth":
        _old_set(folder, width, seed)
    else:
        for size in sizes:
            _safetensors(folder / f"SadTalker_V0.0.2_{size}.safetensors", width, seed + (size == 512) * SEED_OF_512)
    for name, part in MAPPINGS.items():
        save_pth(folder / name, {"mapping": values(part, width, seed), "epoch": EPOCH})
    if face:
        make_face(folder, width, seed=seed)
    return folder


def make_face(folder: Path, width: float = NARROW, *, seed: int = 0) -> Path:
    """The files that find a face, a bright patch in the middle: RetinaFace, 98 landmarks, and the mean face."""
    folder.mkdir(parents=True, exist_ok=True)
    detector = bright_patch_detector(values("retinaface", width, seed))
    save_pth(folder / "detection_Resnet50_Final.pth", {f"module.{name}": array for name, array in detector.items()})
    landmarks = mean_face_landmarks(values("fan", width, seed), mean_face())
    save_pth(folder / "alignment_WFLW_4HG.pth", {"state_dict": landmarks})
    (folder / MEAN_FACE).write_bytes(matlab("lm", mean_face()))
    return folder


def values(part: str, width: float = NARROW, seed: int = 0) -> Arrays:
    """Name -> array of one part of the release: one of PARTS, mapping_crop, mapping_full, fan, retinaface."""
    return weights([entry for entry in entries() if entry.part == part], width, seed)


def _safetensors(path: Path, width: float, seed: int) -> None:
    from safetensors.numpy import save_file

    named = {f"{part}.{name}": array for part in PARTS for name, array in values(part, width, seed).items()}
    save_file({name: np.ascontiguousarray(array) for name, array in named.items()}, path)


def _old_set(folder: Path, width: float, seed: int) -> None:
    renderer = {"generator": "generator", "kp_detector": "kp_extractor", "he_estimator": "he_estimator"}
    save_pth(
        folder / "facevid2vid_00189-model.pth.tar",
        {name: values(part, width, seed) for name, part in renderer.items()} | {"epoch": EPOCH, "optimizer": {}},
    )
    for name, part in (("auido2exp_00300-model.pth", "audio2exp"), ("auido2pose_00140-model.pth", "audio2pose")):
        save_pth(folder / name, {"model": values(part, width, seed), "epoch": EPOCH})
    save_pth(folder / "epoch_20.pth", {"net_recon": values("face_3drecon", width, seed)})


def save_pth(path: Path, content: Mapping[str, object]) -> None:
    """Write it as torch.save does, arrays as tensors."""
    import torch

    def tensors(value: object) -> object:
        if isinstance(value, dict):
            return {key: tensors(item) for key, item in value.items()}
        return torch.from_numpy(value.copy()) if isinstance(value, np.ndarray) else value

    torch.save(tensors(dict(content)), path)


def mean_face() -> Array:
    """(68, 3) landmarks of a made-up face, y up, z towards the viewer, about as large as the official one's."""
    points = np.zeros((68, 3), np.float32)
    along = np.linspace(-1, 1, 17)
    points[:17] = np.stack([0.75 * along, 0.35 - 1.1 * np.cos(1.45 * along), -0.3 - 0.5 * along**2], 1)
    brow = np.linspace(0.55, 0.15, 5)
    points[17:22] = np.stack([-brow, 0.6 + 0.08 * np.sin(np.linspace(0.4, 3, 5)), np.full(5, 0.35)], 1)
    points[22:27] = points[17:22][::-1] * (-1, 1, 1)
    points[27:31] = np.stack([np.zeros(4), np.linspace(0.4, 0.05, 4), np.linspace(0.4, 0.75, 4)], 1)
    points[31:36] = np.stack([np.linspace(-0.16, 0.16, 5), [-0.1, -0.12, -0.13, -0.12, -0.1], np.full(5, 0.5)], 1)
    turn = np.radians([180, 120, 60, 0, -60, -120])
    points[36:42] = np.stack([-0.33 + 0.13 * np.cos(turn), 0.38 + 0.05 * np.sin(turn), np.full(6, 0.25)], 1)
    points[42:48] = points[36:42] + np.float32([0.66, 0, 0])
    outer, inner = np.radians(180 - 30 * np.arange(12)), np.radians(180 - 45 * np.arange(8))
    points[48:60] = np.stack([0.27 * np.cos(outer), -0.4 + 0.1 * np.sin(outer), np.full(12, 0.4)], 1)
    points[60:68] = np.stack([0.2 * np.cos(inner), -0.4 + 0.03 * np.sin(inner), np.full(8, 0.38)], 1)
    return points


def matlab(name: str, matrix: Array) -> bytes:
    """A MATLAB 5 file with one compressed matrix of float32, as the official one is (MAT-File Format, R2019)."""
    flags = _element(6, struct.pack("<II", 7, 0))  # class single
    shape = _element(5, struct.pack(f"<{matrix.ndim}i", *matrix.shape))
    title = _element(1, name.encode())
    numbers = _element(7, np.asfortranarray(matrix, dtype="<f4").tobytes("F"))
    packed = zlib.compress(_element(14, flags + shape + title + numbers))
    head = b"MATLAB 5.0 MAT-file, made up".ljust(116) + bytes(8) + struct.pack("<HH", 0x0100, 0x4D49)
    return head + struct.pack("<II", 15, len(packed)) + packed


def _element(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)
