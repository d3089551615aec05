"""Fairness: shares with intervals, and small groups that cannot be told from the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.fairness import FEWEST, GroupRate, rates, wilson


@given(st.integers(1, 2_000), st.data())
def test_an_interval_holds_the_share_and_narrows_with_more_pupils(of: int, data: st.DataObject):
    happened = data.draw(st.integers(0, of))
    low, high = wilson(happened, of)
    assert 0 <= low <= happened / of + 1e-9
    assert happened / of - 1e-9 <= high <= 1
    wider = wilson(happened * 4, of * 4)
    assert wider[1] - wider[0] < high - low


def test_an_interval_of_nobody_is_all_of_it():
    assert wilson(0, 0) == (0.0, 1.0)


def test_the_interval_is_wilsons():
    assert wilson(10, 100) == pytest.approx((0.0552, 0.1744), abs=1e-4)


def test_a_small_group_is_kept_back_and_the_next_smallest_with_it():
    groups = ["a"] * 40 + ["b"] * 20 + ["c"] * (FEWEST - 1)
    found = rates(groups, [True] * 4 + [False] * 36 + [False] * 20 + [True] * 9)
    hidden = {"pupils": None, "rate": None, "lower": None, "upper": None}
    assert found == (GroupRate("a", 40, 0.1, *wilson(4, 40)), GroupRate("b", **hidden), GroupRate("c", **hidden))


def test_two_small_groups_hide_one_another():
    found = rates(["a"] * 40 + ["b"] * 3 + ["c"] * 4, [False] * 47)
    assert [one.pupils for one in found] == [40, None, None]


def test_a_group_of_ten_is_shown_and_nobody_gives_nothing():
    assert rates(["a"] * FEWEST, [False] * FEWEST)[0].pupils == FEWEST
    assert rates([], []) == ()
