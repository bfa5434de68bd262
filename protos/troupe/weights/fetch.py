"""Fetching a file: ask, make sure of the room, transfer (and go on where it broke off), verify, judge, move in.

Until the last step nothing in the folder has a name that an engine looks at. What is fetched stays when a step fails,
so that the next run goes on from there; only bytes that are proven wrong are set aside.

Why not huggingface_hub: docs/DECISIONS.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from troupe.weights.checksum import record, sha256_of
from troupe.weights.hub import Broken, Hub, Told, content_of
from troupe.weights.meter import Meter, amount
from troupe.weights.part import Part, part_of, require_room
from troupe.weights.source import Source
from troupe.wire.errors import CannotConnect, CheckpointBroken

FAILURES = 5  # in a row, without one byte between them
FIRST_PAUSE_S = 0.5  # doubles with each failure in a row
DAMAGED = ".damaged"


@dataclass(frozen=True, slots=True)
class Fetcher:
    """What a fetch needs: where to ask, where to put, whom to tell."""

    hub: Hub
    folder: Path
    meter: Meter
    judge: Callable[[Path], None]  # raises `CheckpointBroken` for a file that its engine could not use
    first_pause_s: float = FIRST_PAUSE_S
    before: int = 0  # bytes of the files that came before this one, and
    total: int = 0  # bytes of all files together, for the meter; 0 = it shows each file by itself

    def fetch_all(self, sources: Sequence[Source]) -> None:
        """Fetch what of these files is not there, one after the other, and show how far all of them are.

        What has come stays when a later one fails, so that the next run goes on from there.
        """
        missing = [source for source in sources if not (self.folder / source.file).exists()]
        total = sum(source.size for source in missing) if all(source.size for source in missing) else 0
        before = 0
        for source in missing:
            replace(self, before=before, total=total).fetch(source)
            before += source.size

    def fetch(self, source: Source) -> Path:
        """Fetch the file and give its path, where it is whole, verified and judged.

        Raises a `TroupeError` that says what to do; whatever is raised, no half-written file is in use.
        """
        told = self.hub.ask(source)
        _check_pin(source, told)
        self.folder.mkdir(parents=True, exist_ok=True)
        place = self.folder / source.file
        with part_of(self.folder, source.file, content_of(source, told)) as part:
            if place.exists():  # another process brought it while this one asked
                part.path.unlink()
                return place
            require_room(self.folder, max(told.size - part.size, 0), source.setting)
            self._transfer(source, told, part)
            part.settle()
            self._admit(source, told, part, place)
        return place

    def _transfer(self, source: Source, told: Told, part: Part) -> None:
        if part.size:
            self.meter.say(f"Going on after {amount(part.size)} that are here already.")
        self._begin(source, told, part)
        failures = 0
        while part.size < told.size:
            before, reason = part.size, "it ended before all bytes came"
            try:
                self._receive(source, told, part)
            except Broken as error:
                reason = str(error)
            failures = failures + 1 if part.size <= before else 0
            if part.size < told.size:
                self._pause(source, told, part, failures, reason)
        self.meter.end()

    def _begin(self, source: Source, told: Told, part: Part) -> None:
        before = self.before if self.total else 0
        self.meter.begin(f"Fetching {source.file}", before + part.size, self.total or told.size)

    def _pause(self, source: Source, told: Told, part: Part, failures: int, reason: str) -> None:
        """Wait a moment before the next try; raises `CannotConnect` when enough were in vain."""
        if failures >= FAILURES:
            raise CannotConnect(
                f"Fetching {source.file} broke off after {amount(part.size)} of {amount(told.size)}: {reason}. What is "
                "here is kept: run the same command again and it goes on.",
            )
        self.meter.say(f"It broke off after {amount(part.size)} ({reason}); trying again.")
        time.sleep(self.first_pause_s * 2**failures)
        self._begin(source, told, part)

    def _receive(self, source: Source, told: Told, part: Part) -> None:
        for position, piece in self.hub.receive(source, part.size):
            if position != part.size:
                part.restart()  # the server knows no ranges and begins anew
            if part.size + len(piece) > told.size:
                raise self._set_aside(part, source, f"the server sent more than the {told.size} bytes it had announced")
            part.append(piece)
            self.meter.reach(part.size + (self.before if self.total else 0))

    def _admit(self, source: Source, told: Told, part: Part, place: Path) -> None:
        """Let the file in when its checksum and its header are right."""
        expected = source.sha256 or told.sha256
        found = sha256_of(part.path, self.meter, f"Checking {source.file}")
        if expected and found != expected:
            raise self._set_aside(part, source, f"its sha256 is {found} and should be {expected}")
        try:
            self.judge(part.path)
        except CheckpointBroken as error:
            raise self._set_aside(part, source, str(error.__cause__ or error.message)) from error
        record(place, found, source.url)
        part.move(place)

    def _set_aside(self, part: Part, source: Source, reason: str) -> CheckpointBroken:
        aside = self.folder / f"{source.file}{DAMAGED}"
        part.move(aside)
        return CheckpointBroken(
            f"{source.file} came and cannot be used: {reason}. It is set aside as {aside} and not used by anything. "
            "Run the same command again to fetch it anew; if it comes the same, the file at its source is wrong.",
        )


def _check_pin(source: Source, told: Told) -> None:
    """Raise `CheckpointBroken` where the server has another file than the catalogue means."""
    if not source.size or (told.size == source.size and told.sha256 in {"", source.sha256}):
        return
    raise CheckpointBroken(
        f"The file at {source.url} is not the one that the catalogue means: it has {told.size} bytes and sha256 "
        f"{told.sha256 or 'unknown'}, expected {source.size} and {source.sha256}. A mirror may be wrong."
        + (f" To take what is there all the same: {source.anyway}" if source.anyway else "")
    )
