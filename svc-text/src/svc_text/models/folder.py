"""The folder of model files: which are there, and which of them a name means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from svc_text.models.catalogue import FIRST_CHOICE
from svc_text.models.inspect import SUFFIX
from troupe.wire.errors import CheckpointNotFound, nearest

REMEDY = f"make model NAME={FIRST_CHOICE}"


def models(folder: Path) -> Sequence[Path]:
    """The model files in that folder, sorted by name. What is still being fetched has another suffix."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if path.is_file() and not path.name.startswith("."))


def chosen(folder: Path, wanted: str) -> Path:
    """The file that `wanted` means: a path, or a model of the folder by its name with or without `.gguf`.

    Empty = the first of the folder. Raises `CheckpointNotFound` with the command that fetches one.
    """
    found = {path.name.removesuffix(SUFFIX): path for path in models(folder)}
    if not wanted:
        return _first(folder, list(found.values()))
    if (path := found.get(wanted.removesuffix(SUFFIX))) is not None:
        return path
    if (path := Path(wanted).expanduser()).is_file():
        return path
    there = f"It holds {', '.join(found)}.{nearest(wanted, found)}" if found else "It holds none."
    raise CheckpointNotFound(
        f"{wanted} is neither a file nor a model in {folder}. {there} `make model` lists what can be fetched.",
        remedy=f"set PROVIDER_LLAMACPP_MODEL={next(iter(found))}" if found else REMEDY,
    )


def _first(folder: Path, found: Sequence[Path]) -> Path:
    if found:
        return found[0]
    raise CheckpointNotFound(
        f"There is no model in {folder}. `make model` lists what can be fetched; PROVIDER_LLAMACPP_MODEL may name a "
        "file anywhere.",
        remedy=REMEDY,
    )
