"""Numbers and tables that the sections share."""

from __future__ import annotations

from collections.abc import Sequence

Figures = dict[str, float | bool | None]


def rounded(value: float) -> float:
    """Three significant digits: what JSON and people need."""
    return float(f"{value:.3g}")


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their heads, columns as wide as they must be."""
    cells = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
