"""The first flag: when three of the last four answers are low for this pupil, and when nothing is said."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.first_flag import BASELINE_MIN, NEEDED, WINDOW, LowRun, low_run

STEADY = [0.5, 0.75, 1.0, 0.5, 0.75, 1.0]


@pytest.mark.parametrize(
    ("recent", "low"),
    [
        ([0.5, 0.5, 0.5, 0.5], 4),
        ([0.0, 0.0, 0.0, 0.0], 4),
        # One good day does not hide a run,
        ([0.5, 1.0, 0.5, 0.5], 3),
        ([1.0, 0.5, 0.5, 0.5], 3),
        # the edge of the lowest quarter counts as low.
        ([0.625, 0.625, 0.625, 0.625], 4),
    ],
)
def test_three_or_four_low_answers_are_a_run(recent: list[float], low: int):
    assert low_run(STEADY + recent) == LowRun(low, WINDOW, 0.625, 6)


@pytest.mark.parametrize(
    "levels",
    [
        [],
        [0.0] * 3,
        # Too few earlier answers to know a range from.
        [*STEADY[:5], 0.0, 0.0, 0.0, 0.0],
        # One bad day, or two, make none.
        [*STEADY, 1.0, 1.0, 1.0, 0.0],
        [*STEADY, 1.0, 1.0, 0.0, 0.0],
        # The run is over: the newest is not low.
        [*STEADY, 0.0, 0.0, 0.0, 1.0],
        # Always low is a level, not a change.
        [0.0] * 40,
        [*STEADY, 0.63, 0.63, 0.63, 0.63],
    ],
)
def test_no_run(levels: list[float]):
    assert low_run(levels) is None


def test_what_is_no_level_is_left_out():
    odd = [math.nan, -0.1, 1.1, math.inf, -math.inf]
    plain = [*STEADY, 0.5, 0.5, 0.5, 0.5]
    mixed = [level for one in plain for level in (one, *odd)]
    assert low_run(mixed) == low_run(plain) == LowRun(4, 4, 0.625, 6)
    assert low_run(odd) is None


any_number = st.one_of(st.floats(), st.floats(0, 1), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), st.integers(-3, 3))
level = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))


@given(st.lists(any_number, max_size=80))
def test_it_is_defined_for_any_numbers(levels: list[float]):
    run = low_run(levels)
    if run is not None:
        known = [one for one in levels if 0.0 <= one <= 1.0]
        assert NEEDED <= run.low <= run.window == WINDOW
        assert run.baseline == len(known) - WINDOW >= BASELINE_MIN
        assert min(known[:-WINDOW]) <= run.threshold < max(known[:-WINDOW])
        assert known[-1] <= run.threshold


@given(st.lists(level, min_size=10, max_size=40), st.floats(0, 1))
def test_lowering_the_newest_answer_never_removes_a_flag(levels: list[float], share: float):
    run = low_run(levels)
    lowered = low_run([*levels[:-1], levels[-1] * share])
    if run is not None:
        assert lowered == run


@given(st.lists(level, min_size=10, max_size=40), st.integers(1, 4), st.floats(0, 1))
def test_lowering_any_recent_answer_never_removes_a_flag(levels: list[float], which: int, share: float):
    run = low_run(levels)
    lowered = list(levels)
    lowered[-which] *= share
    if run is not None:
        again = low_run(lowered)
        assert again is not None
        assert again.low >= run.low
