"""Totals: what may be shown of many pupils without showing anything of one.

A mean stands for ten pupils or more; counts of one to four are kept back, and others with them wherever a sum beside
them would give them away (complementary suppression, as statistical offices do).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

FEWEST = 10
FEWEST_COUNTED = 5


@dataclass(frozen=True)
class Mean:
    """An average of answers, 0 (low end) to 1 (high end), and its 95 % interval."""

    value: float
    lower: float
    upper: float


def placed(option: int, options: int, direction: int) -> float | None:
    """Place an answer between the low end, 0, and the high end, 1; None for one that the item does not have."""
    if options < 2 or not 0 <= option < options:
        return None
    place = option / (options - 1)
    return place if direction == 1 else 1 - place


def mean_of(count: int, total: float, squares: float) -> Mean | None:
    """The average of `count` numbers, from their sum and the sum of their squares; None for fewer than FEWEST."""
    if count < FEWEST or not isfinite(total) or not isfinite(squares):
        return None
    value = total / count
    half = 1.96 * sqrt(max(squares / count - value**2, 0.0) / (count - 1))
    return Mean(value, max(0.0, value - half), min(1.0, value + half))


def shown(table: Sequence[Sequence[int]]) -> list[list[int | None]]:
    """Give a table of counts with its sums: a last column, and a last row. None stands where a count is kept back.

    Counts of 1 to 4, sums too, are kept back; and while a row or column has a single one, which its sum would give
    away, the smallest other one of it is kept back as well.
    """
    cells = [[*row, sum(row)] for row in table]
    cells.append([sum(column) for column in zip(*cells, strict=True)] if cells else [0])
    lines = [[(row, column) for column in range(len(cells[0]))] for row in range(len(cells))]
    lines += [[(row, column) for row in range(len(cells))] for column in range(len(cells[0]))]
    hidden = {place for line in lines for place in line if 0 < cells[place[0]][place[1]] < FEWEST_COUNTED}
    while single := next((line for line in lines if len(line) > 1 and len(hidden & set(line)) == 1), None):
        left = [place for place in single if place not in hidden]
        # A nought says less than it would hide; the sum, at the end, is the last to go.
        hidden.add(
            min(left, key=lambda place: (place == single[-1], cells[place[0]][place[1]] == 0, _at(cells, place)))
        )
    return [
        [None if (row, column) in hidden else count for column, count in enumerate(counts)]
        for row, counts in enumerate(cells)
    ]


def _at(cells: Sequence[Sequence[int]], place: tuple[int, int]) -> int:
    return cells[place[0]][place[1]]
