"""Scoring a simulated year week by week, with what was known that week, and the figures of the table of the signals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from benchmarks.signals_school import DIRECT_WEEKS, GAPS, WEEKS, Year, supposed_items
from signals import flag
from signals.board import Sheet, advance, errors, levels, new_board
from signals.evidence import SIGNALS, evidence
from signals.grid import interval
from signals.items import STYLES

Array = NDArray[np.float64]
Truth = NDArray[np.bool_]

FROM_WEEK = 10
FLAGS_FROM = 6
WITHIN = 10
TUTEES = 25
NOBODYS_STYLE = np.array([float(style == (0.0, 1.0)) for style in STYLES])


@dataclass(frozen=True, eq=False)
class Scored:
    """What the signals made of a year: `signals` (weeks, pupils, SIGNALS); which 90 % intervals covered (5 series), of
    the `true` level and of the one that was `shown`."""

    signals: Array
    covered: Array
    covered_shown: Array


def score(year: Year, *, leaning: bool = True, quality: bool = True) -> Scored:
    """Run the year through the board, one week after the other; without `leaning` or `quality` to see their worth."""
    weeks, pupils = year.risk.shape
    signals = np.zeros((weeks, pupils, len(SIGNALS)))
    covered, shown = np.zeros((weeks, pupils, 5)), np.zeros((weeks, pupils, 5))
    for young in (False, True):
        rows = np.flatnonzero(year.young == young)
        items, board = supposed_items(young), new_board(len(rows))
        for week in range(weeks):
            sheet = Sheet(
                year.items[week, rows],
                year.options[week, rows],
                year.milliseconds[week, rows],
                np.full(len(rows), float(GAPS[week])),
                np.ones(len(rows), dtype=bool),
                year.answered[week, rows],
            )
            if not leaning:
                board = replace(board, styles=np.tile(NOBODYS_STYLE, (len(board), 1)))
            if not quality:
                board = replace(board, careless=np.full(len(board), -20.0))
            board = advance(board, sheet, items)
            signals[week, rows] = evidence(board)
            low, high = interval(levels(board), errors(board))
            for to, source in ((covered, year.levels), (shown, year.shown)):
                five = _five(source[week, rows])
                to[week, rows] = (low <= five) & (five <= high)
    return Scored(signals, covered, shown)


def _five(nine: Array) -> Array:
    return np.concatenate([nine[:, :8].reshape(-1, 4, 2).mean(axis=2), nine[:, 8:]], axis=1)


def pilot(year: Year) -> Array:
    """The check-in as a first pilot would score it: the five answers of a week count alike, smoothed (0.3); no more."""
    risk, now = np.zeros(year.risk.shape), np.full(year.risk.shape[1], 0.4)
    last = np.where(year.young, 2.0, 4.0)[:, None]
    for week in range(len(risk)):
        given = year.options[week] >= 0
        place = np.where(given, year.options[week] / last, 0.5)
        place = np.where(year.items[week] % 2 == 0, place, 1 - place)
        each = np.concatenate([1 - place[:, :2], np.abs(place[:, 2:] - 0.5)], axis=1)
        now = np.where(year.answered[week], 0.7 * now + 0.3 * each.mean(axis=1), now)
        risk[week] = now
    return risk


def direct(year: Year) -> Array:
    """The direct survey: the last one's sum score stands until the next; before the first nothing is known."""
    weeks = np.searchsorted(DIRECT_WEEKS, np.arange(len(year.risk)), side="right") - 1
    return np.where((weeks >= 0)[:, None], year.direct[np.maximum(weeks, 0)], year.direct.min() - 1)


def flags(
    year: Year, points: Array, *, floor: bool = True, quiet: int = flag.QUIET_WEEKS, ceiling: bool = True
) -> tuple[Truth, Truth]:
    """Apply the flag rule week by week: who is flagged, and who newly, both (weeks, pupils).

    Bars are those of the week before; at most three new a tutor a week, and never more than the `ceiling` in all.
    """
    weeks, pupils = points.shape
    tutor = np.arange(pupils) // TUTEES
    on, since = np.zeros(pupils, dtype=bool), np.full(pupils, 99)
    flagged, new = np.zeros(points.shape, dtype=bool), np.zeros(points.shape, dtype=bool)
    for week in range(FLAGS_FROM, weeks):
        bars = flag.bars(points[week - 1]) if floor else _plain_bars(points[week - 1])
        since += 1
        on &= points[week] >= bars.leave
        may = ~on & (points[week] >= bars.enter) & (since >= quiet)
        room = (int(flag.ENTER_SHARE * pupils) if ceiling else pupils) - int(on.sum())
        for pupil in sorted(np.flatnonzero(may), key=lambda one: -points[week, one]):
            if room > 0 and new[week, tutor == tutor[pupil]].sum() < flag.NEW_A_TUTOR_A_WEEK:
                new[week, pupil], room = True, room - 1
        on |= new[week]
        since[on] = 0
        flagged[week] = on
    return flagged, new


def _plain_bars(points: Array) -> flag.Bars:
    enter, leave = np.quantile(points, [1 - flag.ENTER_SHARE, 1 - flag.LEAVE_SHARE])
    return flag.Bars(float(enter), float(leave))


@dataclass(frozen=True)
class Figures:
    """One row of the table."""

    correlation: float
    auc: float
    sensitivity: float
    ceiling: float
    caught: float
    newly_caught: float
    false_onsets: float
    group_gap: float
    flagged: float
    precision: float


def figures(
    year: Year, points: Array, *, floor: bool = True, quiet: int = flag.QUIET_WEEKS, ceiling: bool = True
) -> Figures:
    """Measure one way of scoring from week 10 on, when it has had time to know anybody."""
    late = slice(FROM_WEEK, WEEKS)
    flagged, new = flags(year, points, floor=floor, quiet=quiet, ceiling=ceiling)
    at_risk, risk, marked = year.at_risk[late], year.risk[late], points[late]
    top = marked >= np.quantile(marked, 0.9, axis=1, keepdims=True)
    shifted = np.flatnonzero(year.shift_week >= 0)
    windows = [slice(year.shift_week[one], year.shift_week[one] + WITHIN + 1) for one in shifted]
    unaffected = (year.shift_week < 0) & (year.transient_week < 0)
    by_group = [(top & at_risk)[:, year.group == g].sum() / at_risk[:, year.group == g].sum() for g in (0, 1)]
    return Figures(
        correlation=float(np.corrcoef(marked.ravel(), risk.ravel())[0, 1]),
        auc=auc(marked.ravel(), at_risk.ravel()),
        sensitivity=float((top & at_risk).sum() / at_risk.sum()),
        ceiling=float(min(1.0, 0.1 / at_risk.mean())),
        caught=float(np.mean([flagged[window, one].any() for window, one in zip(windows, shifted, strict=True)])),
        newly_caught=float(np.mean([new[window, one].any() for window, one in zip(windows, shifted, strict=True)])),
        false_onsets=float(new[:, unaffected].sum() / unaffected.sum()),
        group_gap=float(abs(by_group[0] - by_group[1])),
        flagged=float(flagged[late].mean()),
        precision=float((flagged[late] & at_risk).sum() / max(int(flagged[late].sum()), 1)),
    )


def auc(marks: Array, true: Truth) -> float:
    """Area under the ROC curve: the chance that somebody at risk is marked higher than somebody who is not."""
    ranks, positive = rankdata(marks), int(true.sum())
    return float((ranks[true].sum() - positive * (positive + 1) / 2) / (positive * (len(true) - positive)))
