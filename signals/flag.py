"""The flag: signals add up to points, points to a chance, and a pupil is flagged who is high among the school and
likely.

Points are a sum of the signals with weights that are never negative, so more of any signal never means fewer points. A
pupil enters above the bar that ten per cent of the school pass and leaves below the one that fifteen pass; both bars
are those of the night before, so it does not matter who is scored first. The ten per cent is a ceiling, not a quota: a
floor on the chance must be passed too. Weights were fitted to simulated pupils (benchmarks), not to anybody real.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Level = Literal["none", "watch", "priority"]

MODEL = "signals-2"

# In the order of evidence.SIGNALS; fitted by `python -m benchmarks.signals_tune` on seeds that are not the benchmark's.
WEIGHTS = (2.09, 0.63, 0.36, 2.96)
STARTING = -10.39

ENTER_SHARE = 0.10
LEAVE_SHARE = 0.15
FLOOR = 0.15
MOST_OF_A_SIGNAL = 6.0
LEEWAY = 0.4
PRIORITY_CHANCE = 0.6
PRIORITY_POLAR = 2
NEW_A_TUTOR_A_WEEK = 3
QUIET_WEEKS = 12
FEWEST_STATE_ANSWERS = 4


@dataclass(frozen=True)
class Bars:
    """The points to be passed: to be flagged, and to stay so. With nothing known of a school both are its floor."""

    enter: float
    leave: float


def points(evidence: Array) -> Array:
    """Add up the signals: (..., len(SIGNALS)) to (...); a signal that is no number counts as none."""
    # Rounded: one pupil's sums and those of thousands may differ in their last binary place.
    return np.asarray(np.round(STARTING + shares(evidence).sum(axis=-1), 6))


def shares(evidence: Array) -> Array:
    """What each signal adds to the points: (..., len(SIGNALS))."""
    known = np.nan_to_num(evidence, nan=0.0, posinf=0.0, neginf=0.0)
    return np.asarray(np.clip(known, 0.0, MOST_OF_A_SIGNAL) * np.array(WEIGHTS))


def chance(points: Array) -> Array:
    """The chance, 0 to 1, that a simulated pupil with so many points is at risk or has just changed for the worse."""
    return np.asarray(1 / (1 + np.exp(-np.clip(points, -40, 40))))


@dataclass(frozen=True)
class Sum:
    """A flag's sum worked out again: what each signal added, the points, the chance."""

    shares: tuple[float, ...]
    points: float
    chance: float


def retrace(signals: Sequence[float], weights: Sequence[float], starting: float) -> Sum:
    """Work out points from signals and weights that were stored, whatever today's weights are."""
    each = tuple(value * weight for value, weight in zip(signals, weights, strict=True))
    total = starting + sum(each)
    return Sum(each, total, float(chance(np.array(total))))


def bars(points_of_school: Array | Sequence[float]) -> Bars:
    """Set the bars from the points of a whole school; not below the floor, nor above what was passed by nobody."""
    floor = float(np.log(FLOOR / (1 - FLOOR)))
    known = np.asarray(points_of_school, dtype=float)
    known = known[np.isfinite(known)]
    if not len(known):
        return Bars(floor, floor - LEEWAY)
    enter, leave = (float(np.quantile(known, 1 - share)) for share in (ENTER_SHARE, LEAVE_SHARE))
    return Bars(max(enter, floor), min(max(leave, floor - LEEWAY), max(enter, floor)))


def stays(points: float, flagged: bool, bars: Bars) -> bool:
    """Whether a pupil's level is up after this check-in, by hysteresis."""
    return points >= (bars.leave if flagged else bars.enter)


def is_new(points: float, *, flagged: bool, weeks_since: float | None, state_answers: float, bars: Bars) -> bool:
    """Whether a nudge is due: not flagged before, above the bar, four answers known, none in the last twelve weeks."""
    rested = weeks_since is None or not weeks_since < QUIET_WEEKS
    return not flagged and rested and state_answers >= FEWEST_STATE_ANSWERS and stays(points, False, bars)


def level(chance: float, polar_factors: int, flagged: bool) -> Level:
    """Name the level of a flag: priority when the chance is high or two factors are polar, else watch."""
    if not flagged:
        return "none"
    return "priority" if chance >= PRIORITY_CHANCE or polar_factors >= PRIORITY_POLAR else "watch"
