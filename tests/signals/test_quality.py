"""Answer quality: what lowers the weight of answers, by how little."""

from __future__ import annotations

import numpy as np
import pytest

from signals.board import Sheet, advance, new_board
from signals.items import STATE, item_set, usual_item
from signals.quality import (
    CARELESS_AT_FIRST,
    carelessness,
    one_place,
    person_fit,
    quick_share,
    reversed_pairs,
    weekly_evidence,
)

NONE = np.zeros(1)


def whole(*rows: list[int]) -> np.ndarray:
    return np.array(rows, dtype=np.intp)


def test_quick_answers_are_counted_and_unknown_times_are_not():
    times = np.array([[900.0, 1_000.0, 1_001.0, -1.0], [-1.0, -1.0, -1.0, np.nan]])
    assert quick_share(times).tolist() == [pytest.approx(2 / 3), 0.0]


def test_one_place_throughout_needs_four_answers():
    assert one_place(whole([3, 3, 3, 3, -1], [3, 3, 3, -1, -1], [3, 3, 3, 2, 3])).tolist() == [True, False, False]


def test_person_fit_is_lz_how_far_the_log_likelihood_lies_from_what_was_to_be_expected_in_its_own_sds():
    chances = np.array([0.5, 0.3, 0.2])
    log = np.log(chances)
    expected, spread = chances @ log, chances @ log**2 - (chances @ log) ** 2
    # Two such answers: the least likely option both times, and the likeliest both times.
    rare, usual = (person_fit(np.array([2 * (its - expected)]), np.array([2 * spread]))[0] for its in (log[2], log[0]))
    assert rare == pytest.approx((2 * log[2] - 2 * expected) / np.sqrt(2 * spread))
    assert rare < -1 < 0 < usual
    assert person_fit(NONE, NONE)[0] == 0.0


def test_person_fit_of_all_answers_there_could_be_has_mean_nought_and_sd_one():
    chances = np.array([0.1, 0.2, 0.4, 0.2, 0.1])
    log = np.log(chances)
    expected, spread = chances @ log, chances @ log**2 - (chances @ log) ** 2
    fits = person_fit(log - expected, np.full(5, spread))
    assert chances @ fits == pytest.approx(0)
    assert chances @ fits**2 == pytest.approx(1)


@pytest.mark.parametrize(
    ("series", "place", "pairs"),
    [
        ([8, 8, 0, 2], [0.0, 1.0, 0.0, 1.0], 1),
        ([8, 8, 0, 0], [0.0, 0.75, 1.0, 0.25], 2),
        ([8, 8, 0, 2], [0.0, 0.5, 0.0, 1.0], 0),
        ([8, -1, -1, 2], [0.0, 1.0, 0.0, 1.0], 0),
        ([8, 8, 8, 8], [0.0, 0.0, 1.0, 1.0], 4),
    ],
)
def test_a_reversed_pair_is_two_answers_about_the_same_at_opposite_ends(
    series: list[int], place: list[float], pairs: int
):
    assert reversed_pairs(whole(series), np.array([place])).tolist() == [pairs]


@pytest.mark.parametrize("fit", [-9.0, 0.0, 9.0])
def test_one_check_in_moves_little_either_way(fit: float):
    for ms in (100.0, 5_000.0):
        moved = weekly_evidence(whole([4] * 5), np.full((1, 5), ms), NONE + fit, whole([8])[0])
        assert -1.0 <= moved[0] <= 2.0


def test_each_sign_by_itself_speaks_for_tapping_anything():
    def of(options: list[int], ms: float, fit: float, pairs: int) -> float:
        return float(weekly_evidence(whole(options), np.full((1, 5), ms), NONE + fit, whole([pairs])[0])[0])

    varied = [0, 1, 2, 3, 2]
    honest = of(varied, 4_000.0, 0.3, 0)
    assert honest < 0
    assert of(varied, 500.0, 0.3, 0) > 0
    assert of(varied, 4_000.0, -2.0, 0) > 0
    assert of(varied, 4_000.0, 0.3, 1) > 0
    assert of([3] * 5, 4_000.0, 0.3, 0) > 0


def test_who_answers_questions_that_run_opposite_ways_alike_is_believed_less_than_who_turns_round():
    items = item_set({"a": (STATE, usual_item(5, 1)), "b": (STATE, usual_item(5, -1))})
    yes = np.ones(1, dtype=bool)

    def after(options: list[int]) -> float:
        board = new_board(1)
        for _ in range(6):
            board = advance(
                board, Sheet(whole([0, 1]), whole(options), np.full((1, 2), 4_000.0), np.ones(1), yes, yes), items
            )
        return float(carelessness(board.careless)[0])

    assert after([4, 0]) == after([0, 4]) < 0.06 < after([4, 4])


def test_a_stranger_is_taken_to_be_honest():
    assert carelessness(np.array(CARELESS_AT_FIRST)) == pytest.approx(0.06)
