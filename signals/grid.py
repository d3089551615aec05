"""The grid filter: one answer read on 61 points from -4 to 4 SD, and what it moves of what is known of a pupil.

What is known of a series is normal, in three parts that add up (`Belief`): a slow part, the pupil's usual; a fast
part, what is different of late and goes back; and a third, which for a factor is half the distance between its two
contexts, and for how things are is the day. A week without news only predicts: the fast part goes back and everything
drifts, so what is known widens. An answer is taken in on the grid (prior times likelihood), and the mean and spread
found there are carried back to the parts. (Assumed density filtering; Minka, 2001. All functions take any number of
pupils at once.)
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

GRID: Array = np.linspace(-4.0, 4.0, 61)
SLOW, FAST, THIRD = 0, 1, 2


@dataclass(frozen=True)
class Dynamics:
    """How one kind of series moves: variances (squared SD) and what is kept from week to week.

    `slow`, `fast`, `third` are the variances among pupils; `keep` (0 to 1) is what is left of the fast part after a
    week, `creep` the variance that the slow part gains in one; `fresh` says whether the third part is new each week.
    """

    slow: float
    fast: float
    third: float
    keep: float
    creep: float
    fresh: bool

    @property
    def total(self) -> float:
        """Variance of a level among pupils of whom nothing is known."""
        return self.slow + self.fast + self.third


def stranger(dynamics: Dynamics) -> tuple[Array, Array]:
    """What is known of a pupil nobody has asked: mean (3,) and covariance (3, 3) of the parts."""
    return np.zeros(3), np.diag([dynamics.slow, dynamics.fast, dynamics.third])


def predict(mean: Array, covariance: Array, weeks: Array, dynamics: Dynamics) -> tuple[Array, Array]:
    """Let weeks pass, each pupil's own number: mean (n, 3), covariance (n, 3, 3), weeks (n,) of 0 or more.

    The slow part never grows wider than a stranger's.
    """
    keep = dynamics.keep**weeks
    kept = np.ones_like(mean)
    kept[:, FAST] = keep
    new = np.zeros_like(mean)
    new[:, FAST] = dynamics.fast * (1 - keep**2)
    if dynamics.fresh:
        kept[:, THIRD] = weeks <= 0
        new[:, THIRD] = dynamics.third * (weeks > 0)
    after = covariance * kept[:, :, None] * kept[:, None, :]
    room = np.maximum(dynamics.slow - after[:, SLOW, SLOW], 0.0)
    new[:, SLOW] = np.minimum(dynamics.creep * weeks, room)
    parts = np.arange(3)
    after[:, parts, parts] += new
    return mean * kept, after


def on_grid(mean: Array, variance: Array) -> Array:
    """Lay a normal belief out on the grid: (n,) and (n,) to (n, 61) weights adding up to 1."""
    weights = np.exp(-0.5 * (GRID - mean[:, None]) ** 2 / np.maximum(variance, 1e-3)[:, None])
    return np.asarray(weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300))


def update(weights: Array, likelihood: Array) -> Array:
    """Take in one answer: multiply (n, 61) weights by its likelihood, and make them add up to 1 again.

    Where nothing is left (an answer that no level could have given), what was known before stays.
    """
    product = weights * likelihood
    total = product.sum(axis=-1, keepdims=True)
    return np.where(total > 1e-300, product / np.maximum(total, 1e-300), weights)


def moments(weights: Array) -> tuple[Array, Array]:
    """Mean (n,) and variance (n,) of weights on the grid."""
    mean = weights @ GRID
    return mean, np.maximum(weights @ GRID**2 - mean**2, 0.0)


def carry_back(
    mean: Array, covariance: Array, of: Array, before: tuple[Array, Array], after: tuple[Array, Array]
) -> tuple[Array, Array]:
    """Carry what an answer told of a level back to its parts.

    The level is the sum of the parts times `of` (n, 3); `before` and `after` are its mean and variance on the grid
    without and with the answer. Never makes the parts surer than the answer does, nor unsurer than they were by more
    than the answer did (an answer against all expectation widens).
    """
    spread = np.einsum("nij,nj->ni", covariance, of)
    variance = np.maximum((spread * of).sum(axis=1), 1e-9)
    gain = spread / variance[:, None]
    moved = mean + gain * (after[0] - before[0])[:, None]
    told = (after[1] - before[1])[:, None, None]
    return moved, covariance + gain[:, :, None] * gain[:, None, :] * told


def observation(before: tuple[Array, Array], after: tuple[Array, Array]) -> tuple[Array, Array]:
    """What an answer says by itself: the level (n,) and precision (n,) that would have moved `before` to `after`.

    An answer that told nothing, or made things less sure, has the least precision, 0.02.
    """
    precision = np.maximum(1 / np.maximum(after[1], 1e-6) - 1 / np.maximum(before[1], 1e-6), 0.02)
    moved = (after[0] - before[0]) / np.maximum(after[1], 1e-6)
    return np.clip(before[0] + moved / precision, -4.0, 4.0), precision


# Not from scipy: it would cost the service half a second at its start and fifteen megabytes, for this alone.
_erfc = np.frompyfunc(erfc, 1, 1)


def normal_below(values: Array) -> Array:
    """The chance that a standard normal number lies below each value."""
    return np.asarray(0.5 * _erfc(-np.asarray(values, dtype=float) / sqrt(2)), dtype=float)


def interval(mean: Array, error: Array, share: float = 0.9) -> tuple[Array, Array]:
    """The middle `share` of a normal belief: lower and upper ends, in SD."""
    reach = NormalDist().inv_cdf((1 + share) / 2) * error
    return mean - reach, mean + reach
