"""Checksums of model files: computed over the whole file, recorded beside it in the format of `sha256sum`."""

from __future__ import annotations

import hashlib
import os
import shlex
from pathlib import Path

from svc_text.models.catalogue import of_file
from svc_text.models.inspect import inspect
from svc_text.models.meter import Meter
from troupe.wire.errors import CheckpointBroken

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


def record(model: Path, sha256: str, origin: str) -> None:
    """Write down what the file is to be, beside it; `sha256sum -c` reads it too."""
    path = model.with_name(model.name + RECORD)
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(f"# {origin}\n{sha256}  {model.name}\n")
    fresh.replace(path)


def recorded(model: Path) -> str:
    """The checksum that the file is to have: as recorded when it was fetched, else the catalogue's; empty = unknown."""
    for line in _record_of(model):
        checksum, _, name = line.partition("  ")
        if name == model.name:
            return checksum
    entry = of_file(model.name)
    return entry.sha256 if entry else ""


def again(model: Path) -> str:
    """The command that brings a file anew: by its name in the catalogue, else from where it came."""
    origin = next((line.removeprefix("# ") for line in _record_of(model) if line.startswith("# ")), "")
    entry = of_file(model.name)
    name = entry.name if entry else origin
    return f"rm {shlex.quote(str(model))}" + (f" && make model NAME={shlex.quote(name)}" if name else "")


def _record_of(model: Path) -> list[str]:
    path = model.with_name(model.name + RECORD)
    return path.read_text(errors="replace").splitlines() if path.is_file() else []


def verify(model: Path, meter: Meter) -> str:
    """Judge a file of the folder anew and give a sentence on it.

    Raises `CheckpointNotFound` or `CheckpointBroken`: it is not there, is no usable model, or its bytes have changed.
    """
    inspect(model)
    expected = recorded(model)
    found = sha256_of(model, meter, f"Checking {model.name}")
    if not expected:
        return f"{model} is a usable model. Nobody wrote down its checksum; it is {found}."
    if found != expected:
        raise CheckpointBroken(
            f"{model} has changed: its sha256 is {found} and should be {expected}. Remove it and fetch it again.",
            remedy=again(model),
        )
    return f"{model} is whole: its sha256 is {found}."
