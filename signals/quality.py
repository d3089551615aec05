"""Answer quality: how far a pupil's answers can be leaned on. It lowers weight and never accuses anybody.

Three signs: taps of a second or less, one place tapped throughout, and answers that do not fit what is known of the
pupil (person fit, after Drasgow, Levine and Williams, 1985; questions that run in opposite directions answered alike
are of this kind). Together they move the chance that a pupil taps anything, by bounded steps of log-odds.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Whole = NDArray[np.intp]

QUICK_MS = 1_000
CARELESS_AT_FIRST = float(np.log(0.06 / 0.94))


def carelessness(log_odds: Array) -> Array:
    """The chance, 0 to 1, that a pupil taps anything at all."""
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def quick_share(milliseconds: Array) -> Array:
    """Share of answers given in a second or less, times not known (below 0) left out: (pupils, k) to (pupils,)."""
    known = np.isfinite(milliseconds) & (milliseconds >= 0)
    quick = known & (milliseconds <= QUICK_MS)
    return np.asarray(quick.sum(axis=1) / np.maximum(known.sum(axis=1), 1))


def one_place(options: Whole) -> NDArray[np.bool_]:
    """Whether four answers or more all lie on the same place of the list: (pupils, k) to (pupils,)."""
    given = options >= 0
    top = np.where(given, options, -1).max(axis=1)
    low = np.where(given, options, 99).min(axis=1)
    return np.asarray((given.sum(axis=1) >= 4) & (top == low))


def weekly_evidence(options: Whole, milliseconds: Array, surprise: Array) -> Array:
    """How far one check-in speaks for tapping anything: log-odds to be added, -1 to 2; (pupils,).

    `surprise` is the log of how much less likely the answers are under what is known of the pupil than by chance.
    """
    quick = quick_share(milliseconds)
    evidence = 0.5 * np.clip(surprise, -1.5, 2.5) + np.where(quick >= 0.5, 1.5, -0.1) + 0.8 * one_place(options)
    return np.asarray(np.clip(evidence, -1.0, 2.0))
