"""Item choice: which steering items tell most about this pupil this week, under the blueprint.

Three items of three factors, contexts in turn, not all running the same way. What an item tells is its information at
what is known of the pupil, times how unsure that is. One of the best three is drawn at random, so that no pupil can
foresee it; items met lately are left out, and no item goes to more than a quarter of those who are asked together.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from signals import grid
from signals.board import PARTS, Board
from signals.items import STATE, ItemSet

Array = NDArray[np.float64]

STEERING_ITEMS = 3
BEST = 3
MOST_SHARE = 0.25


class Exposure:
    """Counts to how many of those asked together each item went; `allowed` holds each to a quarter (one at least)."""

    def __init__(self, asked: int) -> None:
        self._most = max(1, int(MOST_SHARE * asked))
        self._given: Counter[str] = Counter()

    def allowed(self, item: str) -> bool:
        """Whether the item may go to one more."""
        return self._given[item] < self._most

    def give(self, items: Sequence[str]) -> None:
        """Count a check-in's items."""
        self._given.update(items)


def choose_steering(
    board: Board, items: ItemSet, recent: Collection[str], exposure: Exposure, seed: str, *, first_context: int
) -> tuple[str, ...]:
    """Choose a pupil's steering items in asking order; `board` is that pupil's alone.

    `recent` are items met lately; `first_context` (0 in school, 1 outside) is that of the first item. The same seed
    chooses the same. Where the limits leave nothing, the exposure limit gives way first, then what was met lately.
    """
    chance = random.Random(seed)  # noqa: S311 (which question comes is no secret)
    worth = _worth(board, items).tolist()
    chosen: list[int] = []
    for place in range(STEERING_ITEMS):
        fits = _fitting(items, chosen, (first_context + place) % 2)
        for limits in (2, 1, 0):
            left = [
                number
                for number in fits
                if (limits < 1 or items.ids[number] not in recent)
                and (limits < 2 or exposure.allowed(items.ids[number]))
            ]
            if left:
                break
        if not left:
            break
        left.sort(key=lambda number: (-worth[number], items.ids[number]))
        # Items that tell the same are alike: the best three are of those, whichever come first.
        tied = [number for number in left if worth[number] >= worth[left[min(BEST, len(left)) - 1]]]
        chosen.append(chance.choice(tied))
    names = tuple(items.ids[number] for number in chosen)
    exposure.give(names)
    return names


def _fitting(items: ItemSet, chosen: Sequence[int], context: int) -> list[int]:
    """List the items that may come next: of the context, of a factor not asked yet, and not the third of one way."""
    factors = {int(items.series[one]) // 2 for one in chosen}
    ways = {int(items.direction[one]) for one in chosen}
    last = len(chosen) == STEERING_ITEMS - 1
    return [
        number
        for number, series, way in items.steering
        if series % 2 == context and series // 2 not in factors and not (last and ways == {way})
    ]


def _worth(board: Board, items: ItemSet) -> Array:
    """What each item tells: its information averaged over what is known, times the variance: (items,)."""
    of, groups = PARTS[:STATE], np.arange(STATE) // 2
    mean = np.einsum("sj,sj->s", board.mean[0, groups], of)
    variance = np.einsum("si,sij,sj->s", of, board.covariance[0, groups], of)
    known = grid.on_grid(mean, variance) * variance[:, None]
    worth, asks = np.zeros(len(items.ids)), items.series[:-1]
    steering = asks != STATE
    worth[steering] = np.einsum("ig,ig->i", items.tells[:-1][steering], known[asks[steering]])
    return np.round(worth, 9)
