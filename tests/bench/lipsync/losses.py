"""Where a mouth loses: by how much it is too open or too shut, phone by phone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tests.bench.lipsync.curves import inside
from tests.bench.lipsync.verdict import Judged


@dataclass(frozen=True, slots=True)
class Loss:
    """A phone's part in what is missing. Openings in standard deviations of the film's own curve."""

    phone: str
    count: int
    offset: float  # > 0: the mouth is more open than it should be
    share: float  # of all squared differences


def losses(films: Sequence[Judged]) -> list[Loss]:
    """All phones, the costliest first: both curves of a film are brought to the same mean and spread, then compared."""
    offsets: dict[str, list[float]] = defaultdict(list)
    squares: dict[str, float] = defaultdict(float)
    for film in films:
        wanted = film.wanted.at(film.times_s)
        missed = standard(film.openings, film.spoken) - standard(wanted, film.spoken)
        for phone in film.phones:
            seen = film.spoken & inside(film.times_s, (phone.start_s, phone.end_s))
            if seen.any():
                name = phone.name or "pause"
                offsets[name].append(float(missed[seen].mean()))
                squares[name] += float((missed[seen] ** 2).sum())
    total = sum(squares.values()) or 1.0
    found = [Loss(name, len(each), float(np.mean(each)), squares[name] / total) for name, each in offsets.items()]
    return sorted(found, key=lambda loss: -loss.share)


def standard(values: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """In standard deviations from the mean of those that count."""
    return (values - values[counted].mean()) / max(1e-9, float(values[counted].std()))
