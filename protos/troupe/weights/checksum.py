"""Checksums of model files: computed over the whole file, recorded beside it in the format of `sha256sum`."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from troupe.weights.meter import Meter

PIECE = 4 * 1024 * 1024  # bytes
RECORD = ".sha256"


def sha256_of(path: Path, meter: Meter, what: str) -> str:
    """The sha256 of all bytes of the file, in hexadecimal."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        meter.begin(what, 0, os.fstat(file.fileno()).st_size)
        while piece := file.read(PIECE):
            digest.update(piece)
            done += len(piece)
            meter.reach(done)
    meter.end()
    return digest.hexdigest()


def record(file: Path, sha256: str, origin: str) -> None:
    """Write down what the file is to be, beside it; `sha256sum -c` reads it too."""
    path = file.with_name(file.name + RECORD)
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(f"# {origin}\n{sha256}  {file.name}\n")
    fresh.replace(path)


def recorded(file: Path) -> str:
    """The checksum that the file is to have, as recorded when it was fetched; empty = unknown."""
    for line in _record_of(file):
        checksum, _, name = line.partition("  ")
        if name == file.name:
            return checksum
    return ""


def origin_of(file: Path) -> str:
    """The address that the file came from; empty = unknown."""
    return next((line.removeprefix("# ") for line in _record_of(file) if line.startswith("# ")), "")


def _record_of(file: Path) -> list[str]:
    path = file.with_name(file.name + RECORD)
    return path.read_text(errors="replace").splitlines() if path.is_file() else []
