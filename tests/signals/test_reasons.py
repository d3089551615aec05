"""Reasons: the strongest first, three at most, numbers that fit, and one caveat."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from signals.board import Board, Sheet, advance, new_board
from signals.change import ALARM
from signals.items import STATE, item_set, usual_item
from signals.reasons import Why, why

ITEMS = item_set({f"{n}": (n // 6 if n < 48 else STATE, usual_item(5, 1)) for n in range(63)})


def lived(*weeks: tuple[int, int] | None, ms: float = 4_000.0) -> Board:
    """Weeks of two state answers and two of the third factor in school, each at an option; None is a missed week."""
    board = new_board(1)
    for week in weeks:
        state, others = week or (-1, -1)
        board = advance(
            board,
            Sheet(
                np.array([[48, 49, 24, 25]]),
                np.array([[state, state, others, others]]),
                np.full((1, 4), ms),
                np.ones(1),
                np.ones(1, dtype=bool),
                np.array([week is not None]),
            ),
            ITEMS,
        )
    return board


def codes(found: Why) -> list[str]:
    return [reason.code for reason in found.reasons]


def test_a_pupil_in_the_middle_of_everything_has_no_reason():
    assert codes(why(lived(*[(2, 2)] * 12))) == []


def test_always_low_is_low_and_not_fallen():
    (reason, *_) = why(lived(*[(0, 2)] * 14)).reasons
    assert (reason.code, reason.series) == ("low", 4)
    assert reason.lower < reason.now < reason.upper < 0
    assert reason.chance > 0.9
    assert (reason.answered, reason.asked) == (8, 8)


def test_before_four_answers_no_level_is_given_as_a_reason():
    def low_for(weeks: int) -> list[str]:
        sure = lived(*[(0, 2)] * weeks)
        # As sure as could be, so that the number of answers alone decides.
        return codes(why(replace(sure, covariance=sure.covariance * 0.1)))

    assert low_for(1) == []
    assert low_for(2) == ["low"]


def test_low_after_a_long_middle_is_fallen_from_their_own_usual():
    (reason, *_) = why(lived(*[(3, 2)] * 14, *[(0, 2)] * 6)).reasons
    assert reason.code == "fallen"
    assert reason.was > 0 > reason.now
    assert reason.lower < reason.now - reason.was < reason.upper < 0


def test_who_has_come_back_to_their_usual_is_not_said_to_have_fallen_though_the_alarm_dies_down_slowly():
    down = [*[(3, 2)] * 14, *[(0, 2)] * 20]
    assert codes(why(lived(*down)))[0] == "fallen"
    back = lived(*down, *[(3, 2)] * 6)
    assert back.track.falling[0, 4] > ALARM
    assert codes(why(back)) == []


def test_a_factor_at_its_end_is_polar_either_way():
    for end, sign in ((4, 1), (0, -1)):
        found = why(lived(*[(0, end)] * 20))
        polar = [reason for reason in found.reasons if reason.code == "polar"]
        assert [reason.series for reason in polar] == [2]
        assert np.sign(polar[0].now) == sign


def test_who_stops_answering_is_silent():
    found = why(lived(*[(2, 2)] * 20, *[None] * 5))
    assert codes(found)[0] == "silence"
    assert (found.reasons[0].answered, found.reasons[0].asked) == (3, 8)


@pytest.mark.parametrize("before", [4, 8, 20, 40])
@pytest.mark.parametrize("since", [0, 1, 3])
def test_one_missed_check_in_is_no_silence(before: int, since: int):
    found = why(lived(*[(2, 2)] * before, None, *[(2, 2)] * since))
    assert "silence" not in codes(found)


def test_two_missed_one_after_the_other_are_silence_and_more_are_surer():
    two, four = (why(lived(*[(2, 2)] * 20, *[None] * missed)).reasons[0] for missed in (2, 4))
    assert (two.code, two.answered, two.asked) == ("silence", 6, 8)
    assert 0.5 < two.chance < four.chance < 1


def test_who_never_answers_much_is_not_silent():
    assert "silence" not in codes(why(lived(*[(2, 2), None] * 20)))


def test_there_are_three_reasons_at_most():
    board = lived(*[(0, 4)] * 20, *[None] * 5)
    everything = replace(board, mean=board.mean.copy())
    everything.mean[:, :4, 0] = 3.0
    assert len(why(replace(everything, answers=board.answers + 9)).reasons) == 3


@pytest.mark.parametrize(
    ("board", "caveat"),
    [
        (lived(*[(0, 2)] * 3), "few_answers"),
        (lived(*[(0, 2)] * 9), "shown_only"),
        (lived(*[(0, 0), (4, 4)] * 6, ms=300.0), "quick_answers"),
    ],
)
def test_the_caveat_is_the_one_that_fits(board: Board, caveat: str):
    assert why(board).caveat == caveat


@pytest.mark.parametrize(("school", "outside"), [(0, 4), (4, 0)])
def test_a_gap_between_school_and_outside_is_told_the_right_way_round(school: int, outside: int):
    board = new_board(1)
    for _ in range(30):
        sheet = Sheet(
            np.array([[48, 49, 24, 25, 30, 31]]),
            np.array([[2, 2, school, school, outside, outside]]),
            np.full((1, 6), 4_000.0),
            np.ones(1),
            np.ones(1, dtype=bool),
            np.ones(1, dtype=bool),
        )
        board = advance(board, sheet, ITEMS)
    [gap] = [one for one in why(board).reasons if one.code == "gap"]
    assert gap.series == 2
    assert (gap.now < gap.was) == (school < outside)
    assert gap.lower < gap.now - gap.was < gap.upper
    assert gap.chance > 0.9
