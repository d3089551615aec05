"""Totals: small cells are kept back, and cannot be worked out from the sums beside them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.totals import FEWEST, FEWEST_COUNTED, Mean, mean_of, placed, shown


def test_a_mean_stands_for_ten_pupils_or_more():
    assert mean_of(FEWEST - 1, 4.5, 3.0) is None
    assert mean_of(FEWEST, 5.0, 2.5) == Mean(0.5, 0.5, 0.5)


def test_an_interval_is_that_of_the_mean():
    found = mean_of(100, 50.0, 29.0)
    assert found is not None
    assert found.lower == pytest.approx(0.5 - 1.96 * 0.2 / 99**0.5)
    assert found.upper == pytest.approx(0.5 + 1.96 * 0.2 / 99**0.5)


@pytest.mark.parametrize("sums", [(float("nan"), 1.0), (1.0, float("inf"))])
def test_sums_that_are_no_numbers_give_no_mean(sums: tuple[float, float]):
    assert mean_of(50, *sums) is None


def test_answers_lie_between_the_ends_whichever_way_the_item_runs():
    assert [placed(option, 5, 1) for option in range(5)] == [0, 0.25, 0.5, 0.75, 1]
    assert [placed(option, 3, -1) for option in range(3)] == [1, 0.5, 0]
    assert [placed(*odd, 1) for odd in ((5, 5), (-1, 5), (0, 1), (0, 0))] == [None] * 4


def test_large_counts_are_shown_with_their_sums():
    assert shown([[5, 0], [10, 20]]) == [[5, 0, 5], [10, 20, 30], [15, 20, 35]]


def test_a_small_count_takes_others_with_it_so_that_no_sum_gives_it_away():
    assert shown([[3, 9, 30], [8, 9, 30], [40, 50, 60]]) == [
        [None, None, 30, 42],
        [None, None, 30, 47],
        [40, 50, 60, 150],
        [51, 68, 120, 239],
    ]


def test_no_row_at_all_is_no_error():
    assert shown([]) == [[0]]


tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(st.integers(0, 40), min_size=width, max_size=width), min_size=1, max_size=7)
)


@given(tables)
def test_no_line_has_a_single_gap_and_no_small_count_is_shown(table: list[list[int]]):
    cells = shown(table)
    for line in (*cells, *zip(*cells, strict=True)):
        assert sum(cell is None for cell in line) != 1
        assert not any(cell is not None and 0 < cell < FEWEST_COUNTED for cell in line)
