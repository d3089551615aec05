"""Answer quality: how far a pupil's answers can be leaned on. It lowers weight and never accuses anybody.

Four signs: taps of a second or less, one place tapped throughout, answers that do not fit what is known of the pupil
(the person fit lz of Drasgow, Levine and Williams, 1985), and reversed pairs: two questions about the same thing that
run in opposite directions, answered at opposite ends of it. Together they move the chance that a pupil taps anything,
by bounded steps of log-odds.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Whole = NDArray[np.intp]

QUICK_MS = 1_000
APART = 0.75
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


def person_fit(misfit: Array, spread: Array) -> Array:
    """The person fit lz: log-likelihood less what was to be expected, over its standard deviation; (pupils,).

    About 0 with SD 1 for who answers as the model says, well below 0 for who does not; 0 without an answer.
    """
    return np.where(spread > 0, misfit / np.sqrt(np.maximum(spread, 1e-9)), 0.0)


def reversed_pairs(series: Whole, place: Array) -> Whole:
    """How many pairs of one check-in contradict each other: same series, three quarters apart or more; (pupils,).

    `series` and `place` (0 to 1) are (pupils, k); a series below 0 is no answer.
    """
    found = np.zeros(len(series), dtype=np.intp)
    for one in range(series.shape[1]):
        for other in range(one):
            alike = (series[:, one] == series[:, other]) & (series[:, one] >= 0)
            found += alike & (np.abs(place[:, one] - place[:, other]) >= APART)
    return found


def weekly_evidence(options: Whole, milliseconds: Array, fit: Array, pairs: Whole) -> Array:
    """How far one check-in speaks for tapping anything: log-odds to be added, -1 to 2; (pupils,).

    `fit` is the person fit of its answers, `pairs` how many of them contradict each other.
    """
    quick = np.where(quick_share(milliseconds) >= 0.5, 1.5, -0.3)
    evidence = quick + 0.8 * one_place(options) - 0.4 * np.clip(fit, -3.0, 1.0) + 0.8 * np.minimum(pairs, 2)
    return np.asarray(np.clip(evidence, -1.0, 2.0))
