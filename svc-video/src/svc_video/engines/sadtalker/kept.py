"""A portrait that was made ready once: a `Source` in a file, so that its face is looked for only once.

One .npz file, written whole or not at all. It names the checkpoint that measured the face, for another one would
measure it otherwise.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np

from svc_video.engines.sadtalker.source import EXPRESSION, MODES, PLACE, POSE, SIZES, Crop, Mode, Source

VERSION = 1  # of the file's form
BROKEN = (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile)  # what reading a damaged file raises


def save(path: Path, source: Source, identity: str) -> None:
    """Keep it; `identity` names what measured it: a checkpoint's digest and the backend of landmarks."""
    about = {
        "version": VERSION,
        "identity": identity,
        "mode": source.mode,
        "cut": source.cut,
        "crop": asdict(source.crop) if source.crop else None,
        "notes": source.notes,
    }
    written = io.BytesIO()
    text = np.frombuffer(json.dumps(about).encode(), np.uint8)
    np.savez(written, about=text, image=source.image, coefficients=source.coefficients)
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(written.getvalue())
    beside.replace(path)


def load(path: Path, identity: str) -> Source | None:
    """What was kept; none where there is no file, it is damaged, of another version or measured by something else."""
    try:
        with np.load(io.BytesIO(path.read_bytes())) as file:
            about = json.loads(file["about"].tobytes())
            if about["version"] != VERSION or about["identity"] != identity:
                return None
            return _source(about, file["image"], file["coefficients"])
    except BROKEN:
        return None


def _source(about: dict[str, Any], image: Any, coefficients: Any) -> Source:
    """Raises `ValueError`, `KeyError` or `TypeError` for what `save` did not write."""
    whole = image.dtype == np.uint8 and image.shape in {(size, size, 3) for size in SIZES}
    if not whole or coefficients.shape != (EXPRESSION + POSE + PLACE,) or about["mode"] not in MODES:
        raise ValueError("it holds no portrait for SadTalker")
    crop = about["crop"] and Crop(*(tuple(about["crop"][name]) for name in ("picture", "outer", "inner")))
    mode, shape = cast("Mode", about["mode"]), cast("tuple[int, int]", tuple(about["cut"]))
    return Source(image, coefficients.astype(np.float32), mode, shape, crop, tuple(about["notes"]))
