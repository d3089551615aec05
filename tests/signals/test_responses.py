"""Response models: probabilities that are probabilities, mirror symmetry, and items whose numbers mean nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.grid import GRID
from signals.items import usual_item
from signals.responses import ItemModel, information, probabilities

slopes = st.floats(0.2, 4.0)
shifts = st.floats(-1.5, 1.5)
options = st.sampled_from([3, 5])


def item(slope: float, shift: float, among: int, direction: int = 1) -> ItemModel:
    return ItemModel(slope, tuple(step + shift for step in usual_item(among, 1).steps), direction)


@given(slopes, shifts, options, st.floats(-0.8, 0.8), st.floats(0.5, 2.0))
def test_chances_of_all_options_add_up_to_one(slope: float, shift: float, among: int, lean: float, stretch: float):
    chances = probabilities(item(slope, shift, among), GRID, lean, stretch)
    assert chances.shape == (61, among)
    assert (chances >= 0).all()
    assert np.abs(chances.sum(axis=1) - 1).max() < 1e-9


@given(slopes, options)
def test_an_item_turned_round_is_answered_in_the_mirror(slope: float, among: int):
    rising, falling = item(slope, 0.0, among), item(slope, 0.0, among, -1)
    assert np.allclose(probabilities(rising, GRID), probabilities(falling, -GRID))
    assert np.allclose(probabilities(rising, GRID), probabilities(rising, -GRID)[:, ::-1])


@given(slopes, shifts, options)
def test_a_higher_level_gives_a_higher_answer(slope: float, shift: float, among: int):
    expected = probabilities(item(slope, shift, among), GRID) @ np.arange(among)
    assert (np.diff(expected) >= -1e-9).all()


@pytest.mark.parametrize(
    "broken",
    [
        ItemModel(math.nan, (-1.0, 0.0, 0.5, 1.0)),
        ItemModel(math.inf, (-1.0, 0.0, 0.5, 1.0)),
        ItemModel(1.0, (-1.0, math.inf, 0.5, 1.0)),
        ItemModel(1.0, (-1.0, math.nan)),
        ItemModel(-1.0, (-1.0, 1.0)),
        ItemModel(0.0, (-1.0, 1.0)),
        ItemModel(1.0, (1.0, 0.0, -1.0, 2.0)),
        ItemModel(9.0, (-1.0, 1.0)),
    ],
)
def test_an_item_whose_numbers_mean_nothing_says_nothing(broken: ItemModel):
    chances = probabilities(broken, GRID)
    assert np.array_equal(chances, np.full(chances.shape, 1 / broken.options))
    assert np.array_equal(information(broken, GRID), np.zeros(61))


def test_an_item_tells_most_where_its_steps_are():
    told = information(item(1.6, 1.0, 3), GRID)
    assert abs(GRID[told.argmax()] - 1.0) < 0.2
    assert told.min() >= 0
