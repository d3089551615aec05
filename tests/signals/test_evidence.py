"""The evidence: each signal by itself, what it means, and from where on it counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from signals.board import HIDDEN, Board, errors, levels, new_board
from signals.evidence import APART, LIKELY, POLE, SIGNALS, context_gap, evidence, polar, pole_chance
from signals.grid import FAST, SLOW, THIRD

SURE = 0.01


def board(factor: float = 0.0, state: float = 0.0, *, fast: float = 0.0, error: float = 0.5, answers: int = 8) -> Board:
    """A pupil with one level of every factor and one of how things are, all of one standard error (SD)."""
    fresh = new_board(1)
    mean, covariance = fresh.mean.copy(), np.zeros(fresh.covariance.shape)
    mean[0, :4, SLOW], mean[0, 4, SLOW], mean[0, 4, FAST] = factor, state - fast, fast
    covariance[:, :, SLOW, SLOW] = max(error**2 - HIDDEN**2, 0.0)
    covariance[:, :, THIRD, THIRD] = 0.25
    return replace(fresh, mean=mean, covariance=covariance, answers=np.full(fresh.answers.shape, float(answers)))


def signal(of: Board, name: str) -> float:
    return float(evidence(of)[0, SIGNALS.index(name)])


def test_a_level_and_its_error_are_those_of_the_parts_that_last():
    its = board(0.4, -0.7, fast=-0.2, error=0.6)
    assert levels(its)[0].tolist() == pytest.approx([0.4] * 4 + [-0.7])
    assert errors(its)[0].tolist() == pytest.approx([0.6] * 5)


@given(st.floats(-2, 2), st.floats(0.4, 1.0))
def test_a_factor_is_polar_from_a_chance_of_eight_in_ten_beyond_128_sd_on(level: float, error: float):
    its = board(level, error=error)
    high, low = norm.sf((POLE - level) / error), norm.cdf((-POLE - level) / error)
    assert pole_chance(its)[0].tolist() == pytest.approx([high + low] * 4)
    if min(abs(high - LIKELY), abs(low - LIKELY)) > 1e-9:
        assert polar(its)[0].tolist() == [int(high > LIKELY) - int(low > LIKELY)] * 4


def test_beyond_the_pole_needs_four_answers_to_be_said():
    assert polar(board(2.5, answers=3))[0].tolist() == [0] * 4
    assert polar(board(2.5, answers=4))[0].tolist() == [1] * 4
    assert polar(board(-2.5, answers=4))[0].tolist() == [-1] * 4


def test_a_gap_between_contexts_is_measured_in_its_own_standard_errors():
    its = board()
    its.mean[0, :4, THIRD] = [0.0, 0.5, -1.0, 0.97]
    assert context_gap(its)[0].tolist() == pytest.approx([0.0, 1.0, -2.0, 1.94])
    assert (np.abs(context_gap(its)[0]) > APART).tolist() == [False, False, True, False]


@given(st.floats(-2.5, 2.5), st.floats(0.01, 1.0), st.floats(-1.0, 1.0))
def test_the_lower_things_are_the_more_there_is_to_look_at(state: float, by: float, fast: float):
    assert signal(board(state=state - by), "low") >= signal(board(state=state), "low")
    assert signal(board(fast=fast - by), "lower") >= signal(board(fast=fast), "lower")


@given(st.floats(-3.5, 3.5), st.floats(0.0, 1.0))
def test_either_end_of_a_factor_counts_alike_and_farther_out_never_less(level: float, by: float):
    assert signal(board(level), "polar") == pytest.approx(signal(board(-level), "polar"))
    assert signal(board(np.copysign(abs(level) + by, level)), "polar") >= signal(board(level), "polar") - 1e-12


def test_careless_answers_make_a_signal_smaller_and_never_make_one():
    honest, careless = board(3.0), board(3.0)
    careless.careless[:] = 1.0
    assert 0 < signal(careless, "polar") < signal(honest, "polar")
    assert signal(careless, "silence") == signal(honest, "silence") == 0.0


@given(st.floats(-9, 9), st.floats(-9, 9), st.floats(-9, 9))
def test_every_signal_lies_within_its_bounds(factor: float, state: float, fast: float):
    found = evidence(board(factor, state, fast=fast, error=SURE))[0]
    assert (found >= 0).all()
    assert (found <= [6.0, 3.0, 4.0, 1.0]).all()
