"""Reads the weights of SadTalker: the networks of one size, each with its own names, and the files that find faces.

Notable choices: a file is opened once and only what is wanted of it is read, picked by prefix (upstream reads it five
times and picks by substring); networks that no one needs for a film are never read; on the CPU tensors stay mapped from
the file. What a network wants and does not find it says itself, when it is made of these tensors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import safetensors
import torch

from svc_video.engines.sadtalker import files
from svc_video.engines.sadtalker.matfile import Array, read_array
from svc_video.engines.sadtalker.source import SIZES
from svc_video.engines.sadtalker.unpickling import Tensors, network, read
from troupe.wire.errors import CheckpointBroken, InvalidArgument

PARTS = ("generator", "kp_extractor", "audio2exp", "audio2pose", "face_3drecon")
DEAD = ("audio2pose.netG.encoder.", "audio2pose.netD_motion.")
"""Held by the release and only needed to train: what reads poses, and what judges them."""
OLD_PARTS: Mapping[str, tuple[str, str]] = {
    "generator": (files.OLD_RENDERER, "generator"),
    "kp_extractor": (files.OLD_RENDERER, "kp_detector"),
    "audio2exp": (files.OLD_AUDIO2EXP, "model"),
    "audio2pose": (files.OLD_AUDIO2POSE, "model"),
    "face_3drecon": (files.OLD_RECON, "net_recon"),
}
"""Part -> its file and key in the old set."""
MEAN_ROWS = ((36, 39), (42, 45), (30,), (48,), (54,))
"""Of 68 points of a face: corners of one eye, of the other, nose, corners of the mouth (upstream's load_lm3d)."""
SAMPLES, SAMPLE = 64, 64 * 1024  # pieces of a file, bytes of each
Device: TypeAlias = torch.device | str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The networks of one size and one way to frame, in fp32, each by its own names."""

    generator: Tensors
    kp_extractor: Tensors
    audio2exp: Tensors
    audio2pose: Tensors  # without what only training needs
    face_3drecon: Tensors
    mapping: Tensors
    size: int  # pixels
    identity: str  # changes with the weights: what was computed with others is not to be used


@dataclass(frozen=True, slots=True)
class FaceFiles:
    """What upstream finds faces with, in fp32."""

    retinaface: Tensors
    fan: Tensors
    identity: str


def load(folder: Path, size: int, *, full: bool, device: Device = "cpu") -> Checkpoint:
    """Read what renders that size (256 or 512); `full` chooses the mapping network.

    Raises `CheckpointNotFound` where a file is absent, `CheckpointBroken` where one cannot be used or lacks a network,
    `InvalidArgument` for another size.
    """
    if size not in SIZES:
        raise InvalidArgument(f"SadTalker renders {' or '.join(map(str, SIZES))} pixels, not {size}.", setting="size")
    if files.find(folder, files.release_file(size)) is None and size in files.look(folder).sizes:
        paths = [files.file(folder, name) for name in files.OLD_SET]
        parts = _old_parts(folder, device)
    else:
        paths = [files.file(folder, files.release_file(size))]
        parts = _release_parts(paths[0], device)
    mapping = mapping_of(folder, full=full, device=device)
    paths.append(files.file(folder, files.mapping_file(full=full)))
    return Checkpoint(**parts, mapping=mapping, size=size, identity=_identity(paths))


def mapping_of(folder: Path, *, full: bool, device: Device = "cpu") -> Tensors:
    """The mapping network of whole pictures, or that of heads which fill the picture. Raises as `load` does."""
    path = files.file(folder, files.mapping_file(full=full))
    return _on(network(path, read(path), "mapping"), device)


def face_files(folder: Path, device: Device = "cpu") -> FaceFiles:
    """RetinaFace and the alignment network of facexlib; raises as `load` does."""
    retinaface, fan = (files.file(folder, name) for name in files.FACE_FILES)
    return FaceFiles(
        retinaface=_on(_face_network(retinaface), device),
        fan=_on(_face_network(fan), device),
        identity=_identity([retinaface, fan]),
    )


def mean_points(folder: Path) -> Array:
    """(5, 3): both eyes, the nose and both corners of the mouth of the mean face, in the file's own float32.

    Raises as `load` does.
    """
    path = files.file(folder, files.MEAN_FACE)
    points = read_array(path, "lm")
    if points.shape != (68, 3):
        raise CheckpointBroken(f"{path} holds an array of the shape {points.shape}; (68, 3) is wanted.")
    return np.stack([points[list(rows)].mean(axis=0) for rows in MEAN_ROWS])


def _release_parts(path: Path, device: Device) -> dict[str, Tensors]:
    """The parts in a file of the release, each without its prefix."""
    parts: dict[str, Tensors] = {part: {} for part in PARTS}
    try:
        with safetensors.safe_open(path, framework="pt", device=str(device)) as opened:
            for name in opened.keys():  # noqa: SIM118  # it is no mapping
                part, _, own = name.partition(".")
                if part in parts and not name.startswith(DEAD):
                    parts[part][own] = _floats(opened.get_tensor(name))
    except safetensors.SafetensorError as error:
        raise CheckpointBroken(f"{path} is damaged ({error}). Remove it and fetch it anew: {files.COMMAND}") from error
    return _whole(parts, path)


def _old_parts(folder: Path, device: Device) -> dict[str, Tensors]:
    """The same parts out of the old set, each of its files opened once."""
    parts: dict[str, Tensors] = {}
    for name in files.OLD_SET:
        path = files.file(folder, name)
        content = read(path)
        for part, (home, key) in OLD_PARTS.items():
            if home == name:
                held = network(path, content, key)
                kept = {own: held[own] for own in held if not f"{part}.{own}".startswith(DEAD)}
                parts[part] = _on(kept, device)
    return _whole(parts, folder)


def _whole(parts: dict[str, Tensors], place: Path) -> dict[str, Tensors]:
    """The parts, where each has something in it."""
    if empty := [part for part in PARTS if not parts[part]]:
        raise CheckpointBroken(
            f"{place} lacks the networks {', '.join(empty)}: it is no release of SadTalker v0.0.2. "
            f"Remove it and fetch it anew: {files.COMMAND}"
        )
    return parts


def _face_network(path: Path) -> Tensors:
    """A network of facexlib: bare or under state_dict, its names with or without what several cards put before them."""
    content = read(path)
    wrapped = isinstance(content, Mapping) and "state_dict" in content
    held = network(path, content, *(("state_dict",) if wrapped else ()))
    if not held:
        raise CheckpointBroken(f"{path} holds no tensors. Remove it and fetch it anew: {files.COMMAND}")
    return {name.removeprefix("module."): tensor for name, tensor in held.items()}


def _on(tensors: Tensors, device: Device) -> Tensors:
    return {name: _floats(tensor.to(device)) for name, tensor in tensors.items()}


def _floats(tensor: torch.Tensor) -> torch.Tensor:
    """The same in fp32, whole numbers (counters of batch norm) as they are."""
    return tensor.to(torch.float32) if tensor.is_floating_point() else tensor


def _identity(paths: Sequence[Path]) -> str:
    """A digest of the files, in hexadecimal: of their sizes and of pieces spread over them, for reading takes seconds.

    It tells models apart. It guards nothing: the checksum that a file is to have is checked when it is fetched.
    """
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as opened:
            size = path.stat().st_size
            digest.update(f"{path.name} {size}\n".encode())
            for place in range(SAMPLES):
                opened.seek(max(0, size - SAMPLE) * place // (SAMPLES - 1))
                digest.update(opened.read(SAMPLE))
    return digest.hexdigest()
