"""What all commands that fetch do alike: errors become one sentence and an exit status, and files are verified."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from troupe.weights import checksum
from troupe.weights.meter import Meter
from troupe.wire.errors import CheckpointBroken, TroupeError

INTERRUPTED = 130  # a shell's status for Ctrl-C
Judge = Callable[[Path], None]


def run(command: str, setting: str, folder: Path, meter: Meter, work: Callable[[], int]) -> int:
    """Do the work and give the exit status; `setting` names the folder."""
    try:
        return work()
    except TroupeError as error:
        meter.say(f"{command}: {error.message}")
        return 1
    except OSError as error:
        meter.say(f"{command}: {folder} cannot be used: {error}. Check its rights, or set {setting}.")
        return 1
    except KeyboardInterrupt:
        meter.say("Stopped. What was fetched is kept: run the same command again and it goes on from there.")
        return INTERRUPTED


def verify(file: Path, pinned: str, again: str, judge: Judge, meter: Meter) -> str:
    """Judge a file anew and give a sentence on it.

    `pinned` is the sha256 that the catalogue knows, empty = none; without it, what was recorded when the file came
    counts. `again` is the command that brings it anew. Raises `CheckpointBroken`.
    """
    try:
        judge(file)
    except CheckpointBroken as error:
        raise CheckpointBroken(f"{file} cannot be used: {error.message}. Fetch it anew: {again}") from error
    expected = pinned or checksum.recorded(file)
    found = checksum.sha256_of(file, meter, f"Checking {file.name}")
    if not expected:
        return f"{file} can be used. Nobody wrote down its checksum; it is {found}."
    if found != expected:
        raise CheckpointBroken(
            f"{file} has changed: its sha256 is {found} and should be {expected}. Fetch it anew: {again}"
        )
    return f"{file} is whole: its sha256 is {found}."
