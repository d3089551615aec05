"""Whatever comes in, a level is defined and its error wide: nothing raises, and no value is made up."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals import flag
from signals.board import Board, advance, errors, levels, new_board, pass_weeks, stated
from signals.choice import Exposure, choose_steering
from signals.evidence import evidence
from signals.items import STATE, item_set, usual_item
from signals.reasons import why
from signals.responses import ItemModel, information, probabilities
from tests.signals.test_board import ITEMS, arrays, defined, run_of, sheet

STATES = 4
ODD = (math.nan, math.inf, -math.inf)
STRANGER = errors(new_board(1))[0]
KNOWN = errors(run_of([[2, 2, 2, 2, 2]] * 12))[0]


def harmless(board: Board) -> None:
    """Defined throughout, and all that is made of it as well: points, level, reasons, the next items."""
    defined(board)
    points = flag.points(evidence(board))
    assert np.isfinite(points).all()
    assert why(board).caveat in ("few_answers", "quick_answers", "shown_only")
    assert len(choose_steering(board, ITEMS, (), Exposure(25), "seed", first_context=0)) == 3


def test_no_answers_leave_a_stranger():
    board = run_of([[-1] * 5] * 10)
    harmless(board)
    assert np.allclose(levels(board), 0.0)
    assert (errors(board)[0] >= STRANGER - 1e-9).all()
    assert not stated(board).any()
    assert not flag.stays(float(flag.points(evidence(board))[0]), False, flag.bars([]))


def test_one_answer_leaves_the_level_unsure_and_unstated():
    board = advance(new_board(1), sheet([[STATE_ITEM]], [[0]]), ITEMS)
    harmless(board)
    assert errors(board)[0, STATES] > 1.3 * KNOWN[STATES]
    assert not stated(board)[0, STATES]


STATE_ITEM = 48


@pytest.mark.parametrize("option", range(5))
def test_the_same_answer_throughout_is_believed_less_than_answers_that_vary(option: int):
    board = run_of([[option] * 5] * 12)
    harmless(board)
    # Items run both ways: one place throughout says nothing in particular.
    assert abs(float(levels(board)[0, STATES])) < 1.0
    assert (errors(board)[0] >= KNOWN - 1e-9).all()


@pytest.mark.parametrize("weeks", [52.0, 60.0, 5_000.0, math.inf])
def test_a_years_gap_brings_a_strangers_uncertainty_back(weeks: float):
    board = run_of([[0, 4, 1, 3, 2]] * 12)
    later = pass_weeks(board, np.array([weeks]))
    harmless(later)
    assert errors(later)[0, STATES] > 0.85 * STRANGER[STATES]
    assert abs(levels(later)[0, STATES]) <= abs(levels(board)[0, STATES]) + 1e-9


@pytest.mark.parametrize("weeks", [-1.0, -52.0, -math.inf, math.nan])
def test_a_clock_that_went_backwards_counts_as_no_time(weeks: float):
    board = run_of([[0, 4, 1, 3, 2]] * 6)
    back = pass_weeks(board, np.array([weeks]))
    harmless(back)
    assert all(np.array_equal(one, other) for one, other in zip(arrays(board), arrays(back), strict=True))


@pytest.mark.parametrize("number", [len(ITEMS.ids), len(ITEMS.ids) + 40, -3])
def test_an_item_that_left_the_bank_tells_nothing(number: int):
    board = run_of([[0, 4, 1, 3, 2]] * 6)
    after = advance(board, sheet([[number]], [[0]], weeks=0.0), ITEMS)
    harmless(after)
    assert np.array_equal(after.mean, board.mean)
    assert np.array_equal(after.covariance, board.covariance)
    assert np.array_equal(after.answers, board.answers)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("where", ["slope", "first step", "last step"])
@pytest.mark.parametrize("options", [3, 5])
def test_item_parameters_that_are_no_numbers_tell_nothing(odd: float, where: str, options: int):
    usual = usual_item(options, 1)
    steps = list(usual.steps)
    if where != "slope":
        steps[0 if where == "first step" else -1] = odd
    broken = ItemModel(odd if where == "slope" else usual.slope, tuple(steps))
    at = np.linspace(-4, 4, 9)
    assert not broken.usable
    assert np.array_equal(probabilities(broken, at), np.full((9, options), 1 / options))
    assert np.array_equal(information(broken, at), np.zeros(9))
    board = new_board(1)
    after = advance(board, sheet([[0] * 4], [[0] * 4], weeks=0.0), item_set({"x": (STATE, broken)}))
    defined(after)
    assert np.allclose(levels(after), levels(board), atol=1e-9)
    assert np.allclose(errors(after), errors(board), atol=1e-9)


@pytest.mark.parametrize("odd", ODD)
def test_times_that_are_no_numbers_are_as_if_not_known(odd: float):
    with_odd = advance(new_board(1), sheet([[48, 49]], [[1, 3]], ms=odd), ITEMS)
    without = advance(new_board(1), sheet([[48, 49]], [[1, 3]], ms=-1.0), ITEMS)
    harmless(with_odd)
    assert all(np.array_equal(one, other) for one, other in zip(arrays(with_odd), arrays(without), strict=True))


@pytest.mark.parametrize("odd", ODD)
def test_signals_that_are_no_numbers_add_nothing_to_the_points(odd: float):
    low = [2.0, 1.0, 0.5, 0.1]
    spoilt = [2.0, odd, 0.5, 0.1]
    assert flag.points(np.array(spoilt)) == flag.points(np.array([2.0, 0.0, 0.5, 0.1]))
    assert flag.bars([1.0, odd, 2.0]) == flag.bars([1.0, 2.0])
    assert flag.points(np.array(spoilt)) <= flag.points(np.array(low))


def test_a_pupil_who_changes_age_band_keeps_the_level_and_goes_on():
    young = item_set({f"{n}": (n // 6 if n < 48 else STATE, usual_item(3, 1 if n % 2 == 0 else -1)) for n in range(63)})
    before = run_of([[0, 2, 1, 1, 1]] * 8, items=young)
    after = advance(before, sheet([[48, 49]], [[0, 4]]), ITEMS)
    harmless(after)
    assert np.array_equal(after.answers[0], before.answers[0] + [0, 0, 0, 0, 2])
    # An option that only the other wording has is passed over.
    other = advance(before, sheet([[48]], [[4]], weeks=0.0), young)
    assert np.array_equal(other.mean, before.mean)


anything = st.floats(allow_nan=True, allow_infinity=True)


@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(-5, 90), min_size=3, max_size=3),
            st.lists(st.integers(-9, 99), min_size=3, max_size=3),
            anything,
            anything,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_no_row_of_check_ins_whatever_raises_or_leaves_the_numbers(
    weeks: list[tuple[list[int], list[int], float, float]],
):
    board = new_board(1)
    for items, options, gap, ms in weeks:
        board = advance(board, sheet([items], [options], weeks=gap, ms=ms), ITEMS)
    harmless(board)
