"""Answer quality: how far a pupil's answers can be leaned on. It lowers weight and never accuses anybody.

Four signs: taps of a second or less, one place tapped throughout, pairs that run in opposite directions answered
alike, and answers that fit no level (person fit lz; Drasgow, Levine and Williams, 1985). Together they move the chance
that a pupil taps anything, by Bayes' rule with bounded steps.
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


def reversed_pair(options: Whole, direction: Whole, among: Whole) -> Array:
    """Share of pairs running in opposite directions that were answered at the same outer place: (pupils,), 0 to 1."""
    outer = (options == 0) | (options == among - 1)
    share = np.zeros(len(options))
    pairs = np.zeros(len(options))
    for one in range(options.shape[1]):
        for other in range(one):
            opposite = (options[:, one] >= 0) & (options[:, other] >= 0) & (direction[:, one] != direction[:, other])
            pairs += opposite
            share += opposite & (options[:, one] == options[:, other]) & outer[:, one] & outer[:, other]
    return share / np.maximum(pairs, 1)


def weekly_evidence(options: Whole, milliseconds: Array, direction: Whole, surprise: Array) -> Array:
    """How far one check-in speaks for tapping anything: log-odds to be added, -1 to 2; (pupils,).

    `surprise` is the log of how much less likely the answers are under what is known of the pupil than by chance.
    """
    quick = quick_share(milliseconds)
    evidence = 0.5 * np.clip(surprise, -1.5, 2.5) + np.where(quick >= 0.5, 1.5, -0.1) + 0.8 * one_place(options)
    return np.asarray(np.clip(evidence, -1.0, 2.0))
