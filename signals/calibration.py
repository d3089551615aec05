"""Calibration: fitting the items of a bank to answers, once a school (or a trust) has enough of its own.

Marginal maximum likelihood by EM (Bock and Aitkin, 1981) on the grid of the filter: pupils are taken to be normal,
mean 0 and SD 1. Norms made this way are those of the answers given, of no nation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from signals.grid import GRID
from signals.responses import FARTHEST, STEEPEST, ItemModel, probabilities

Array = NDArray[np.float64]
Whole = NDArray[np.intp]

FEWEST_PUPILS = 200
_ROUNDS = 300
_CLOSE = 1e-4


class CannotCalibrate(ValueError):
    """There are too few answers to fit items to; the sentence says what is needed."""


@dataclass(frozen=True)
class Calibration:
    """Items fitted to answers, and what came out for each pupil: expected `levels` and `errors` (pupils,), in SD."""

    items: tuple[ItemModel, ...]
    levels: Array
    errors: Array


def calibrate(answers: Whole, start: Sequence[ItemModel]) -> Calibration:
    """Fit items to answers (pupils, items), -1 for none; `start` gives each item's options, direction and first guess.

    Raises CannotCalibrate with fewer than FEWEST_PUPILS pupils, or an item of which an option was never chosen.
    """
    if len(answers) < FEWEST_PUPILS:
        raise CannotCalibrate(f"Items are fitted to the answers of {FEWEST_PUPILS} pupils or more, not {len(answers)}.")
    for number, item in enumerate(start):
        if len(np.unique(answers[answers[:, number] >= 0, number])) < item.options:
            raise CannotCalibrate(f"Of item {number} some option was never chosen: gather more answers first.")
    items, prior = list(start), np.exp(-0.5 * GRID**2)
    likelihood = _likelihood(answers, items)
    for _ in range(_ROUNDS):
        known = _posterior(likelihood, prior)
        fitted = [_fit(answers[:, number], known, item) for number, item in enumerate(items)]
        moved = max(_distance(old, new) for old, new in zip(items, fitted, strict=True))
        items, likelihood = fitted, _likelihood(answers, fitted)
        if moved < _CLOSE:
            break
    known = _posterior(likelihood, prior)
    levels = known @ GRID
    return Calibration(tuple(items), levels, np.asarray(np.sqrt(np.maximum(known @ GRID**2 - levels**2, 0.0))))


def _likelihood(answers: Whole, items: Sequence[ItemModel]) -> Array:
    logs = np.zeros((len(answers), len(GRID)))
    for number, item in enumerate(items):
        table = np.vstack([np.log(probabilities(item, GRID)).T, np.zeros(len(GRID))])
        # -1, no answer, takes the last row: it says nothing.
        logs += table[answers[:, number]]
    return logs


def _posterior(logs: Array, prior: Array) -> Array:
    weights = np.exp(logs - logs.max(axis=1, keepdims=True)) * prior
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _fit(answers: Whole, known: Array, item: ItemModel) -> ItemModel:
    """Fit one item to how many of each level (expected) chose each option."""
    counts = np.stack([known[answers == option].sum(axis=0) for option in range(item.options)], axis=1)
    graded = item.options >= 5

    def of(numbers: Array) -> ItemModel:
        slope = float(min(np.exp(numbers[0]), STEEPEST))
        steps = np.cumsum(np.concatenate([numbers[1:2], np.exp(numbers[2:])])) if graded else numbers[1:]
        return ItemModel(slope, tuple(np.clip(steps, -FARTHEST, FARTHEST).tolist()), item.direction)

    def loss(numbers: Array) -> float:
        return float(-(counts * np.log(probabilities(of(numbers), GRID))).sum() / len(answers))

    steps = np.array(item.steps)
    rest = np.log(np.maximum(np.diff(steps), 1e-3)) if graded else steps[1:]
    begin = np.concatenate([[np.log(item.slope)], steps[:1], rest])
    return of(minimize(loss, begin, method="L-BFGS-B").x)


def _distance(one: ItemModel, other: ItemModel) -> float:
    return float(np.max(np.abs(np.array([one.slope, *one.steps]) - np.array([other.slope, *other.steps]))))
