"""Rows of a tensor that is still growing, numbered from the beginning of the film; old ones are forgotten."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class Track:
    """Rows from `first` on, of any width; all on one device."""

    def __init__(self, first: int, width: int, device: torch.device) -> None:
        self.first = first
        self._held = torch.zeros(0, width, device=device)

    @property
    def stop(self) -> int:
        """The number of the row that comes next."""
        return self.first + self._held.shape[0]

    def append(self, rows: Tensor) -> None:
        """(n, width) more."""
        self._held = torch.cat((self._held, sent(rows, self._held.device)))

    def slice(self, first: int, stop: int) -> Tensor:
        """Rows `first`..`stop`. Raises `LookupError` where they are not held."""
        self._check(first, stop)
        return self._held[first - self.first : stop - self.first]

    def rows(self, numbers: Sequence[int]) -> Tensor:
        """Those rows, in that order; a row may be asked for more than once. Raises `LookupError`."""
        self._check(min(numbers), max(numbers) + 1)
        places = torch.tensor([number - self.first for number in numbers])
        return self._held[sent(places, self._held.device)]

    def forget(self, before: int) -> None:
        """Rows before that one are needed no more."""
        unneeded = min(before, self.stop) - self.first
        if unneeded > 0:
            self._held = self._held[unneeded:].clone()
            self.first += unneeded

    def _check(self, first: int, stop: int) -> None:
        if first < self.first or stop > self.stop:
            raise LookupError(f"Rows {first} to {stop} were asked for; {self.first} to {self.stop} are held.")


def sent(values: Tensor, device: torch.device) -> Tensor:
    """The values on that device, without waiting for what it still computes."""
    return values.to(device, non_blocking=True)
