"""A file on its way: it grows beside its place, under a name that no engine looks at, and moves there whole.

The name holds what the content is to be, so a fetch goes on only where the same content was begun. Whoever holds the
lock writes; the lock ends with the process, however that ends.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from troupe.weights.meter import amount
from troupe.wire.errors import CheckpointNotFound

PART = ".part"
MARGIN = 256 * 1000**2  # bytes that are to stay free on the disk


class Part:
    """The bytes of one file that are here so far."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size

    def append(self, data: bytes) -> None:
        """Write all of `data` at the end; raises `CheckpointNotFound` when the disk is full."""
        view = memoryview(data)
        while view:
            try:
                written = os.write(self._descriptor, view)
            except OSError as error:
                raise self._refused(error) from error
            self.size += written
            view = view[written:]

    def restart(self) -> None:
        """Forget all bytes."""
        os.ftruncate(self._descriptor, 0)
        self.size = 0

    def settle(self) -> None:
        """Have the disk hold what was written: a later power cut takes nothing back."""
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise self._refused(error) from error

    def move(self, to: Path) -> None:
        """Take its place, at once and whole."""
        self.path.replace(to)
        sync_folder(to.parent)

    def _refused(self, error: OSError) -> CheckpointNotFound:
        if error.errno == errno.ENOSPC:
            free = shutil.disk_usage(self.path.parent).free
            told = f"The disk is full ({amount(free)} free)"
        else:
            told = f"The disk does not take it ({error.strerror})"
        return CheckpointNotFound(
            f"{told} after {amount(self.size)}. What is here stays in {self.path} and is not used by anything. Make "
            "room and run the same command again: it goes on from there.",
        )


@contextmanager
def part_of(folder: Path, file: str, content: str) -> Iterator[Part]:
    """The part of that file and content, locked; raises `CheckpointNotFound` while another process holds it.

    `content`: letters and digits that stand for what the file is to hold, such as its checksum.
    """
    path = folder / f"{file}.{content[:12]}{PART}"
    descriptor = _locked(path)
    try:
        yield Part(path, descriptor)
    finally:
        os.close(descriptor)


def _locked(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise CheckpointNotFound(
                f"Another process is fetching this file into {path}. Wait until it is done, or end it and run again."
            ) from None
        if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
        os.close(descriptor)  # it was moved to its place between our open and our lock


def require_room(folder: Path, size: int, setting: str) -> None:
    """Raise `CheckpointNotFound` unless the disk takes `size` more bytes and keeps a margin."""
    free = shutil.disk_usage(folder).free
    if free < size + MARGIN:
        raise CheckpointNotFound(
            f"{amount(size)} are to be fetched into {folder}. That needs {amount(size + MARGIN)}, and {amount(free)} "
            f"are free there. Make room, or set {setting} to a folder on another disk."
        )


def sync_folder(folder: Path) -> None:
    """Have the disk hold the names in a folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
