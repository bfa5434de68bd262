"""Whether a model file of the folder is still what it is to be, and the command that brings it anew."""

from __future__ import annotations

import shlex
from pathlib import Path

from svc_text.models.catalogue import of_file
from svc_text.models.inspect import inspect
from troupe.weights import checksum
from troupe.weights.meter import Meter
from troupe.wire.errors import CheckpointBroken


def recorded(model: Path) -> str:
    """The checksum that the file is to have: as recorded when it was fetched, else the catalogue's; empty = unknown."""
    entry = of_file(model.name)
    return checksum.recorded(model) or (entry.sha256 if entry else "")


def again(model: Path) -> str:
    """The command that brings a file anew: by its name in the catalogue, else from where it came."""
    entry = of_file(model.name)
    name = entry.name if entry else checksum.origin_of(model)
    return f"rm {shlex.quote(str(model))}" + (f" && make model NAME={shlex.quote(name)}" if name else "")


def verify(model: Path, meter: Meter) -> str:
    """Judge a file of the folder anew and give a sentence on it.

    Raises `CheckpointNotFound` or `CheckpointBroken`: it is not there, is no usable model, or its bytes have changed.
    """
    inspect(model)
    expected = recorded(model)
    found = checksum.sha256_of(model, meter, f"Checking {model.name}")
    if not expected:
        return f"{model} is a usable model. Nobody wrote down its checksum; it is {found}."
    if found != expected:
        raise CheckpointBroken(
            f"{model} has changed: its sha256 is {found} and should be {expected}. Remove it and fetch it again.",
            remedy=again(model),
        )
    return f"{model} is whole: its sha256 is {found}."
