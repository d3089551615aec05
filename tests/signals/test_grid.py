"""The grid filter: what weeks and answers do to what is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import norm

from signals.grid import (
    GRID,
    Dynamics,
    carry_back,
    interval,
    moments,
    normal_below,
    observation,
    on_grid,
    predict,
    stranger,
    update,
)
from signals.items import USUAL_FIVE, USUAL_THREE
from signals.responses import ItemModel, probabilities

KIND = Dynamics(slow=0.7, fast=0.3, third=0.5, keep=0.8, creep=0.01, fresh=True)
levels = st.floats(-2, 2)


@given(levels, st.floats(0.05, 1.0))
def test_a_normal_belief_laid_on_the_grid_keeps_its_mean_and_variance(mean: float, variance: float):
    weights = on_grid(np.array([mean]), np.array([variance]))
    assert weights.sum() == pytest.approx(1)
    found = moments(weights)
    if abs(mean) + 3 * variance**0.5 < 4:
        assert (found[0][0], found[1][0]) == (pytest.approx(mean, abs=0.02), pytest.approx(variance, abs=0.03))


def test_an_answer_that_no_level_could_have_given_changes_nothing():
    weights = on_grid(np.zeros(1), np.ones(1))
    assert np.array_equal(update(weights, np.zeros((1, 61))), weights)


@given(
    levels,
    st.floats(0.02, 2.0),
    st.floats(0.2, 4.0),
    st.sampled_from([USUAL_THREE[1], USUAL_FIVE[1]]),
    st.data(),
)
def test_one_more_answer_never_widens_what_is_known(
    mean: float, variance: float, slope: float, steps: tuple[float, ...], data: st.DataObject
):
    """Of either response model, whatever the answer: both are log-concave (Brascamp and Lieb, 1976)."""
    # A belief that the grid's end cuts off is no normal one.
    assume(abs(mean) + 3 * variance**0.5 < 4)
    option = data.draw(st.integers(0, len(steps)))
    before = on_grid(np.array([mean]), np.array([variance]))
    after = update(before, probabilities(ItemModel(slope, steps), GRID)[:, option][None, :])
    assert moments(after)[1][0] <= moments(before)[1][0] + 1e-6


@given(levels, st.floats(0.2, 2.0), st.floats(0.2, 2.0))
def test_a_normal_observation_gives_the_known_formula(at: float, variance: float, noise: float):
    before = on_grid(np.zeros(1), np.array([variance]))
    after = update(before, norm.pdf(GRID, at, noise**0.5)[None, :])
    exact = at * variance / (variance + noise)
    assert moments(after)[0][0] == pytest.approx(exact, abs=0.06)
    seen, precision = observation(moments(before), moments(after))
    if variance < 1 and abs(at) < 1.5:
        assert (seen[0], precision[0]) == (pytest.approx(at, abs=0.15), pytest.approx(1 / noise, rel=0.15))


def test_parts_learn_in_proportion_to_their_share_of_what_was_unsure():
    mean, covariance = (part[None] for part in stranger(KIND))
    of = np.ones((1, 3))
    moved, after = carry_back(mean, covariance, of, (np.zeros(1), np.array([1.5])), (np.ones(1), np.array([0.5])))
    assert moved[0] == pytest.approx(np.array([0.7, 0.3, 0.5]) / 1.5)
    assert (of @ after[0] @ of.T).item() == pytest.approx(0.5)


@given(st.floats(0, 60), st.floats(0, 60))
def test_weeks_passing_at_once_or_in_two_parts_is_about_the_same(first: float, second: float):
    mean, covariance = np.array([[0.5, -0.8, 0.0]]), np.diag([0.2, 0.1, 0.5])[None]
    once = predict(mean, covariance, np.array([first + second]), KIND)
    twice = predict(*predict(mean, covariance, np.array([first]), KIND), np.array([second]), KIND)
    assert np.allclose(once[0], twice[0])
    assert np.allclose(once[1][0, :2, :2], twice[1][0, :2, :2])


def test_what_is_known_never_grows_wider_than_of_a_stranger():
    mean, covariance = (part[None] for part in stranger(KIND))
    after = predict(mean, covariance * 0.3, np.array([500.0]), KIND)[1]
    assert (np.diagonal(after[0]) <= np.diagonal(covariance[0]) + 1e-12).all()


def test_intervals_and_chances_are_those_of_a_normal():
    low, high = interval(np.array([1.0]), np.array([2.0]))
    assert (low[0], high[0]) == (pytest.approx(1 - 2 * 1.6449, abs=1e-3), pytest.approx(1 + 2 * 1.6449, abs=1e-3))
    at = np.linspace(-5, 5, 41)
    assert normal_below(at) == pytest.approx(norm.cdf(at), abs=1e-12)
