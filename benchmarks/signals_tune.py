"""`python -m benchmarks.signals_tune`: fit the weights of the flag on seeds that the benchmark does not use, and print
them.

The target is a pupil who is at risk that week, or whose lasting shift began within ten weeks; weights are held at 0 or
above, so that points stay monotone.
"""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks.signals_school import WEEKS, Year, simulate
from benchmarks.signals_score import FROM_WEEK, WITHIN, score
from signals.evidence import SIGNALS

Array = NDArray[np.float64]

SEEDS = range(3001, 3007)
# What a pupil weighs who has shifted but is not at risk: more catches more shifts, and tells the rest apart less well.
SHIFT_COUNTS = 0.3


def main() -> None:
    """Fit and print the lines for `signals/flag.py`."""
    signals, targets, weights = [], [], []
    for seed in SEEDS:
        year = simulate(seed)
        signals.append(score(year).signals[FROM_WEEK:].reshape(-1, len(SIGNALS)))
        lately = lately_shifted(year)[FROM_WEEK:].ravel()
        targets.append(year.at_risk[FROM_WEEK:].ravel() | lately)
        weights.append(np.where(lately & ~year.at_risk[FROM_WEEK:].ravel(), SHIFT_COUNTS, 1.0))
    found = fit(np.concatenate(signals), np.concatenate(targets).astype(float), np.concatenate(weights))
    sys.stdout.write(f"WEIGHTS = {tuple(float(round(w, 2)) for w in found[1:])}\nSTARTING = {found[0]:.2f}\n")


def lately_shifted(year: Year) -> NDArray[np.bool_]:
    """Whose lasting shift began no more than ten weeks ago: (weeks, pupils)."""
    since = np.arange(WEEKS)[:, None] - year.shift_week
    return np.asarray((year.shift_week >= 0) & (since >= 0) & (since <= WITHIN))


def fit(signals: Array, target: Array, weight: Array) -> Array:
    """Logistic regression with weights of 0 or more; the first number is the start."""
    full = np.column_stack([np.ones(len(signals)), signals])

    def loss(weights: Array) -> tuple[float, Array]:
        logits = full @ weights
        error = 1 / (1 + np.exp(-logits)) - target
        value = weight @ (np.logaddexp(0, logits) - target * logits) / len(full)
        return float(value), full.T @ (weight * error) / len(full)

    bounds = [(None, None)] + [(0.0, None)] * signals.shape[1]
    return np.asarray(minimize(loss, np.zeros(full.shape[1]), jac=True, bounds=bounds, method="L-BFGS-B").x)


if __name__ == "__main__":
    main()
