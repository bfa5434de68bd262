"""Draws docs/spread.svg: how calls spread over 1,000 replicas, by the simulation of `tests.bench.capacity`.

Lines are counts of replicas that hold so many calls at once, averaged over the second half of the time simulated.
Chance alone is the Poisson distribution: what gateways would do that pick any replica and look at none.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.capacity import BUSY, World

REPLICAS = 1000
SECONDS = 6.0  # six times a call's mean time: by then as many end as begin
GATEWAYS = (4, 10, 100)
MOST = 13  # calls at a replica: the right end of the chart
OUT = Path(__file__).parents[2] / "docs" / "spread.svg"
WIDTH, HEIGHT = 860, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 64, 56  # margins
COLOURS = ("#0b6e4f", "#2b59c3", "#d9822b", "#444444")
GRID = (0, 200, 400, 600, 800, 1000)  # replicas


@dataclass(frozen=True)
class Line:
    """Replicas by the calls they hold, and what the busiest of them holds."""

    name: str
    counts: Sequence[float]
    busiest: float
    dashed: bool = False


def simulated(gateways: int, replicas: int = REPLICAS, seconds: float = SECONDS) -> Line:
    """By the real pools."""
    world, looks, peaks = World(gateways, replicas), Counter[int](), []

    def look() -> None:
        if world.now > seconds / 2:
            looks.update(world.load.values())
            peaks.append(max(world.load.values()))

    world.run(seconds, look, every=0.1)
    counts = [looks[calls] / len(peaks) for calls in range(MOST + 1)]
    return Line(f"{gateways} gateways", counts, sum(peaks) / len(peaks))


def chance(replicas: int = REPLICAS) -> Line:
    """By no choice at all; its busiest replica is the one that a thousandth of them is expected to reach."""
    shares = [math.exp(-BUSY) * BUSY**calls / math.factorial(calls) for calls in range(4 * MOST)]
    busiest = next(calls for calls in range(len(shares)) if sum(shares[calls + 1 :]) * replicas < 1)
    return Line("chance alone", [share * replicas for share in shares[: MOST + 1]], busiest, dashed=True)


def draw(lines: Sequence[Line]) -> str:
    """The SVG."""
    box = f"0 0 {WIDTH} {HEIGHT}"
    title = f"How {BUSY * REPLICAS:,.0f} calls at once spread over {REPLICAS:,} replicas"
    subtitle = f"Each gateway sees its own calls only; {BUSY:g} calls a replica on average (simulated)"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="26" font-size="17" font-weight="bold">{title}</text>',
        f'<text x="{LEFT}" y="46" fill="#555">{subtitle}</text>',
        *_axes(),
        *(part for number, line in enumerate(lines) for part in _line(line, COLOURS[number], number)),
    ]
    return "\n".join([*parts, "</svg>\n"])


def _axes() -> Iterator[str]:
    for replicas in GRID:
        y = _y(replicas)
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{replicas}</text>'
    for calls in range(MOST + 1):
        yield f'<text x="{_x(calls):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle" fill="#555">{calls}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle:.0f}" y="{HEIGHT - 12}" text-anchor="middle">calls at one replica</text>'
    yield (
        f'<text x="18" y="{HEIGHT / 2:.0f}" text-anchor="middle" transform="rotate(-90 18 {HEIGHT / 2:.0f})">'
        "replicas</text>"
    )


def _line(line: Line, colour: str, number: int) -> Iterator[str]:
    """The one without gateways is dashed and has no points, so that what lies on it is seen."""
    points = " ".join(f"{_x(calls):.1f},{_y(count):.1f}" for calls, count in enumerate(line.counts))
    stroke = f'stroke="{colour}" stroke-width="2.5"' + (' stroke-dasharray="5 5"' if line.dashed else "")
    yield f'<polyline points="{points}" fill="none" {stroke} stroke-linejoin="round"/>'
    for calls, count in enumerate(line.counts):
        if count >= 1 and not line.dashed:  # what is fewer than one replica is none
            yield f'<circle cx="{_x(calls):.1f}" cy="{_y(count):.1f}" r="3.5" fill="{colour}"/>'
    x, y = WIDTH - RIGHT - 330, TOP + 26 + 24 * number
    yield f'<line x1="{x}" y1="{y - 4}" x2="{x + 26}" y2="{y - 4}" {stroke}/>'
    told = f"{line.name}: the busiest replica holds {line.busiest:.1f}"
    yield f'<text x="{x + 34}" y="{y}">{told}</text>'


def _x(calls: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * calls / MOST


def _y(replicas: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * replicas / GRID[-1]


def main() -> None:
    """Simulate, and draw."""
    lines = [*map(simulated, GATEWAYS), chance()]
    OUT.write_text(draw(lines))
    for line in lines:
        print(f"{line.name}: busiest {line.busiest:.2f}, {[round(count) for count in line.counts]}")


if __name__ == "__main__":
    main()
