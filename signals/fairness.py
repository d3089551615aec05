"""Fairness: how often something happens to pupils of different groups, with intervals, and nothing of small groups.

Groups are compared afterwards, from a list the school brings: no such attribute ever enters a score. Rates alone do not
say whether a difference is unfair, for groups may differ in what they live through; they say where to look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

FEWEST = 10
_Z = 1.959964


class NeedsExtra(Exception):
    """statsmodels is not installed; the sentence says how to add it."""


@dataclass(frozen=True)
class GroupRate:
    """How often something happened in one group: `rate` with its 95 % interval, all None in a group of fewer than 10.

    `pupils` is None too then: the size of a small group may tell who is in it.
    """

    group: str
    pupils: int | None
    rate: float | None
    lower: float | None
    upper: float | None


def wilson(happened: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927): two numbers from 0 to 1; all of it when there is nobody."""
    if of <= 0:
        return 0.0, 1.0
    share, z2 = happened / of, _Z**2
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    reach = _Z * sqrt(share * (1 - share) / of + z2 / (4 * of**2)) / (1 + z2 / of)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def rates(groups: Sequence[str], happened: Sequence[bool]) -> tuple[GroupRate, ...]:
    """Compare groups: for each pupil the group and whether it happened; groups by name.

    When just one group is small, the next smallest is kept back with it, or the two could be told from the total.
    """
    counts: dict[str, tuple[int, int]] = {}
    for group, did in zip(groups, happened, strict=True):
        pupils, those = counts.get(group, (0, 0))
        counts[group] = pupils + 1, those + did
    small = {group for group, (pupils, _) in counts.items() if pupils < FEWEST}
    if len(small) == 1 and len(counts) > 1:
        small.add(min(counts.keys() - small, key=lambda group: (counts[group][0], group)))
    return tuple(_rate(group, *counts[group], hidden=group in small) for group in sorted(counts))


def _rate(group: str, pupils: int, those: int, *, hidden: bool) -> GroupRate:
    if hidden:
        return GroupRate(group, None, None, None, None)
    return GroupRate(group, pupils, those / pupils, *wilson(those, pupils))
