"""Answer quality: what lowers the weight of answers, by how little."""

from __future__ import annotations

import numpy as np
import pytest

from signals.quality import CARELESS_AT_FIRST, carelessness, one_place, quick_share, weekly_evidence

NONE = np.zeros(1)


def whole(*rows: list[int]) -> np.ndarray:
    return np.array(rows, dtype=np.intp)


def test_quick_answers_are_counted_and_unknown_times_are_not():
    times = np.array([[900.0, 1_000.0, 1_001.0, -1.0], [-1.0, -1.0, -1.0, np.nan]])
    assert quick_share(times).tolist() == [pytest.approx(2 / 3), 0.0]


def test_one_place_throughout_needs_four_answers():
    assert one_place(whole([3, 3, 3, 3, -1], [3, 3, 3, -1, -1], [3, 3, 3, 2, 3])).tolist() == [True, False, False]


@pytest.mark.parametrize("surprise", [-9.0, 0.0, 9.0])
def test_one_check_in_moves_little_either_way(surprise: float):
    for ms in (100.0, 5_000.0):
        moved = weekly_evidence(whole([4] * 5), np.full((1, 5), ms), NONE + surprise)
        assert -1.0 <= moved[0] <= 2.0


def test_quick_odd_and_straight_answers_each_speak_for_tapping_anything():
    def of(options: list[int], ms: float, surprise: float) -> float:
        return float(weekly_evidence(whole(options), np.full((1, 5), ms), NONE + surprise)[0])

    honest = of([0, 1, 2, 3, 2], 4_000.0, -0.5)
    assert honest < 0
    assert min(of([0, 1, 2, 3, 2], 500.0, -0.5), of([0, 1, 2, 3, 2], 4_000.0, 2.0), of([3] * 5, 4_000.0, -0.5)) > honest


def test_a_stranger_is_taken_to_be_honest():
    assert carelessness(np.array(CARELESS_AT_FIRST)) == pytest.approx(0.06)
