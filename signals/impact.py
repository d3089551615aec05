"""Did acting help? Pupils somebody acted for, beside like pupils nobody acted for, and what would have come of itself.

Who is flagged is flagged on a bad week, and many are better a while later whatever anybody does: regression to the
mean. So a raw share of “improved” says nothing alone; here it always comes with what was to be expected. Each
acted-for pupil is matched with the likest of the others (level, slope and support before); the interval resamples
whole tutor groups. It stays an observation: whoever decides to act may know what no number holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FEWEST = 10
CALIPER = 0.5
BETTER = 0.3
_SAMPLES = 300


@dataclass(frozen=True)
class Case:
    """One flagged pupil: tutor `group`, whether somebody `acted`, levels in SD `before`, `slope` a week, and `after`.

    `support` says whether somebody was there for them before already.
    """

    group: str
    acted: bool
    before: float
    slope: float
    after: float
    support: bool = False


@dataclass(frozen=True)
class Impact:
    """What came of acting: `pairs` matched; `difference` in change (SD; above 0 is better) with its 95 % interval.

    `improved` is the raw share of the acted-for who rose by 0.3 SD or more, `of_itself` that of their matches.
    """

    pairs: int
    difference: float
    lower: float
    upper: float
    improved: float
    of_itself: float


def impact(cases: Sequence[Case], seed: int = 1) -> Impact | None:
    """Compare those acted for with like others; None with fewer than FEWEST pairs, of which nothing should be said.

    Each is matched, with replacement, to the nearest within CALIPER (SD of level, and of slope over four weeks) who had
    support before, or had none, as they did. What is left between them before is taken out by the line that the others'
    change follows (Abadie and Imbens, 2011). The interval repeats all of it on tutor groups drawn anew, for pupils of
    one tutor are alike.
    """
    acted = np.array([case.acted for case in cases], dtype=bool)
    if not acted.any() or acted.all():
        return None
    before = _before(cases)
    change = np.array([case.after - case.before for case in cases])
    found = _compare(before[acted], change[acted], before[~acted], change[~acted])
    if found is None:
        return None
    differences = []
    for rows in _groups_anew(cases, seed):
        on = acted[rows]
        again = _compare(before[rows][on], change[rows][on], before[rows][~on], change[rows][~on])
        differences += [again[1]] if again else []
    pairs, difference, improved, of_itself = found
    low, high = _interval(difference, differences, cases)
    return Impact(pairs, difference, float(low), float(high), improved, of_itself)


def drawn(cases: Sequence[Case], seed: int = 1) -> Impact | None:
    """Compare those who by a draw came first (`acted`) with those who came later; None with fewer than FEWEST of each.

    By intention to treat: whoever was drawn counts where they were drawn. The difference of levels is taken at equal
    level, slope and support before, by one regression (Lin, 2013, without interactions); the interval draws tutor
    groups anew.
    """
    first = np.array([case.acted for case in cases], dtype=bool)
    if min(first.sum(), (~first).sum()) < FEWEST:
        return None
    before = _before(cases)
    after = np.array([case.after for case in cases])
    if not (np.isfinite(before).all() and np.isfinite(after).all()):
        return None
    again = [
        _at_equal_before(first[rows], before[rows], after[rows])
        for rows in _groups_anew(cases, seed)
        if min(first[rows].sum(), (~first[rows]).sum()) > before.shape[1]
    ]
    found = _at_equal_before(first, before, after)
    low, high = _interval(found, again, cases)
    better = after - before[:, 0] >= BETTER
    return Impact(
        int(min(first.sum(), (~first).sum())),
        found,
        float(low),
        float(high),
        float(better[first].mean()),
        float(better[~first].mean()),
    )


def _before(cases: Sequence[Case]) -> Array:
    """What is alike among the matched: (cases, 3). Support, 0 or 1, lies farther apart than CALIPER: nobody crosses."""
    return np.array([[case.before, 4 * case.slope, float(case.support)] for case in cases])


def _at_equal_before(first: NDArray[np.bool_], before: Array, after: Array) -> float:
    known = np.column_stack([np.ones(len(after)), first, before])
    return float(np.linalg.lstsq(known, after, rcond=None)[0][1])


def _interval(found: float, again: Sequence[float], cases: Sequence[Case]) -> tuple[float, float]:
    """The 95 % interval from a difference and those of groups drawn anew.

    By Student's t with as many degrees of freedom as there are tutor groups, less one: with few of them the spread
    alone is too narrow (Cameron, Gelbach and Miller, 2008). Without two groups there is no end to it.
    """
    # Here, for the bot needs nothing else of scipy, and seldom this.
    from scipy.special import stdtrit

    groups = len({case.group for case in cases})
    if groups < 2 or len(again) < _SAMPLES / 2:
        return -np.inf, np.inf
    half = float(stdtrit(groups - 1, 0.975) * np.std(again, ddof=1))
    return found - half, found + half


def _groups_anew(cases: Sequence[Case], seed: int) -> Iterator[NDArray[np.intp]]:
    """Draw whole tutor groups, with replacement, _SAMPLES times: the numbers of their cases."""
    names, of = np.unique(np.array([case.group for case in cases]), return_inverse=True)
    members = [np.flatnonzero(of == number) for number in range(len(names))]
    chance = np.random.default_rng(seed)
    for _ in range(_SAMPLES):
        yield np.concatenate([members[number] for number in chance.integers(0, len(names), len(names))])


def _compare(
    before: Array, change: Array, others: Array, their_change: Array
) -> tuple[int, float, float, float] | None:
    """Match and compare: pairs, difference of change, share improved and share improved among the matches."""
    if not len(before) or not len(others):
        return None
    # One measure after the other: to take the larger of two along the last axis is many times slower.
    level, slope, support = (np.abs(before[:, None, part] - others[None, :, part]) for part in range(3))
    apart = np.maximum(np.maximum(level, slope), support)
    nearest = apart.argmin(axis=1)
    near = apart[np.arange(len(before)), nearest] <= CALIPER
    if near.sum() < FEWEST:
        return None
    line = np.linalg.lstsq(np.column_stack([np.ones(len(others)), others]), their_change, rcond=None)[0][1:]
    left = (before[near] - others[nearest[near]]) @ line
    expected = their_change[nearest[near]] + left
    improved, of_itself = (float((those >= BETTER).mean()) for those in (change[near], expected))
    return int(near.sum()), float((change[near] - expected).mean()), improved, of_itself
