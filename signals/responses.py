"""Response models: how likely each answer is at each level of what is asked about, and what an item tells there.

Graded response model (Samejima, 1969) for five ordered options, partial credit model (Masters, 1982; with a slope,
Muraki, 1992) for three. Levels are in standard deviations of the population of pupils. A pupil's leaning, known or
supposed, shifts all steps towards the last option (`lean`, in logits) or stretches the steps (`stretch`, 1 for nobody
in particular: below 1 extremes are chosen sooner).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

STEEPEST = 4.0
FARTHEST = 6.0


@dataclass(frozen=True)
class ItemModel:
    """One item: its slope (per SD, above 0) and the places (SD, rising) of its steps, one fewer than it has options.

    Steps are in the order in which options are shown. `direction` is 1 when the last option is the high end, -1 when
    the first is. Four steps and more are read by the graded model, fewer by partial credit.
    """

    slope: float
    steps: tuple[float, ...]
    direction: int = 1

    @property
    def options(self) -> int:
        """How many options it has."""
        return len(self.steps) + 1

    @property
    def usable(self) -> bool:
        """Whether its numbers mean anything: finite, a slope above 0 and no steeper than STEEPEST, rising steps."""
        numbers = np.array([self.slope, *self.steps], dtype=float)
        rising = bool(np.all(np.diff(numbers[1:]) > 0)) if len(self.steps) >= 4 else True
        within = bool(np.all(np.isfinite(numbers))) and bool(np.all(np.abs(numbers[1:]) <= FARTHEST))
        return within and 0 < self.slope <= STEEPEST and rising and len(self.steps) >= 1


def probabilities(item: ItemModel, levels: Array, lean: float = 0.0, stretch: float = 1.0) -> Array:
    """Give the probability of each option at each level: shape (levels, options), rows adding up to 1.

    An item that is not usable says nothing: all of its options are equally likely at every level.
    """
    return np.asarray(by_style(item, levels, ((lean, stretch),))[0])


def by_style(item: ItemModel, levels: Array, styles: Sequence[tuple[float, float]]) -> Array:
    """The same for pupils of several leanings, each a (lean, stretch): shape (styles, levels, options)."""
    at, leaning = np.asarray(levels, dtype=float), np.array(styles, dtype=float)
    shape = (len(leaning), len(at), item.options)
    if not item.usable:
        return np.full(shape, 1 / item.options)
    lean, stretch = leaning[:, :1, None], leaning[:, 1:, None]
    distance = item.slope * (item.direction * at[None, :, None] - stretch * np.array(item.steps)) + lean
    read = graded if len(item.steps) >= 4 else partial_credit
    return np.reshape(read(distance.reshape(-1, len(item.steps))), shape)


def graded(distance: Array) -> Array:
    """Graded response: `distance` (levels, steps) in logits, falling along the steps; gives (levels, options)."""
    above = 1 / (1 + np.exp(-np.clip(distance, -40, 40)))
    edge = np.ones((len(above), 1))
    return np.asarray(np.maximum(np.hstack([edge, above]) - np.hstack([above, 0 * edge]), 1e-12))


def partial_credit(distance: Array) -> Array:
    """Partial credit: `distance` (levels, steps) in logits; gives (levels, options)."""
    heights = np.hstack([np.zeros((len(distance), 1)), np.cumsum(distance, axis=1)])
    weights = np.exp(heights - heights.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def information(item: ItemModel, levels: Array) -> Array:
    """Fisher information of one answer at each level (per squared SD); 0 for an item that is not usable."""
    at = np.asarray(levels, dtype=float)
    if not item.usable:
        return np.zeros(at.shape)
    nudge = 1e-4
    low, high = probabilities(item, at - nudge), probabilities(item, at + nudge)
    slope = (high - low) / (2 * nudge)
    return np.asarray((slope**2 / np.maximum(probabilities(item, at), 1e-12)).sum(axis=1))
