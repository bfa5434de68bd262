"""How far a long step is: a bar on a terminal, a line every few seconds in a log."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import TextIO

LOG_S = 5.0  # between two lines in a log
REDRAW_S = 0.1  # between two drawings of the bar
BAR = 24  # characters
MB = 1000**2


def amount(count: int) -> str:
    """Bytes for people: `491 MB`, `4.92 GB`."""
    return f"{count / 1000**3:.2f} GB" if count >= 1000**3 else f"{count / MB:.0f} MB"


class Meter:
    """Tells one step after the other on `out`."""

    def __init__(self, out: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._clock = clock
        self._live = out.isatty()
        self._open = False  # a bar is drawn and its line not yet ended
        self._what = ""
        self._total = self._done = self._from = 0
        self._began = self._told = 0.0

    def say(self, line: str) -> None:
        """Write a line of its own."""
        self.end()
        self._out.write(f"{line}\n")
        self._out.flush()

    def begin(self, what: str, done: int, total: int) -> None:
        """Start a step of `total` bytes, `done` of which are there already."""
        self.end()
        self._what, self._from, self._done, self._total = what, done, done, total
        self._began = self._clock()
        self._tell()

    def reach(self, done: int) -> None:
        """`done` bytes are there now."""
        self._done = done
        if self._clock() - self._told >= (REDRAW_S if self._live else LOG_S):
            self._tell()

    def end(self) -> None:
        """Close the line of a bar, so that something else can be written."""
        if self._open:
            self._tell()
            self._out.write("\n")
            self._open = False

    def _tell(self) -> None:
        self._told = self._clock()
        if self._live:
            self._out.write(f"\r{self._bar(shutil.get_terminal_size().columns - 1)}\033[K")
            self._open = True
        else:
            self._out.write(f"{self._what} {self._figures()}\n")
        self._out.flush()

    def _bar(self, columns: int) -> str:
        """The line of a terminal so wide: one that wraps could not be drawn over."""
        filled = BAR * self._done // max(self._total, 1)
        whole = f"{self._what} [{'#' * filled}{'.' * (BAR - filled)}] {self._figures()}"
        return whole if len(whole) <= columns else f"{self._what} {self._figures()}"[:columns]

    def _figures(self) -> str:
        share = f"{100 * self._done // max(self._total, 1):3d} %  {amount(self._done)} of {amount(self._total)}"
        elapsed = self._told - self._began
        rate = (self._done - self._from) / elapsed if elapsed > 0 else 0.0
        if rate <= 0:
            return share
        if self._done >= self._total:
            return f"{share}  {rate / MB:.1f} MB/s  in {_time(elapsed)}"
        return f"{share}  {rate / MB:.1f} MB/s  {_time((self._total - self._done) / rate)} to go"


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes}:{rest:02d}"
