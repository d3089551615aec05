"""Differential item functioning: whether an item is answered otherwise by pupils of different groups at the same level.

Ordinal logistic regression (Zumbo, 1999): the answer on the level, without and with the group. Needs the optional extra
`fairness` (statsmodels).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from signals.fairness import FEWEST, NeedsExtra

Array = NDArray[np.float64]
Whole = NDArray[np.intp]

FEWEST_ANSWERS = 200
NOTABLE = 0.035
CHANCE = 0.05


@dataclass(frozen=True)
class Differential:
    """How an item differs by group: `p` (0 to 1) by likelihood ratio, `effect` the gain in McFadden's R² (0 to 1)."""

    answers: int
    p: float
    effect: float

    def notable(self, tried: int) -> bool:
        """Whether it is worth looking at: unlikely by chance though so many items were tried, and of some size."""
        return self.p < CHANCE / max(tried, 1) and self.effect >= NOTABLE


def differential(options: Whole, levels: Array, groups: Sequence[str]) -> Differential | None:
    """Test one item: options chosen, levels (SD) and groups of the same answers, all (answers,).

    None when there is too little to go by: fewer than FEWEST_ANSWERS, one group of ten answers or more, or one option.
    Raises NeedsExtra.
    """
    try:
        from statsmodels.miscmodels.ordinal_model import OrderedModel
    except ImportError:
        raise NeedsExtra("This needs statsmodels: install Earshot with its extra `fairness`.") from None
    names, codes, counts = np.unique(np.array(groups), return_inverse=True, return_counts=True)
    kept = counts[codes] >= FEWEST if len(codes) else np.zeros(0, dtype=bool)
    shown = [number for number in range(len(names)) if counts[number] >= FEWEST]
    if kept.sum() < FEWEST_ANSWERS or len(shown) < 2 or len(np.unique(options[kept])) < 2:
        return None
    answer = np.unique(options[kept], return_inverse=True)[1]
    plain = levels[kept][:, None]
    dummies = np.stack([codes[kept] == number for number in shown[1:]], axis=1).astype(float)
    with warnings.catch_warnings():
        # It warns of steps on the way; what it arrives at is compared below.
        warnings.simplefilter("ignore")
        fits = [
            OrderedModel(answer, columns, distr="logit").fit(method="bfgs", disp=False)
            for columns in (plain, np.hstack([plain, dummies]))
        ]
    none = float((np.bincount(answer) * np.log(np.bincount(answer) / len(answer))).sum())
    gain = max(0.0, float(fits[1].llf - fits[0].llf))
    return Differential(int(kept.sum()), float(chi2.sf(2 * gain, len(shown) - 1)), gain / -none)
