"""Evidence: the signals of one pupil, each a number with a plain meaning, from what is known of them this week.

Every signal is 0 or more, bounded, and means more reason to look the higher it is. All but silence are weighed down by
the chance that the pupil taps anything: careless answers make a signal smaller, and never make one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.board import FACTORS, FEWEST_ANSWERS, Board, errors, levels
from signals.grid import FAST, THIRD, normal_below
from signals.quality import carelessness
from signals.silence import silence

Array = NDArray[np.float64]

SIGNALS = ("low", "lower", "polar", "silence")
"""low: how things are, counted down from 3 SD above the middle (0 to 6). lower: of late against the pupil's usual,
counted down from 1.5 SD above it (0 to 3). polar: how many of the four factors are likely beyond a pole (0 to 4).
silence: see its module. What was tried and earned nothing (docs/measurement.md) is not here."""

POLE = 1.28
LOW_TOP = 3.0
FAST_TOP = 1.5
LIKELY = 0.8
APART = 1.96


def evidence(board: Board) -> Array:
    """Work out the signals of each pupil: (pupils, len(SIGNALS))."""
    of_state = FACTORS
    heard = [
        np.clip(LOW_TOP - levels(board)[:, of_state], 0.0, 6.0),
        np.clip(FAST_TOP - board.mean[:, of_state, FAST], 0.0, 3.0),
        pole_chance(board).sum(axis=1),
    ]
    honest = 1 - carelessness(board.careless)
    return np.stack([*heard[:2], *(one * honest for one in heard[2:]), silence(board.rhythm)], axis=1)


def pole_chance(board: Board) -> Array:
    """Chance that a factor, both contexts together, lies beyond 1.28 SD on either side: (pupils, 4), 0 to 1."""
    middle, unsure = levels(board)[:, :FACTORS], np.maximum(errors(board)[:, :FACTORS], 1e-9)
    return np.asarray(normal_below((middle - POLE) / unsure) + normal_below((-POLE - middle) / unsure))


def polar(board: Board) -> NDArray[np.int64]:
    """Which factors are polar: (pupils, 4), 1 beyond the high pole, -1 beyond the low, 0 not with 0.8 of chance."""
    middle, unsure = levels(board)[:, :FACTORS], np.maximum(errors(board)[:, :FACTORS], 1e-9)
    high, low = normal_below((middle - POLE) / unsure) >= LIKELY, normal_below((-POLE - middle) / unsure) >= LIKELY
    sides = high.astype(np.int64) - low.astype(np.int64)
    return np.asarray(sides * (board.answers[:, :FACTORS] >= FEWEST_ANSWERS))


def context_gap(board: Board) -> Array:
    """In school less outside, in standard errors: (pupils, 4); beyond 1.96 either way is more than chance."""
    half, variance = board.mean[:, :FACTORS, THIRD], board.covariance[:, :FACTORS, THIRD, THIRD]
    return np.asarray(half / np.sqrt(np.maximum(variance, 1e-9)))
