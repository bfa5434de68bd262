"""What the cloud has cost today, per rung, and the cap that no race may pass.

The cost of a call is reserved before it is sent and settled when it is known. The sum lives in one small file, replaced
atomically, so that a restart forgets nothing; a day ends at 00:00 UTC. A file that cannot be read or written closes the
capped rungs: money is not spent on a guess. One process owns the file.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from troupe.wire.errors import Overloaded

log = logging.getLogger(__name__)
OPEN_AGAIN = "it is open again at 00:00 UTC"
MAX_FILE_BYTES = 64 * 1024


class _Book(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid")

    day: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    usd: dict[str, float]


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class Reservation:
    """Money set aside for one call."""

    def __init__(self, spend: Spend, name: str, usd: float, day: str) -> None:
        self._spend = spend
        self._name = name
        self._day = day
        self.usd = usd

    def settle(self, usd: float) -> None:
        """What the call has cost after all; may be said again when more is known."""
        self._spend.change(self._name, usd - self.usd, self._day)
        self.usd = usd


class Spend:
    """The book of one gateway; `path` None = kept in memory only."""

    def __init__(self, path: Path | None, now: Callable[[], datetime] = utc_now) -> None:
        self._path = path
        self._now = now
        self._lock = threading.Lock()
        self._version = self._on_disk = 0
        self._writing: set[asyncio.Future[None]] = set()
        self._problem = ""
        self._day = self._today()
        self._usd: dict[str, float] = {}
        self._load()

    def spent(self, name: str) -> float:
        """USD spent and set aside today."""
        self._roll()
        return self._usd.get(name, 0.0)

    def obstacle(self, name: str, usd: float, cap: float) -> str | None:
        """Why a call of that cost may not be made now; None = it may. A cap of 0 is none."""
        spent = self.spent(name)
        if cap <= 0:
            return None
        if self._broken():
            return f"its cap of ${cap:.2f} cannot be kept: {self._problem}"
        if spent + usd <= cap + 1e-9:
            return None
        if usd <= cap / 100 or spent >= cap:
            return f"its cap of ${cap:.2f} for today is used up (${spent:.2f}); {OPEN_AGAIN}"
        return (
            f"its cap of ${cap:.2f} for today has ${max(0.0, cap - spent):.2f} left and this request may cost "
            f"${usd:.2f}; {OPEN_AGAIN}"
        )

    async def reserve(self, name: str, usd: float, cap: float) -> Reservation:
        """Set money aside; on disk when this returns. Raises `Overloaded` where the cap forbids it."""
        if (why := self.obstacle(name, usd, cap)) is not None:
            raise Overloaded(f"{name}: {why}.", retry_after_s=self.until_midnight_s())
        reservation = Reservation(self, name, usd, self._day)
        self._add(name, usd)
        try:
            await asyncio.to_thread(self._write, self._version)
        except OSError as error:
            log.warning("the day's spending cannot be written to %s: %s", self._path, error)
            if cap > 0:
                reservation.settle(0.0)
                raise Overloaded(f"{name}: its cap cannot be kept: {self._path}: {error.strerror}.") from error
        except asyncio.CancelledError:
            reservation.settle(0.0)
            raise
        return reservation

    def change(self, name: str, usd: float, day: str) -> None:
        """Add to (or take from) what that day has cost; written in the background."""
        self._roll()
        if day != self._day or not usd:
            return
        self._add(name, usd)
        writing = asyncio.get_running_loop().run_in_executor(None, self._write, self._version)
        self._writing.add(writing)
        writing.add_done_callback(self._written)

    async def aclose(self) -> None:
        """Wait until everything is on disk."""
        while self._writing:
            await asyncio.wait(self._writing)

    def until_midnight_s(self) -> float:
        """Seconds to the next day, in UTC."""
        now = self._now()
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return round((midnight - now).total_seconds(), 3)

    def _add(self, name: str, usd: float) -> None:
        self._usd[name] = max(0.0, self._usd.get(name, 0.0) + usd)
        self._version += 1

    def _today(self) -> str:
        return self._now().astimezone(UTC).date().isoformat()

    def _roll(self) -> None:
        today = self._today()
        if today > self._day:  # a clock set back begins no new day
            self._day, self._usd, self._problem = today, {}, ""

    def _broken(self) -> bool:
        if self._problem and self._path is not None and not self._path.exists():
            self._problem = ""  # the remedy was applied
        return bool(self._problem)

    def _load(self) -> None:
        if self._path is None or not self._path.exists():
            return
        try:
            book = _Book.model_validate_json(_read(self._path))
        except (OSError, ValidationError, ValueError) as error:
            self._close_for_today(self._path, error)
            return
        if book.day >= self._day:
            self._day = book.day
            self._usd = {name: max(0.0, usd) for name, usd in book.usd.items()}

    def _close_for_today(self, path: Path, error: Exception) -> None:
        try:
            written = datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
        except OSError:
            written = self._day
        if written < self._day:
            return  # it can only tell of a day that is over
        reason = error.strerror if isinstance(error, OSError) else "it is damaged"
        self._problem = f"{path} cannot be read ({reason}). Remove it to count today from zero, or wait: {OPEN_AGAIN}"
        log.warning("the day's spending is not known: %s", self._problem)

    def _write(self, wanted: int) -> None:
        """In a thread. One write serves all who wait for it."""
        if self._path is None:
            return
        with self._lock:
            if self._on_disk >= wanted:
                return
            version = self._version  # read first: what is copied next is at least as new
            book = {"day": self._day, "usd": {name: round(usd, 6) for name, usd in dict(self._usd).items()}}
            _replace(self._path, json.dumps(book))
            self._on_disk = version

    def _written(self, writing: asyncio.Future[None]) -> None:
        self._writing.discard(writing)
        if not writing.cancelled() and (error := writing.exception()) is not None:
            log.warning("the day's spending cannot be written to %s: %s", self._path, error)


@dataclass(frozen=True, slots=True)
class Purse:
    """One rung's part of the book."""

    spend: Spend
    name: str
    cap_usd_day: float  # 0 = none

    def obstacle(self, usd: float) -> str | None:
        """Why a call of that cost may not be made now."""
        return self.spend.obstacle(self.name, usd, self.cap_usd_day)

    async def reserve(self, usd: float) -> Reservation:
        """Set money aside for one call."""
        return await self.spend.reserve(self.name, usd, self.cap_usd_day)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ValueError("too large")
    return data


def _replace(path: Path, text: str) -> None:
    """Write the whole file beside it, then put it in its place: a crash leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)  # noqa: PTH105  # mkstemp gave a string
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
