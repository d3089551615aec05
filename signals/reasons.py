"""Reasons: why a flag is up, as codes and numbers; the words are those of `conversations.reasons`."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Literal

import numpy as np

from signals import flag
from signals.board import FACTORS, Board, errors, levels, stated
from signals.change import reliable_change
from signals.evidence import APART, context_gap, evidence, polar
from signals.grid import SLOW, THIRD, interval, normal_below
from signals.quality import carelessness
from signals.silence import of_late, silence

Code = Literal["low", "fallen", "polar", "gap", "silence"]
Caveat = Literal["few_answers", "quick_answers", "shown_only"]

MOST_REASONS = 3
FEW = 12
CARELESS = 0.3
LIKELIER_THAN_NOT = 0.6
# What one missed check-in after steady answering comes to, at most: it adds to the points and is no reason by itself.
SILENT = 0.3
# What each signal comes to with a pupil in the middle of everything: only what is beyond that is a reason.
ORDINARY = np.array([3.0, 1.5, 0.5, 0.05])


@dataclass(frozen=True)
class Reason:
    """One reason. `series` is 0 to 3 for a factor, 4 for how things are, -1 for answering itself.

    Levels and ends of 90 % intervals are in SD of pupils: `was` and `now`, the change between them from `lower` to
    `upper`. `answered` of the last `asked` check-ins were answered. `chance` (0 to 1) is how sure it is.
    """

    code: Code
    series: int
    was: float
    now: float
    lower: float
    upper: float
    chance: float
    answered: int
    asked: int


@dataclass(frozen=True)
class Why:
    """At most three reasons, strongest first, and the one caveat that fits best."""

    reasons: tuple[Reason, ...]
    caveat: Caveat


def why(board: Board) -> Why:
    """Say why the pupil of a board (the first, if there are several) has the points they have."""
    beyond = (evidence(board)[0] - ORDINARY) * np.array(flag.WEIGHTS)
    low, lower, poles, quiet = beyond
    found: list[tuple[float, Reason]] = []
    if board.track.lower[0, FACTORS]:
        found.append((max(low, 0.0) + max(lower, 0.0) + 0.01, _fallen(board)))
    elif low > 0 and stated(board)[0, FACTORS] and _chance_of_low(board) >= LIKELIER_THAN_NOT:
        found.append((low + max(lower, 0.0), _low(board)))
    if quiet > 0 and silence(board.rhythm)[0] >= SILENT and _missed_of_late(board)[0] > 1:
        found.append((quiet, _silence(board)))
    sides, gaps = polar(board)[0], context_gap(board)[0]
    for factor in range(FACTORS):
        if sides[factor]:
            found.append((max(poles, 0.05) / 4 + 0.01 * abs(levels(board)[0, factor]), _polar(board, factor)))
        if abs(gaps[factor]) > APART and board.answers[0, factor] >= 2 * flag.FEWEST_STATE_ANSWERS:
            # It adds no points; it may help whoever talks with the pupil.
            found.append((0.001, _gap(board, factor)))
    found.sort(key=lambda one: -one[0])
    return Why(tuple(reason for weight, reason in found[:MOST_REASONS] if weight > 0), _caveat(board))


def _caveat(board: Board) -> Caveat:
    if carelessness(board.careless)[0] >= CARELESS:
        return "quick_answers"
    return "few_answers" if board.answers[0, FACTORS] < FEW else "shown_only"


def _reason(board: Board, code: Code, series: int, was: float, now: float, error: float, chance: float = 0.0) -> Reason:
    answered, asked = of_late(board.rhythm)
    low, high = interval(np.array([now - was]), np.array([error]))
    was, now, lower, upper, chance = (round(float(number), 3) for number in (was, now, low[0], high[0], chance))
    return Reason(code, series, was, now, lower, upper, chance, int(answered[0]), int(asked[0]))


def _low(board: Board) -> Reason:
    level, error = levels(board)[0, FACTORS], errors(board)[0, FACTORS]
    return _reason(board, "low", FACTORS, 0.0, level, error, _chance_of_low(board))


def _chance_of_low(board: Board) -> float:
    return _surely(-levels(board)[0, FACTORS] / errors(board)[0, FACTORS])


def _fallen(board: Board) -> Reason:
    now, error = levels(board)[0, FACTORS], errors(board)[0, FACTORS]
    track = board.track
    was = track.usual[0, FACTORS] if track.seen[0, FACTORS] else board.mean[0, FACTORS, SLOW]
    its_error = 1 / np.sqrt(track.precision[0, FACTORS])
    index = reliable_change(np.array(now), np.array(was), np.array(error), np.array(its_error))
    return _reason(board, "fallen", FACTORS, was, now, float(np.hypot(error, its_error)), _surely(-float(index)))


def _polar(board: Board, factor: int) -> Reason:
    level, error = levels(board)[0, factor], errors(board)[0, factor]
    return _reason(board, "polar", factor, 0.0, level, error, _surely((abs(level) - 1.28) / error))


def _gap(board: Board, factor: int) -> Reason:
    level, half = levels(board)[0, factor], board.mean[0, factor, THIRD]
    error = 2 * np.sqrt(board.covariance[0, factor, THIRD, THIRD])
    return _reason(board, "gap", factor, level - half, level + half, error, _surely(2 * abs(half) / error))


def _silence(board: Board) -> Reason:
    usual = board.rhythm.missed[0] / (board.rhythm.missed[0] + board.rhythm.answered[0])
    missed, of = _missed_of_late(board)
    # By who keeps to their usual, fewer than this would be missed: the binomial distribution.
    sure = sum(comb(of, fewer) * usual**fewer * (1 - usual) ** (of - fewer) for fewer in range(missed))
    return _reason(board, "silence", -1, usual, usual + silence(board.rhythm)[0], 0.15, sure)


def _missed_of_late(board: Board) -> tuple[int, int]:
    answered, asked = of_late(board.rhythm)
    return int(asked[0] - answered[0]), int(asked[0])


def _surely(distance: float) -> float:
    return float(normal_below(np.array(distance)))
