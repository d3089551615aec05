"""The flag: points that only rise with reasons, bars with a floor, hysteresis, and rest."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals import flag
from signals.evidence import SIGNALS
from signals.flag import Bars, bars, chance, is_new, level, points, retrace, stays

FLOOR = math.log(flag.FLOOR / (1 - flag.FLOOR))
signals = st.lists(st.floats(0, 6), min_size=len(SIGNALS), max_size=len(SIGNALS))


@given(signals, st.integers(0, len(SIGNALS) - 1), st.floats(0, 3))
def test_more_of_any_signal_never_means_fewer_points(of: list[float], which: int, more: float):
    higher = list(of)
    higher[which] += more
    assert points(np.array(higher)) >= points(np.array(of))
    assert chance(points(np.array(higher))) >= chance(points(np.array(of)))


@given(st.lists(st.one_of(st.floats(), st.sampled_from([math.nan, math.inf])), min_size=4, max_size=4))
def test_a_signal_that_is_no_number_counts_as_none(of: list[float]):
    assert not math.isnan(points(np.array(of)))


@given(st.lists(st.floats(-8, 4), max_size=300))
def test_bars_never_lie_below_the_floor_and_leaving_never_above_entering(of: list[float]):
    found = bars(of)
    assert found.enter >= FLOOR
    assert FLOOR - flag.LEEWAY <= found.leave <= found.enter


def test_ten_per_cent_pass_the_bar_to_enter_and_fifteen_the_bar_to_leave():
    school = np.linspace(0, 1, 1_001)
    found = bars(school)
    assert (school > found.enter).mean() == pytest.approx(0.10, abs=0.002)
    assert (school > found.leave).mean() == pytest.approx(0.15, abs=0.002)


def test_a_school_where_all_is_well_flags_nobody():
    school = np.full(500, -5.0)
    assert not any(stays(one, False, bars(school)) for one in school)


@pytest.mark.parametrize("school", [[], [math.nan], [math.inf]])
def test_a_school_of_which_nothing_is_known_has_the_floor(school: list[float]):
    assert bars(school) == Bars(pytest.approx(FLOOR), pytest.approx(FLOOR - flag.LEEWAY))


def test_between_the_bars_who_is_flagged_stays_and_who_is_not_stays_out():
    between = Bars(1.0, 0.0)
    assert [stays(its, True, between) for its in (-0.1, 0.0, 0.5, 1.0)] == [False, True, True, True]
    assert [stays(its, False, between) for its in (-0.1, 0.0, 0.5, 1.0)] == [False, False, False, True]


@pytest.mark.parametrize(
    ("flagged", "weeks_since", "answers", "its", "new"),
    [
        (False, None, 4, 1.0, True),
        (False, None, 3, 1.0, False),
        (False, 11.9, 9, 1.0, False),
        (False, 12.0, 9, 1.0, True),
        (False, math.nan, 9, 1.0, True),
        (True, None, 9, 1.0, False),
        (False, None, 9, 0.9, False),
    ],
)
def test_a_nudge_is_new_above_the_bar_after_rest_and_with_four_answers(
    flagged: bool, weeks_since: float | None, answers: float, its: float, new: bool
):
    assert is_new(its, flagged=flagged, weeks_since=weeks_since, state_answers=answers, bars=Bars(1.0, 0.0)) == new


@pytest.mark.parametrize(
    ("its", "poles", "flagged", "name"),
    [(0.9, 3, False, "none"), (0.59, 1, True, "watch"), (0.6, 0, True, "priority"), (0.2, 2, True, "priority")],
)
def test_levels(its: float, poles: int, flagged: bool, name: str):
    assert level(its, poles, flagged) == name


@given(signals)
def test_a_sum_worked_out_again_is_the_sum(of: list[float]):
    again = retrace(of, flag.WEIGHTS, flag.STARTING)
    assert again.points == pytest.approx(float(points(np.array(of))), abs=1e-5)
    assert again.chance == pytest.approx(float(chance(points(np.array(of)))), abs=1e-5)
